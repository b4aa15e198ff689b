//! Policies: plain functions over the author's principal, an entity and the topic's root, joined by `||`, `&&`, `!`.

use crate::model::{Child, SyncModel};

/// What a policy says. `Unknown`: it looks at a row that is not there, so it is no yes, however negated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Allowed.
    Yes,
    /// Not allowed.
    No,
    /// The policy looks at a row that does not exist.
    Unknown,
}

impl Answer {
    /// `a || b`
    #[must_use]
    pub fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other(),
            Self::Unknown if other() == Self::Yes => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// `a && b`
    #[must_use]
    pub fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Unknown if other() == Self::No => Self::No,
            Self::Unknown => Self::Unknown,
        }
    }

    /// `!a`
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "one of three connectives that macros emit as methods")]
    pub fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    fn of(holds: Option<bool>) -> Self {
        match holds {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

/// A policy of one model, with its connectives, as the macros emit it: principal, entity, root.
pub type PolicyFn<M> =
    fn(&<M as SyncModel>::Principal, Option<&M>, Option<&<M as SyncModel>::Root>) -> Answer;

/// A plain function that can be a policy for the model `M` whose principal is `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a policy for `{M}`",
    label = "not a policy",
    note = "a policy is `fn(&{P}) -> bool`, `fn(&{P}, &{M}) -> bool`, `fn(&{P}, &Root) -> bool`, or `fn(&{P}, &{M}, &Root) -> bool`, where `Root` is the model of the topic"
)]
pub trait Policy<P, M: SyncModel, Marker> {
    /// Asks it.
    fn ask(&self, principal: &P, entity: Option<&M>, root: Option<&M::Root>) -> Answer;
}

/// Marks `fn(&P) -> bool`.
#[derive(Debug)]
pub enum ByPrincipal {}
/// Marks `fn(&P, &M) -> bool`.
#[derive(Debug)]
pub enum ByEntity {}
/// Marks `fn(&P, &Root) -> bool`.
#[derive(Debug)]
pub enum ByRoot {}
/// Marks `fn(&P, &M, &Root) -> bool`.
#[derive(Debug)]
pub enum ByBoth {}

#[diagnostic::do_not_recommend]
impl<P, M: SyncModel, F: Fn(&P) -> bool> Policy<P, M, ByPrincipal> for F {
    fn ask(&self, principal: &P, _: Option<&M>, _: Option<&M::Root>) -> Answer {
        Answer::of(Some(self(principal)))
    }
}

#[diagnostic::do_not_recommend]
impl<P, M: SyncModel, F: Fn(&P, &M) -> bool> Policy<P, M, ByEntity> for F {
    fn ask(&self, principal: &P, entity: Option<&M>, _: Option<&M::Root>) -> Answer {
        Answer::of(entity.map(|entity| self(principal, entity)))
    }
}

#[diagnostic::do_not_recommend]
impl<P, M: Child, F: Fn(&P, &M::Root) -> bool> Policy<P, M, ByRoot> for F {
    fn ask(&self, principal: &P, _: Option<&M>, root: Option<&M::Root>) -> Answer {
        Answer::of(root.map(|root| self(principal, root)))
    }
}

#[diagnostic::do_not_recommend]
impl<P, M: Child, F: Fn(&P, &M, &M::Root) -> bool> Policy<P, M, ByBoth> for F {
    fn ask(&self, principal: &P, entity: Option<&M>, root: Option<&M::Root>) -> Answer {
        Answer::of(entity.zip(root).map(|(entity, root)| self(principal, entity, root)))
    }
}

/// The policy that lets everyone in who was admitted.
pub fn anyone<P>(_: &P) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::Answer::{self, No, Unknown, Yes};

    #[test]
    fn s34_a_policy_over_an_absent_row_never_says_yes_however_it_is_joined() {
        assert_eq!(Unknown.not(), Unknown);
        assert_eq!(Unknown.or(|| Yes), Yes);
        assert_eq!(Unknown.or(|| No), Unknown);
        assert_eq!(Unknown.and(|| No), No);
        assert_eq!(Unknown.and(|| Yes), Unknown);
        assert_eq!(Yes.and(|| Unknown), Unknown);
        assert_eq!(No.or(|| Unknown), Unknown);
    }

    #[test]
    fn what_decides_already_is_not_asked_further() {
        let never = || -> Answer { panic!("asked") };
        assert_eq!(Yes.or(never), Yes);
        assert_eq!(No.and(never), No);
    }
}
