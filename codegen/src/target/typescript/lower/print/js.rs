//! A piece of JavaScript: its text, how tightly it binds, and what it does.

/// Reads what later code may change.
pub(super) const READ: u8 = 1;
/// May end the mutator.
pub(super) const THROW: u8 = 2;
/// Changes something.
pub(super) const WRITE: u8 = 4;

/// How tightly: atoms and calls, prefix operators, and so on down to assignment.
pub(super) mod prec {
    pub(crate) const ATOM: u8 = 20;
    pub(crate) const UNARY: u8 = 15;
    pub(crate) const MUL: u8 = 12;
    pub(crate) const ADD: u8 = 11;
    pub(crate) const ORDER: u8 = 9;
    pub(crate) const EQUAL: u8 = 8;
    pub(crate) const AND: u8 = 4;
    pub(crate) const OR: u8 = 3;
    pub(crate) const COALESCE: u8 = 2;
    pub(crate) const CHOOSE: u8 = 1;
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Js {
    pub(crate) code: String,
    pub(crate) prec: u8,
    pub(crate) fx: u8,
    /// Nobody else holds the object: it may be changed as it is.
    pub(crate) fresh: bool,
}

impl Js {
    pub(crate) fn new(code: impl Into<String>, prec: u8, fx: u8) -> Self {
        Self { code: code.into(), prec, fx, fresh: false }
    }

    /// A literal or a constant's name.
    pub(crate) fn stable(code: impl Into<String>) -> Self {
        Self::new(code, prec::ATOM, 0)
    }

    /// A call or an access.
    pub(crate) fn atom(code: impl Into<String>, fx: u8) -> Self {
        Self::new(code, prec::ATOM, fx)
    }

    pub(crate) fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// The text, in parentheses unless it binds at least as tightly as `prec`.
    pub(crate) fn at(&self, prec: u8) -> String {
        if self.prec >= prec { self.code.clone() } else { format!("({})", self.code) }
    }

    /// The text before `.name`, `[i]` or `(…)`.
    pub(crate) fn head(&self) -> String {
        self.at(prec::ATOM)
    }

    /// An operator with two sides, associative to the left.
    pub(crate) fn binary(a: &Self, op: &str, b: &Self, prec: u8) -> Self {
        Self::new(format!("{} {op} {}", a.at(prec), b.at(prec + 1)), prec, a.fx | b.fx)
    }

    /// `a ?? b`
    pub(crate) fn coalesce(a: &Self, b: &Self) -> Self {
        Self::new(format!("{} ?? {}", a.at(prec::EQUAL), b.at(prec::EQUAL)), prec::COALESCE, a.fx | b.fx)
    }

    /// The opposite of a condition.
    pub(crate) fn not(&self) -> Self {
        if self.prec == prec::UNARY
            && let Some(inner) = self.code.strip_prefix('!')
        {
            return Self::new(inner, prec::UNARY, self.fx);
        }
        let (same, other) = (self.code.matches(" === ").count(), self.code.matches(" !== ").count());
        if self.prec == prec::EQUAL && same + other == 1 {
            let (op, opposite) = if same == 1 { (" === ", " !== ") } else { (" !== ", " === ") };
            return Self::new(self.code.replace(op, opposite), prec::EQUAL, self.fx);
        }
        Self::new(format!("!{}", self.at(prec::UNARY)), prec::UNARY, self.fx)
    }

    /// Whether it is a name or a simple literal, which may be repeated.
    pub(crate) fn is_name(&self) -> bool {
        self.fx == 0 && is_name(&self.code)
    }
}

/// Whether `code` is one name or number.
pub(super) fn is_name(code: &str) -> bool {
    code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

/// Whether `name` stands in any of the lines, as a word.
pub(super) fn mentions(lines: &[String], name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    lines.iter().any(|line| {
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].chars().next_back().is_some_and(word);
            let after = line[at + name.len()..].chars().next().is_some_and(word);
            !before && !after
        })
    })
}
