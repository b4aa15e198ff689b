//! Variables of inference, and what they turn out to be.

use super::super::ty::{Int, T};

/// Solves by unification. It never fails: rustc has found the types equal, up to what is transparent here.
#[derive(Debug, Default)]
pub(crate) struct Unifier {
    vars: Vec<Var>,
}

#[derive(Debug, Default)]
struct Var {
    is: Option<T>,
    integer: bool,
}

impl Unifier {
    pub(crate) fn fresh(&mut self) -> T {
        self.vars.push(Var::default());
        T::Var(self.vars.len() - 1)
    }

    /// A literal's type: an integer, `i32` if nothing else decides.
    pub(crate) fn integer(&mut self) -> T {
        self.vars.push(Var { is: None, integer: true });
        T::Var(self.vars.len() - 1)
    }

    pub(crate) fn is_integer(&self, ty: &T) -> bool {
        match self.resolve(ty) {
            T::Int(_) => true,
            T::Var(i) => self.vars[i].integer,
            _ => false,
        }
    }

    /// Follows variables at the top.
    pub(crate) fn resolve(&self, ty: &T) -> T {
        let mut ty = ty.clone();
        while let T::Var(i) = ty {
            match &self.vars[i].is {
                Some(is) => ty = is.clone(),
                None => break,
            }
        }
        ty
    }

    /// The same behind `&mut`.
    pub(crate) fn strip(&self, ty: &T) -> T {
        match self.resolve(ty) {
            T::RefMut(of) => self.strip(&of),
            other => other,
        }
    }

    pub(crate) fn unify(&mut self, a: &T, b: &T) {
        match (self.resolve(a), self.resolve(b)) {
            (T::Var(i), T::Var(j)) if i == j => {}
            (T::Var(i), T::Var(j)) => {
                self.vars[j].integer |= self.vars[i].integer;
                self.vars[i].is = Some(T::Var(j));
            }
            (T::Var(_), T::Never) | (T::Never, T::Var(_)) => {}
            (T::Var(i), other) | (other, T::Var(i)) => self.vars[i].is = Some(other),
            (T::RefMut(a), T::RefMut(b)) => self.unify(&a, &b),
            (T::RefMut(a), b) => self.unify(&a, &b),
            (a, T::RefMut(b)) => self.unify(&a, &b),
            (T::Map { key: ak, value: av, .. }, T::Map { key: bk, value: bv, .. }) => {
                self.unify(&ak, &bk);
                self.unify(&av, &bv);
            }
            (T::Result(a, x), T::Result(b, y)) => {
                self.unify(&a, &b);
                self.unify(&x, &y);
            }
            (T::Tuple(a), T::Tuple(b)) => a.iter().zip(&b).for_each(|(a, b)| self.unify(a, b)),
            (T::Option(a), T::Option(b))
            | (T::List(a), T::List(b))
            | (T::Set(a), T::Set(b))
            | (T::Iter(a), T::Iter(b))
            | (T::Range(a), T::Range(b))
            | (T::Parsed(a), T::Parsed(b)) => self.unify(&a, &b),
            _ => {}
        }
    }

    /// The type with every variable filled in.
    pub(crate) fn finish(&self, ty: &T) -> T {
        let of = |ty: &T| Box::new(self.finish(ty));
        match self.resolve(ty) {
            T::Var(i) if self.vars[i].integer => T::Int(Int::I32),
            T::Option(t) => T::Option(of(&t)),
            T::List(t) => T::List(of(&t)),
            T::Set(t) => T::Set(of(&t)),
            T::RefMut(t) => T::RefMut(of(&t)),
            T::Iter(t) => T::Iter(of(&t)),
            T::Range(t) => T::Range(of(&t)),
            T::Entry(t) => T::Entry(of(&t)),
            T::Parsed(t) => T::Parsed(of(&t)),
            T::Result(a, b) => T::Result(of(&a), of(&b)),
            T::Map { key, value, sorted } => T::Map { key: of(&key), value: of(&value), sorted },
            T::Tuple(of) => T::Tuple(of.iter().map(|ty| self.finish(ty)).collect()),
            other => other,
        }
    }
}
