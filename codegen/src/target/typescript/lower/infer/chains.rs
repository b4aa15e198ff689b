//! Types of iterator chains.

use realtime_protocol::lower::{Expr, Kind};

use super::Infer;
use crate::target::typescript::lower::ty::T;

impl Infer<'_> {
    /// The item of what `for` runs over.
    pub(super) fn iterated(&mut self, over: &Expr) -> T {
        let ty = self.expr(over);
        let by_mut = ty.is_ref_mut();
        self.item(over, &ty.strip(), by_mut)
    }

    /// The item of a collection's own iterator.
    pub(super) fn item(&mut self, at: &Expr, ty: &T, by_mut: bool) -> T {
        let each = |ty: T| if by_mut { T::ref_mut(ty) } else { ty };
        match self.uni.resolve(ty) {
            T::Iter(item) | T::Range(item) => *item,
            T::List(item) => each(*item),
            T::Set(item) => *item,
            T::Map { key, value, sorted: true } => T::Tuple(vec![*key, each(*value)]),
            T::Map { .. } => {
                self.refuse(at, "a `HashMap` has no order that both sides share", "use a BTreeMap")
            }
            T::Error => T::Error,
            _ => self.refuse(
                at,
                "what this runs over has no form in TypeScript",
                "run over a list, a map, a set or a range",
            ),
        }
    }

    /// Infers a closure with these parameters; gives the type of its value.
    pub(super) fn closure(&mut self, of: &Expr, params: &[T]) -> T {
        let Kind::Closure(pats, body) = &*of.kind else {
            return self.refuse(
                of,
                "a function as a value cannot be lowered",
                "write a closure that calls it: `|x| …`",
            );
        };
        self.out.types.insert(of.id, T::Unit);
        self.scoped(|walk| {
            for (pat, ty) in pats.iter().zip(params) {
                walk.pat(pat, ty, false);
            }
            walk.expr(body)
        })
    }

    /// The type of a method of an iterator whose item is `item`; `None` where there is no such method.
    pub(super) fn link(
        &mut self,
        expr: &Expr,
        name: &str,
        item: &T,
        turbofish: Option<T>,
        args: &[Expr],
    ) -> Option<T> {
        let same = || T::iter(item.clone());
        Some(match (name, args) {
            ("filter" | "take_while", [f]) => {
                self.closure(f, std::slice::from_ref(item));
                same()
            }
            ("rev", []) => same(),
            ("cloned" | "copied", []) => T::iter(item.clone().strip()),
            ("skip" | "take", [n]) => {
                let n = self.stripped(n);
                self.unify(&n, &T::USIZE);
                same()
            }
            ("map", [f]) => T::iter(self.closure(f, std::slice::from_ref(item))),
            ("filter_map", [f]) => T::iter(self.optional(f, std::slice::from_ref(item))),
            ("enumerate", []) => T::iter(T::Tuple(vec![T::USIZE, item.clone()])),
            ("any" | "all", [f]) => {
                self.closure(f, std::slice::from_ref(item));
                T::Bool
            }
            ("position", [f]) => {
                self.closure(f, std::slice::from_ref(item));
                T::option(T::USIZE)
            }
            ("find", [f]) => {
                self.closure(f, std::slice::from_ref(item));
                T::option(item.clone())
            }
            ("find_map", [f]) => T::option(self.optional(f, std::slice::from_ref(item))),
            ("for_each", [f]) => {
                self.closure(f, std::slice::from_ref(item));
                T::Unit
            }
            ("min_by_key" | "max_by_key", [f]) => {
                let key = self.closure(f, std::slice::from_ref(item));
                self.out.types.insert(f.id, key);
                T::option(item.clone())
            }
            ("fold", [init, f]) => {
                let acc = self.expr(init);
                let next = self.closure(f, &[acc.clone(), item.clone()]);
                self.unify(&acc, &next);
                acc
            }
            ("count", []) => T::USIZE,
            ("min" | "max" | "last", []) => T::option(item.clone()),
            ("sum" | "product", []) => {
                let item = item.clone().strip();
                if let Some(ty) = turbofish {
                    self.unify(&item, &ty);
                }
                item
            }
            ("collect", []) => {
                let into = turbofish.unwrap_or_else(|| self.uni.fresh());
                self.collected(&into, item);
                self.collects.push((into.clone(), item.clone()));
                into
            }
            ("flat_map" | "chain" | "zip" | "partition", _) => self.refuse(
                expr,
                format!("`{name}` of an iterator has no form in TypeScript yet"),
                "write a `for` loop",
            ),
            _ => return None,
        })
    }

    /// A closure that gives an `Option`: what is in it.
    pub(super) fn optional(&mut self, f: &Expr, params: &[T]) -> T {
        let given = self.closure(f, params);
        let inner = self.uni.fresh();
        self.unify(&given, &T::option(inner.clone()));
        self.uni.resolve(&inner)
    }

    /// Unifies the item with the element of what it is collected into.
    pub(super) fn collected(&mut self, into: &T, item: &T) {
        match (self.uni.resolve(into), self.uni.resolve(item)) {
            (T::List(of) | T::Set(of), item) => self.unify(&of, &item),
            (T::Map { key, value, .. }, T::Tuple(of)) => {
                if let [k, v] = of.as_slice() {
                    self.unify(&key, k);
                    self.unify(&value, v);
                }
            }
            _ => {}
        }
    }
}
