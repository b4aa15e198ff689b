//! Types of method calls on lists, maps and sets, and of the functions of the list.

use realtime_protocol::lower::Expr;

use super::Infer;
use crate::target::typescript::lower::ty::T;

impl Infer<'_> {
    pub(super) fn of_list(
        &mut self,
        expr: &Expr,
        name: &str,
        item: &T,
        by_mut: bool,
        args: &[Expr],
    ) -> Option<T> {
        let it = item.clone();
        let list = T::list(it.clone());
        Some(match (name, args) {
            ("len", []) => T::USIZE,
            ("is_empty", []) => T::Bool,
            ("get", [_]) => {
                self.all_like(&T::USIZE, args);
                T::option(it)
            }
            ("get_mut", [_]) => {
                self.all_like(&T::USIZE, args);
                T::option(T::ref_mut(it))
            }
            ("first" | "last" | "pop", []) => T::option(it),
            ("first_mut" | "last_mut", []) => T::option(T::ref_mut(it)),
            ("contains", [_]) => {
                self.all_like(&it, args);
                T::Bool
            }
            ("iter", []) => T::iter(it),
            ("iter_mut", []) => T::iter(T::ref_mut(it)),
            ("into_iter", []) => T::iter(if by_mut { T::ref_mut(it) } else { it }),
            ("drain", [range]) => {
                self.expr(range);
                T::iter(it)
            }
            ("to_vec" | "clone", []) => list,
            ("join", [_]) => {
                self.all_like(&T::Text, args);
                T::Text
            }
            ("concat", []) => it,
            ("push", [_]) => {
                self.all_like(&it, args);
                T::Unit
            }
            ("insert", [at, value]) => {
                self.all_like(&T::USIZE, std::slice::from_ref(at));
                self.all_like(&it, std::slice::from_ref(value));
                T::Unit
            }
            ("remove" | "swap_remove", [_]) => {
                self.all_like(&T::USIZE, args);
                it
            }
            ("swap", [_, _]) | ("truncate", [_]) => {
                self.all_like(&T::USIZE, args);
                T::Unit
            }
            ("split_off", [_]) => {
                self.all_like(&T::USIZE, args);
                list
            }
            ("clear" | "reverse" | "sort" | "dedup", []) => T::Unit,
            ("append", [_]) => {
                self.mark(&args[0], false);
                self.all_like(&list, args);
                T::Unit
            }
            ("extend", [from]) => {
                let item = self.iterated(from);
                self.unify(&it, &item);
                T::Unit
            }
            ("retain", [f]) => {
                self.closure(f, &[it]);
                T::Unit
            }
            ("sort_by_key" | "dedup_by_key", [f]) => {
                let item = it;
                let key = self.closure(f, &[item]);
                self.out.types.insert(f.id, key);
                T::Unit
            }
            ("sort_by", [f]) => {
                self.closure(f, &[it.clone(), it]);
                T::Unit
            }
            ("retain_mut", _) => self.refuse(
                expr,
                "`retain_mut` has no form in TypeScript yet",
                "use `iter_mut`, then `retain`",
            ),
            _ => return None,
        })
    }

    pub(super) fn of_map(
        &mut self,
        expr: &Expr,
        name: &str,
        of: (&T, &T, bool),
        by_mut: bool,
        args: &[Expr],
    ) -> Option<T> {
        let (key, value, sorted) = (of.0.clone(), of.1.clone(), of.2);
        let pair = |value: T| T::Tuple(vec![key.clone(), value]);
        let iterates = matches!(
            name,
            "iter"
                | "into_iter"
                | "keys"
                | "values"
                | "iter_mut"
                | "values_mut"
                | "first_key_value"
                | "last_key_value"
                | "retain"
        );
        if iterates && !sorted {
            return Some(self.refuse(
                expr,
                "a `HashMap` has no order that both sides share",
                "use a BTreeMap",
            ));
        }
        if matches!(value, T::Option(_)) && matches!(name, "get" | "insert" | "remove") {
            return Some(self.refuse(
                expr,
                "an `Option` inside an `Option` has no form in TypeScript",
                "use `contains_key`",
            ));
        }
        Some(match (name, args) {
            ("len", []) => T::USIZE,
            ("is_empty", []) => T::Bool,
            ("contains_key", [_]) => {
                self.all_like(&key, args);
                T::Bool
            }
            ("get" | "remove", [_]) => {
                self.all_like(&key, args);
                T::option(value)
            }
            ("get_mut", [_]) => {
                self.all_like(&key, args);
                T::option(T::ref_mut(value))
            }
            ("insert", [k, v]) => {
                self.all_like(&key, std::slice::from_ref(k));
                self.all_like(&value, std::slice::from_ref(v));
                T::option(value)
            }
            ("entry", [_]) => {
                self.all_like(&key, args);
                T::Entry(Box::new(value))
            }
            ("clear", []) => T::Unit,
            ("clone", []) => T::Map { key: Box::new(key), value: Box::new(value), sorted },
            ("iter", []) => T::iter(pair(value)),
            ("into_iter", []) => T::iter(pair(if by_mut { T::ref_mut(value) } else { value })),
            ("iter_mut", []) => T::iter(pair(T::ref_mut(value))),
            ("keys", []) => T::iter(key),
            ("values", []) => T::iter(value),
            ("values_mut", []) => T::iter(T::ref_mut(value)),
            ("first_key_value" | "last_key_value", []) => T::option(pair(value)),
            ("retain", [f]) => {
                self.closure(f, &[key, value]);
                T::Unit
            }
            _ => return None,
        })
    }

    pub(super) fn of_entry(&mut self, name: &str, value: &T, args: &[Expr]) -> Option<T> {
        let place = T::ref_mut(value.clone());
        Some(match (name, args) {
            ("or_default", []) => place,
            ("or_insert", [_]) => {
                self.all_like(value, args);
                place
            }
            ("or_insert_with", [f]) => {
                let given = self.closure(f, &[]);
                self.unify(value, &given);
                place
            }
            ("and_modify", [f]) => {
                self.closure(f, &[place]);
                T::Entry(Box::new(value.clone()))
            }
            _ => return None,
        })
    }

    pub(super) fn of_set(&mut self, name: &str, item: &T, args: &[Expr]) -> Option<T> {
        let it = item.clone();
        Some(match (name, args) {
            ("len", []) => T::USIZE,
            ("is_empty", []) => T::Bool,
            ("contains" | "insert" | "remove", [_]) => {
                self.all_like(&it, args);
                T::Bool
            }
            ("first" | "last", []) => T::option(it),
            ("iter" | "into_iter", []) => T::iter(it),
            ("is_subset", [_]) => {
                self.args(args);
                T::Bool
            }
            ("clone", []) => T::Set(Box::new(it)),
            ("clear", []) => T::Unit,
            ("retain", [f]) => {
                self.closure(f, &[it]);
                T::Unit
            }
            _ => return None,
        })
    }

    /// A function of the list.
    pub(super) fn call(&mut self, expr: &Expr, path: &[String], turbofish: Option<T>, args: &[Expr]) -> T {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (path.as_slice(), args) {
            (["Some"], [of]) => {
                let ty = self.expr(of);
                if matches!(self.uni.resolve(&ty), T::Option(_)) {
                    return self.refuse(
                        expr,
                        "an `Option` inside an `Option` has no form in TypeScript",
                        "use an enum",
                    );
                }
                T::option(ty)
            }
            (["None"], []) => T::option(self.uni.fresh()),
            (["Ok"], [of]) => {
                let (ok, err) = (self.expr(of), self.uni.fresh());
                T::Result(Box::new(ok), Box::new(err))
            }
            (["Err"], [of]) => {
                let (ok, err) = (self.uni.fresh(), self.expr(of));
                T::Result(Box::new(ok), Box::new(err))
            }
            (["mem", "take"], [_]) => self.stripped(&args[0]),
            (["mem", "replace"], [at, value]) => {
                let ty = self.stripped(at);
                self.all_like(&ty, std::slice::from_ref(value));
                ty
            }
            (["mem", "swap"], [a, b]) => {
                let (a, b) = (self.stripped(a), self.stripped(b));
                self.unify(&a, &b);
                T::Unit
            }
            (["Vec", "new"], []) => turbofish.unwrap_or_else(|| T::list(self.uni.fresh())),
            (["String", "new"], []) => T::Text,
            (["String", "from"], [of]) => {
                self.expr(of);
                T::Text
            }
            (["BTreeMap" | "HashMap", "new"], []) => turbofish.unwrap_or_else(|| {
                let (key, value) = (Box::new(self.uni.fresh()), Box::new(self.uni.fresh()));
                T::Map { key, value, sorted: path[0] == "BTreeMap" }
            }),
            (["BTreeSet", "new"], []) => turbofish.unwrap_or_else(|| T::Set(Box::new(self.uni.fresh()))),
            (["Default", "default"], []) => turbofish.unwrap_or_else(|| self.uni.fresh()),
            _ => self.refuse(
                expr,
                format!("`{}` has no form in TypeScript", path.join("::")),
                "write out here what it does",
            ),
        }
    }
}
