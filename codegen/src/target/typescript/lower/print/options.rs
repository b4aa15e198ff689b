//! Methods of Option, whose `None` is `null`, and of what `parse` gives.

use realtime_protocol::lower::{Expr, Kind};

use super::{
    Dest, Printer,
    exprs::clone,
    js::{Js, READ, THROW, WRITE, prec},
    patterns::{Item, Matched},
};
use crate::target::typescript::lower::ty::T;

impl Printer<'_> {
    pub(super) fn option_method(&mut self, expr: &Expr, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        let null = Js::stable("null");
        match name {
            "is_some" | "is_ok" => Js::binary(&self.read(recv), "!==", &null, prec::EQUAL),
            "is_none" | "is_err" => Js::binary(&self.read(recv), "===", &null, prec::EQUAL),
            "as_ref" | "as_deref" | "ok" => self.read(recv),
            "clone" | "cloned" | "copied" => self.cloned(recv),
            "take" => {
                let place = self.place(recv);
                self.exchange(expr, place, &null)
            }
            "replace" => {
                let mut value = self.stored(&args[0]);
                let place = self.after(&mut [&mut value], |p| p.place(recv));
                self.exchange(expr, place, &value)
            }
            "insert" => {
                let mut value = self.stored(&args[0]);
                let place = self.after(&mut [&mut value], |p| p.place(recv));
                self.set(&place, &value);
                Js::stable("undefined")
            }
            "as_mut" => {
                let place = self.place(recv);
                match self.ty(expr) {
                    T::Option(of) if self.types.is_object(&of.clone().strip()) => {
                        Js::atom(self.own_place(&place, false), READ)
                    }
                    _ => self.refuse(
                        expr,
                        "`as_mut` of this Option has no form in TypeScript here",
                        "use `if let Some(x) = &mut …`",
                    ),
                }
            }
            "unwrap_or" => {
                let mut value = self.value(recv);
                let other = self.after(&mut [&mut value], |p| p.value(&args[0]));
                if other.fx & (THROW | WRITE) == 0 {
                    return Js::coalesce(&value, &other);
                }
                let (value, other) = (self.named(&value), self.named(&other));
                Js::coalesce(&Js::stable(value), &Js::stable(other))
            }
            "unwrap_or_default" => match self.default(&self.ty(expr).strip()) {
                Some(empty) => {
                    let value = self.value(recv);
                    let value = if self.is_cell(recv) {
                        Js::atom(format!("{}?.v", value.head()), value.fx)
                    } else {
                        value
                    };
                    Js::coalesce(&value, &empty)
                }
                None => self.refuse(
                    expr,
                    "the default of this type is not known in TypeScript",
                    "use `unwrap_or`",
                ),
            },
            "unwrap_or_else" => self.on_none(expr, recv, &args[0]),
            "is_some_and" | "is_none_or" => self.asked(recv, name, &args[0]),
            "map" | "and_then" => self.mapped(expr, recv, &args[0], None),
            "filter" => self.filtered(expr, recv, &args[0]),
            "ok_or" | "ok_or_else" | "map_err" => {
                self.refuse(expr, "a `Result` as a value has no form in TypeScript", "put `?` behind it")
            }
            _ => self.refuse(
                expr,
                format!("`{name}` of an Option has no form in TypeScript yet"),
                "use `match`",
            ),
        }
    }

    fn is_cell(&self, recv: &Expr) -> bool {
        matches!(self.bare(recv), T::Option(of) if matches!(&*of, T::RefMut(inner) if !self.types.is_object(inner)))
    }

    fn cloned(&mut self, recv: &Expr) -> Js {
        let js = self.read(recv);
        let ty = self.bare(recv);
        if self.is_cell(recv) {
            return self.refuse(
                recv,
                "a copy out of an `Option` of `&mut` has no form in TypeScript",
                "use `get`",
            );
        }
        let plain = match &ty {
            T::Option(of) => self.types.is_plain(&of.clone().strip()),
            other => self.types.is_plain(other),
        };
        if plain { js } else { clone(&js) }
    }

    /// Binds a closure's parameter to what is inside of `value`.
    fn parameter(&mut self, f: &Expr, value: &str, inner: &T) -> bool {
        let Kind::Closure(pats, _) = &*f.kind else { return false };
        if let Some(pat) = pats.first() {
            let mut matched = Matched::default();
            self.test(pat, &Item::Js(Js::stable(value)), inner, true, &mut matched);
            self.declare(matched);
        }
        true
    }

    fn inner(&self, recv: &Expr) -> T {
        match self.bare(recv) {
            T::Option(of) | T::Parsed(of) => *of,
            _ => T::Error,
        }
    }

    fn body(f: &Expr) -> &Expr {
        match &*f.kind {
            Kind::Closure(_, body) => body,
            _ => f,
        }
    }

    /// `recv` in a constant, named like the closure's parameter where that is one name.
    fn opened(&mut self, recv: &Expr) -> String {
        let js = self.value_shared(recv);
        self.named(&js)
    }

    /// The Option to look into: not copied, since only its inside may be taken.
    fn value_shared(&mut self, recv: &Expr) -> Js {
        match self.inner(recv) {
            T::RefMut(_) => self.value(recv),
            _ => self.read(recv),
        }
    }

    fn asked(&mut self, recv: &Expr, name: &str, f: &Expr) -> Js {
        let value = self.opened(recv);
        let inner = self.inner(recv);
        let (js, lines, _) = self.sub(|p| {
            p.parameter(f, &value, &inner);
            p.read(Self::body(f))
        });
        let some = name == "is_some_and";
        let absent = Js::binary(
            &Js::stable(value.clone()),
            if some { "!==" } else { "===" },
            &Js::stable("null"),
            prec::EQUAL,
        );
        if lines.is_empty() {
            let (word, prec) = if some { ("&&", prec::AND) } else { ("||", prec::OR) };
            return Js::binary(&absent, word, &js, prec);
        }
        let result = self.temp();
        self.emit(format!("let {result} = {};", !some));
        let mut lines = lines;
        lines.push(format!("{result} = {};", js.code));
        self.nest(&format!("if ({value} !== null) "), lines, "");
        Js::atom(result, READ)
    }

    fn mapped(&mut self, expr: &Expr, recv: &Expr, f: &Expr, _: Option<()>) -> Js {
        let value = self.opened(recv);
        let inner = self.inner(recv);
        let at = self.checkpoint();
        let (js, lines, _) = self.sub(|p| {
            p.parameter(f, &value, &inner);
            p.value(Self::body(f))
        });
        if matches!(self.ty(expr), T::Option(ref of) if **of == T::Unit) {
            let mut lines = lines;
            if js.fx & (THROW | WRITE) != 0 {
                lines.push(format!("{};", js.code));
            }
            self.nest(&format!("if ({value} !== null) "), lines, "");
            return Js::stable("undefined");
        }
        if lines.is_empty() {
            let code = format!("{value} === null ? null : {}", js.at(prec::COALESCE));
            return Js::new(code, prec::CHOOSE, js.fx | READ);
        }
        self.rewind(at);
        let result = self.temp();
        let ty = self.types.ts(&self.ty(expr));
        self.emit(format!("let {result} = null as {ty};"));
        let ((), lines, _) = self.sub(|p| {
            p.parameter(f, &value, &inner);
            p.to(Self::body(f), &Dest::Var(result.clone()));
        });
        self.nest(&format!("if ({value} !== null) "), lines, "");
        Js::atom(result, READ)
    }

    fn filtered(&mut self, expr: &Expr, recv: &Expr, f: &Expr) -> Js {
        let js = self.value(recv);
        let value = self.named(&js);
        let inner = self.inner(recv);
        let (js, lines, _) = self.sub(|p| {
            p.parameter(f, &value, &inner);
            p.read(Self::body(f))
        });
        if !lines.is_empty() {
            return self.refuse(
                expr,
                "this closure needs statements, which have no place here",
                "use `match`",
            );
        }
        let code = format!("{value} !== null && {} ? {value} : null", js.at(prec::AND));
        Js::new(code, prec::CHOOSE, js.fx | READ)
    }

    fn on_none(&mut self, expr: &Expr, recv: &Expr, f: &Expr) -> Js {
        let value = self.value(recv);
        let at = self.checkpoint();
        let (other, lines, _) = self.sub(|p| p.value(Self::body(f)));
        if lines.is_empty() {
            return Js::coalesce(&value, &other);
        }
        self.rewind(at);
        let result = self.temp();
        let ty = self.types.ts(&T::option(self.ty(expr)));
        self.emit(format!("let {result} = {} as {ty};", value.at(prec::ORDER)));
        let ((), lines, _) = self.sub(|p| p.to(Self::body(f), &Dest::Var(result.clone())));
        self.nest(&format!("if ({result} === null) "), lines, "");
        Js::atom(result, READ)
    }
}
