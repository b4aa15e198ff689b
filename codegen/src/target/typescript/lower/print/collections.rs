//! Methods of maps and their entries, and of sets.

use realtime_protocol::lower::{Expr, Kind};

use super::{
    Printer,
    exprs::clone,
    js::{Js, READ, THROW, WRITE, prec},
    patterns::{Item, Matched},
};
use crate::target::typescript::lower::ty::T;

impl Printer<'_> {
    /// The keys of a map, in Rust's order.
    pub(super) fn keys_of(&mut self, at: &Expr, map: &str, key: &T) -> String {
        let key = self.types.wire(key);
        match key {
            T::Text | T::Id | T::Char => format!("$.keys({map})"),
            T::Int(_) | T::Timestamp => format!("$.numKeys({map})"),
            _ => {
                self.refuse(
                    at,
                    "the order of these keys has no form in TypeScript",
                    "use text or integers as keys",
                )
                .code
            }
        }
    }

    pub(super) fn map_method(
        &mut self,
        expr: &Expr,
        recv: &Expr,
        of: (&T, &T),
        name: &str,
        args: &[Expr],
    ) -> Js {
        let object = self.types.is_object(of.1);
        let keyed = matches!(self.types.wire(of.0), T::Text | T::Id | T::Char | T::Int(_) | T::Timestamp)
            || matches!(of.0, T::Named(name) if self.types.is_unit_enum(name));
        if !keyed {
            return self.refuse(
                expr,
                "keys of this type have no form in TypeScript",
                "use text or integers as keys",
            );
        }
        match name {
            "len" => Js::atom(format!("$.mapLen({})", self.read(recv).code), READ),
            "is_empty" => {
                let length = Js::atom(format!("$.mapLen({})", self.read(recv).code), READ);
                Js::binary(&length, "===", &Js::stable("0"), prec::EQUAL)
            }
            "contains_key" | "get" => {
                let parts = self.operands(&[recv, &args[0]], Self::read);
                let helper = if name == "get" { "mapGet" } else { "has" };
                Js::atom(
                    format!("$.{helper}({}, {})", parts[0].code, parts[1].code),
                    READ | parts[0].fx | parts[1].fx,
                )
            }
            "clone" => clone(&self.read(recv)),
            "first_key_value" | "last_key_value" => {
                self.end_of_map(expr, recv, of.0, name == "first_key_value")
            }
            "get_mut" => {
                let mut key = self.read(&args[0]);
                let map = self.after(&mut [&mut key], |p| p.owned(recv));
                let helper = if object { "ownKey" } else { "cellKey" };
                Js::atom(format!("$.{helper}({map}, {})", key.code), READ)
            }
            "insert" | "remove" => {
                let all: Vec<&Expr> = args.iter().collect();
                let mut values = self.operands(&all, Self::stored);
                let mut held: Vec<&mut Js> = values.iter_mut().collect();
                let map = self.after(&mut held, |p| p.owned(recv));
                let codes: Vec<&str> = values.iter().map(|js| js.code.as_str()).collect();
                let helper = if name == "insert" { "mapSet" } else { "mapDel" };
                let fx = values.iter().fold(READ | WRITE, |fx, js| fx | js.fx);
                Js::atom(format!("$.{helper}({map}, {})", codes.join(", ")), fx)
            }
            "clear" => {
                let map = self.owned(recv);
                Js::atom(format!("$.mapClear({map})"), WRITE)
            }
            "retain" => {
                let map = self.owned(recv);
                let map = self.named(&Js::atom(map, READ));
                let keys = self.keys_of(expr, &map, of.0);
                if matches!(&*args[0].kind, Kind::Closure(pats, _) if pats.len() == 2) {
                    let keep = self.arrow(&args[0], &[of.0.clone(), of.1.clone()]);
                    return Js::atom(format!("$.mapRetain({map}, {keys}, {keep})"), READ | WRITE | THROW);
                }
                self.refuse(expr, "this `retain` has no form in TypeScript", "")
            }
            "entry" => self.refuse(
                expr,
                "an entry as a value has no form in TypeScript",
                "put `or_default()` or `or_insert(…)` behind it",
            ),
            _ => self.refuse(
                expr,
                format!("`{name}` of a map has no form in TypeScript here"),
                "write a `for` loop",
            ),
        }
    }

    fn end_of_map(&mut self, expr: &Expr, recv: &Expr, key: &T, first: bool) -> Js {
        let map = self.read(recv);
        let map = self.named(&map);
        let keys = self.keys_of(expr, &map, key);
        let found = self.temp();
        self.emit(format!("const {found} = {keys}.at({});", if first { "0" } else { "-1" }));
        let ty = self.types.ts(&self.ty(expr));
        self.refuse_if_option_value(expr);
        let code = format!("({found} === undefined ? null : [{found}, $.mapAt({map}, {found})]) as {ty}");
        Js::new(code, prec::ORDER, READ)
    }

    fn refuse_if_option_value(&self, expr: &Expr) {
        if matches!(self.ty(expr), T::Option(of) if !matches!(*of, T::Tuple(_))) {
            self.errors.add(expr.at, "this pair has no form in TypeScript", "write a `for` loop");
        }
    }

    /// `map.entry(key)…or_insert(…)`: the place of the value.
    pub(super) fn entry_method(
        &mut self,
        expr: &Expr,
        recv: &Expr,
        value: &T,
        name: &str,
        args: &[Expr],
    ) -> Js {
        let Some((map, key)) = self.entry(recv, value) else {
            return self.refuse(expr, "this entry has no form in TypeScript", "write `map.entry(key)` here");
        };
        if name == "and_modify" {
            self.modify(&map, &key, value, &args[0]);
            return Js::stable("undefined");
        }
        let make = match (name, args) {
            ("or_default", []) => match self.default(value) {
                Some(js) => js.code,
                None => {
                    return self.refuse(
                        expr,
                        "the default of this type is not known in TypeScript",
                        "use `or_insert(…)`",
                    );
                }
            },
            ("or_insert", [of]) => {
                let js = self.stored(of);
                if js.fx & (THROW | WRITE) == 0 { js.code } else { self.named(&js) }
            }
            ("or_insert_with", [f]) => {
                let arrow = self.arrow(f, &[]);
                arrow.trim_start_matches("() => ").to_owned()
            }
            _ => return self.refuse(expr, format!("`{name}` of an entry has no form in TypeScript"), ""),
        };
        let body = if make.starts_with('{') && name != "or_insert_with" { format!("({make})") } else { make };
        let helper = if self.types.is_object(value) { "ownOr" } else { "cellOr" };
        Js::atom(format!("$.{helper}({map}, {key}, () => {body})"), READ | WRITE)
    }

    /// The map and the key of an entry, as names.
    fn entry(&mut self, recv: &Expr, value: &T) -> Option<(String, String)> {
        let Kind::Method { recv: map, name, args, .. } = &*recv.kind else { return None };
        if name == "and_modify" {
            let (map, key) = self.entry(map, value)?;
            self.modify(&map, &key, value, &args[0]);
            return Some((map, key));
        }
        if name != "entry" {
            return None;
        }
        let mut key = self.read(&args[0]);
        let map = self.after(&mut [&mut key], |p| {
            let map = p.owned(map);
            p.named(&Js::atom(map, READ))
        });
        let key = self.named(&key);
        Some((map, key))
    }

    fn modify(&mut self, map: &str, key: &str, value: &T, f: &Expr) {
        let Kind::Closure(pats, body) = &*f.kind else { return };
        let helper = if self.types.is_object(value) { "ownKey" } else { "cellKey" };
        let found = self.temp();
        self.emit(format!("const {found} = $.{helper}({map}, {key});"));
        let ((), lines, _) = self.sub(|p| {
            if let Some(pat) = pats.first() {
                let mut matched = Matched::default();
                p.test(pat, &Item::Js(Js::stable(found.clone())), value, true, &mut matched);
                p.declare(matched);
            }
            p.to(body, &super::Dest::Discard);
        });
        self.nest(&format!("if ({found} !== null) "), lines, "");
    }

    pub(super) fn set_method(&mut self, expr: &Expr, recv: &Expr, item: &T, name: &str, args: &[Expr]) -> Js {
        if !self.types.is_key(item) {
            return self.refuse(expr, "a set of this type has no form in TypeScript", "use text or integers");
        }
        match name {
            "len" => Js::atom(format!("{}.length", self.read(recv).head()), READ),
            "is_empty" => {
                let length = Js::atom(format!("{}.length", self.read(recv).head()), READ);
                Js::binary(&length, "===", &Js::stable("0"), prec::EQUAL)
            }
            "contains" => {
                let parts = self.operands(&[recv, &args[0]], Self::read);
                Js::atom(format!("$.setHas({}, {})", parts[0].code, parts[1].code), READ | parts[1].fx)
            }
            "first" => Js::atom(format!("$.get({}, 0)", self.read(recv).code), READ),
            "last" => {
                let set = self.read(recv);
                let set = self.named(&set);
                Js::atom(format!("$.get({set}, {set}.length - 1)"), READ)
            }
            "clone" => clone(&self.read(recv)),
            "insert" | "remove" => {
                let mut value = self.value(&args[0]);
                let set = self.after(&mut [&mut value], |p| p.owned(recv));
                let helper = if name == "insert" { "setAdd" } else { "setDel" };
                Js::atom(format!("$.{helper}({set}, {})", value.code), READ | WRITE | value.fx)
            }
            "clear" => {
                let set = self.owned(recv);
                Js::atom(format!("{set}.splice(0)"), WRITE)
            }
            "retain" => {
                let set = self.owned(recv);
                let keep = self.arrow(&args[0], std::slice::from_ref(item));
                Js::atom(format!("$.retain({set}, {keep})"), READ | WRITE | THROW)
            }
            _ => self.refuse(
                expr,
                format!("`{name}` of a set has no form in TypeScript yet"),
                "write a `for` loop",
            ),
        }
    }
}
