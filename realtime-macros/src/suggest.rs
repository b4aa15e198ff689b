//! "did you mean": the nearest of the names that exist.

/// Returns `. did you mean …?` where one of `known` is near to `name`, else nothing.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(". did you mean `{near}`?")).unwrap_or_default()
}

/// Returns the one of `known` that is nearest to `name`, where it is near at all.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for k in 1..=b.len() {
            let replaced = last[k - 1] + usize::from(a[i - 1] != b[k - 1]);
            let mut least = replaced.min(last[k] + 1).min(row[k - 1] + 1);
            if i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] {
                least = least.min(before[k - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let known = ["topic", "version", "principal"];
        assert_eq!(nearest("versoin", known), Some("version"));
        assert_eq!(nearest("topci", known), Some("topic"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(did_you_mean("id", ["idd"]), ". did you mean `idd`?");
        assert_eq!(did_you_mean("id", ["question"]), "");
    }
}
