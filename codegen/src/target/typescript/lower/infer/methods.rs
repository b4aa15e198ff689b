//! Types of method calls, by receiver: numbers, texts, Options.

use realtime_protocol::lower::{self, Expr};

use super::Infer;
use crate::target::typescript::lower::ty::{Int, T};

impl Infer<'_> {
    pub(super) fn method(
        &mut self,
        expr: &Expr,
        recv: &Expr,
        name: &str,
        turbofish: Option<T>,
        args: &[Expr],
    ) -> T {
        let of = self.expr(recv);
        let (by_mut, ty) = (of.is_ref_mut(), self.uni.strip(&of));
        if !matches!(ty, T::Tx) && ty.receiver().is_some_and(|of| lower::writes(of, name)) {
            self.mark(recv, true);
        }
        let found = match &ty {
            T::Error => return self.ignore(args),
            T::Tx => self.of_tx(expr, name, args),
            T::Iter(item) | T::Range(item) => self.link(expr, name, &item.clone(), turbofish, args),
            T::List(item) => self.of_list(expr, name, &item.clone(), by_mut, args),
            T::Map { key, value, sorted } => self.of_map(expr, name, (key, value, *sorted), by_mut, args),
            T::Entry(value) => self.of_entry(name, value, args),
            T::Set(item) => self.of_set(name, item, args),
            T::Option(inner) => self.of_option(expr, name, inner, args),
            T::Parsed(inner) => self.of_parsed(name, inner, args),
            T::Text => self.of_text(expr, name, turbofish, args),
            T::Ordering => self.of_ordering(name, args),
            T::F64 => self.of_float(name, args),
            ty if self.uni.is_integer(ty) => self.of_integer(name, ty, args),
            ty => match name {
                "clone" => Some(ty.clone()),
                "to_string" if matches!(ty, T::Char | T::Id) => Some(T::Text),
                "is_ascii_digit" | "is_ascii_alphabetic" if *ty == T::Char => Some(T::Bool),
                "as_str" if *ty == T::Id => Some(T::Text),
                "cmp" => {
                    self.all_like(ty, args);
                    Some(T::Ordering)
                }
                _ => None,
            },
        };
        found.unwrap_or_else(|| {
            self.ignore(args);
            let what = match ty {
                T::Var(_) => format!("the type on which `{name}` is called is not known here"),
                ty => format!("`{name}` of `{ty:?}` has no form in TypeScript"),
            };
            self.refuse(expr, what, "declare the type, or write it with other methods")
        })
    }

    fn ignore(&mut self, _args: &[Expr]) -> T {
        T::Error
    }

    pub(super) fn all_like(&mut self, ty: &T, args: &[Expr]) {
        for arg in args {
            let found = self.stripped(arg);
            self.unify(ty, &found);
        }
    }

    fn of_tx(&mut self, expr: &Expr, name: &str, args: &[Expr]) -> Option<T> {
        Some(match name {
            "principal" => self.principal.clone(),
            "now" | "server_now" => T::Timestamp,
            "new_id" => T::Id,
            "random" => {
                self.all_like(&T::Int(Int::U32), args);
                T::Int(Int::U32)
            }
            _ => self.refuse(
                expr,
                format!("`tx.{name}` has no form in TypeScript yet: a mutator reaches its own entity only"),
                "",
            ),
        })
    }

    fn of_integer(&mut self, name: &str, ty: &T, args: &[Expr]) -> Option<T> {
        let ty = ty.clone();
        Some(match name {
            "min" | "max" | "clamp" | "saturating_add" | "saturating_sub" | "saturating_mul"
            | "wrapping_add" | "wrapping_sub" | "wrapping_mul" => {
                self.all_like(&ty, args);
                ty
            }
            "abs" | "signum" | "clone" => ty,
            "abs_diff" => {
                self.all_like(&ty, args);
                match self.uni.finish(&ty) {
                    T::Int(int) => T::Int(int.unsigned()),
                    _ => T::Error,
                }
            }
            "pow" => {
                self.all_like(&T::Int(Int::U32), args);
                ty
            }
            "checked_add" | "checked_sub" | "checked_mul" | "checked_div" | "checked_rem" => {
                self.all_like(&ty, args);
                T::option(ty)
            }
            "cmp" => {
                self.all_like(&ty, args);
                T::Ordering
            }
            "is_positive" | "is_negative" => T::Bool,
            "to_string" => T::Text,
            _ => return None,
        })
    }

    fn of_float(&mut self, name: &str, args: &[Expr]) -> Option<T> {
        self.all_like(&T::F64, args);
        Some(match name {
            "abs" | "floor" | "ceil" | "trunc" | "sqrt" | "min" | "max" | "clone" => T::F64,
            "is_nan" | "is_finite" => T::Bool,
            _ => return None,
        })
    }

    fn of_ordering(&mut self, name: &str, args: &[Expr]) -> Option<T> {
        self.all_like(&T::Ordering, args);
        matches!(name, "then" | "reverse").then_some(T::Ordering)
    }

    fn of_text(&mut self, expr: &Expr, name: &str, turbofish: Option<T>, args: &[Expr]) -> Option<T> {
        Some(match name {
            "len" => T::USIZE,
            "is_empty" => T::Bool,
            "trim" | "trim_start" | "trim_end" | "to_string" | "to_owned" | "as_str" | "into" | "clone"
            | "to_ascii_lowercase" | "to_ascii_uppercase" | "to_lowercase" | "to_uppercase" => T::Text,
            "contains" | "starts_with" | "ends_with" | "eq_ignore_ascii_case" => {
                self.args(args);
                T::Bool
            }
            "strip_prefix" | "strip_suffix" => {
                self.args(args);
                T::option(T::Text)
            }
            "replace" | "repeat" => {
                self.args(args);
                T::Text
            }
            "push" | "push_str" | "clear" => {
                self.args(args);
                T::Unit
            }
            "cmp" => {
                self.args(args);
                T::Ordering
            }
            "chars" => T::iter(T::Char),
            "split" => {
                self.args(args);
                T::iter(T::Text)
            }
            "parse" => {
                let into = turbofish.unwrap_or_else(|| self.uni.integer());
                if !self.uni.is_integer(&into) {
                    return Some(self.refuse(
                        expr,
                        "`parse` into this type has no form in TypeScript",
                        "parse integers only",
                    ));
                }
                T::Parsed(Box::new(into))
            }
            _ => return None,
        })
    }

    pub(super) fn args(&mut self, args: &[Expr]) {
        for arg in args {
            self.expr(arg);
        }
    }

    fn of_parsed(&mut self, name: &str, inner: &T, args: &[Expr]) -> Option<T> {
        Some(match (name, args) {
            ("ok", []) => T::option(inner.clone()),
            ("is_ok" | "is_err", []) => T::Bool,
            ("unwrap_or", [_]) => {
                self.all_like(inner, args);
                inner.clone()
            }
            ("unwrap_or_default", []) => inner.clone(),
            ("map_err", [f]) => T::Result(Box::new(inner.clone()), Box::new(self.closure(f, &[T::Unit]))),
            _ => return None,
        })
    }

    fn of_option(&mut self, expr: &Expr, name: &str, inner: &T, args: &[Expr]) -> Option<T> {
        let of = inner.clone();
        let bare = self.uni.strip(&of);
        let option = T::option(of.clone());
        Some(match (name, args) {
            ("is_some" | "is_none", []) => T::Bool,
            ("is_some_and" | "is_none_or", [f]) => {
                self.closure(f, &[of]);
                T::Bool
            }
            ("ok_or", [error]) => {
                let error = self.expr(error);
                T::Result(Box::new(of), Box::new(error))
            }
            ("ok_or_else", [f]) => T::Result(Box::new(of), Box::new(self.closure(f, &[]))),
            ("unwrap_or", [_]) => {
                self.all_like(&bare, args);
                of
            }
            ("unwrap_or_else", [f]) => {
                let given = self.closure(f, &[]);
                self.unify(&of, &given);
                of
            }
            ("unwrap_or_default", []) => bare,
            ("map", [f]) => {
                let to = self.closure(f, &[of]);
                if matches!(self.uni.resolve(&to), T::Option(_)) {
                    return Some(self.refuse(
                        expr,
                        "an `Option` inside an `Option` has no form in TypeScript",
                        "use `and_then`",
                    ));
                }
                T::option(to)
            }
            ("and_then", [f]) => T::option(self.optional(f, &[of])),
            ("filter", [f]) => {
                self.closure(f, &[of]);
                option
            }
            ("cloned" | "copied" | "clone" | "as_ref" | "as_deref", []) => T::option(bare),
            ("as_mut", []) => T::option(T::ref_mut(bare)),
            ("take", []) => option,
            ("replace", [_]) => {
                self.all_like(&bare, args);
                option
            }
            ("insert" | "get_or_insert", [_]) => {
                self.all_like(&bare, args);
                T::ref_mut(bare)
            }
            _ => return None,
        })
    }
}
