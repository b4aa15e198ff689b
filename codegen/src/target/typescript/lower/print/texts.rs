//! Methods of text.

use realtime_protocol::lower::Expr;

use super::{
    Printer,
    js::{Js, READ, THROW, prec},
};
use crate::target::typescript::lower::ty::T;

impl Printer<'_> {
    pub(super) fn text_method(&mut self, expr: &Expr, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        if matches!(name, "push" | "push_str" | "clear") {
            return self.text_write(recv, name, args);
        }
        let mut all = vec![recv];
        all.extend(args);
        let parts = self.operands(&all, Self::read);
        let fx = parts.iter().fold(0, |fx, js| fx | js.fx);
        let head = parts[0].head();
        let codes: Vec<&str> = parts.iter().map(|js| js.code.as_str()).collect();
        let arg = codes.get(1).copied().unwrap_or_default();
        let helper =
            |name: &str, throws: u8| Js::atom(format!("$.{name}({})", codes.join(", ")), fx | throws);
        match name {
            "len" => helper("utf8", 0),
            "is_empty" => Js::binary(&parts[0], "===", &Js::stable("\"\""), prec::EQUAL),
            "to_string" | "to_owned" | "as_str" | "into" | "clone" => parts[0].clone(),
            "trim" => helper("trim", 0),
            "trim_start" => helper("trimStart", 0),
            "trim_end" => helper("trimEnd", 0),
            "contains" => Js::atom(format!("{head}.includes({arg})"), fx),
            "starts_with" => Js::atom(format!("{head}.startsWith({arg})"), fx),
            "ends_with" => Js::atom(format!("{head}.endsWith({arg})"), fx),
            "strip_prefix" => helper("stripPrefix", 0),
            "strip_suffix" => helper("stripSuffix", 0),
            "replace" => helper("replace", THROW),
            "repeat" => helper("repeat", THROW),
            "cmp" => helper("cmp", 0),
            "to_ascii_lowercase" => helper("lowerAscii", 0),
            "to_ascii_uppercase" => helper("upperAscii", 0),
            "to_lowercase" => Js::atom(format!("{head}.toLowerCase()"), fx),
            "to_uppercase" => Js::atom(format!("{head}.toUpperCase()"), fx),
            "eq_ignore_ascii_case" => {
                Js::new(format!("$.lowerAscii({}) === $.lowerAscii({arg})", codes[0]), prec::EQUAL, fx)
            }
            "parse" => match self.ty(expr) {
                T::Parsed(of) => match *of {
                    T::Int(int) => Js::atom(format!("$.parse(\"{}\", {})", int.name(), codes[0]), fx | THROW),
                    _ => self.refuse(
                        expr,
                        "`parse` into this type has no form in TypeScript",
                        "parse integers only",
                    ),
                },
                _ => self.refuse(
                    expr,
                    "`parse` into this type has no form in TypeScript",
                    "parse integers only",
                ),
            },
            _ => self.refuse(expr, format!("`{name}` of text has no form in TypeScript"), ""),
        }
    }

    fn text_write(&mut self, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        let mut added = args.first().map_or_else(|| Js::stable("\"\""), |arg| self.read(arg));
        let place = self.after(&mut [&mut added], |p| {
            let place = p.place(recv);
            p.fix(place)
        });
        let result = if name == "clear" {
            Js::stable("\"\"")
        } else {
            let now = self.read_place(&place);
            Js::binary(&now, "+", &added, prec::ADD)
        };
        self.set(&place, &result);
        Js::stable("undefined")
    }

    pub(super) fn char_method(&mut self, expr: &Expr, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        let mut all = vec![recv];
        all.extend(args);
        let parts = self.operands(&all, Self::read);
        let fx = parts.iter().fold(READ, |fx, js| fx | js.fx);
        match name {
            "clone" | "to_string" | "as_str" => parts[0].clone(),
            "is_ascii_digit" => Js::atom(format!("/^[0-9]$/.test({})", parts[0].code), fx),
            "is_ascii_alphabetic" => Js::atom(format!("/^[A-Za-z]$/.test({})", parts[0].code), fx),
            "cmp" => Js::atom(format!("$.cmp({}, {})", parts[0].code, parts[1].code), fx),
            _ => self.refuse(expr, format!("`{name}` of this type has no form in TypeScript"), ""),
        }
    }
}
