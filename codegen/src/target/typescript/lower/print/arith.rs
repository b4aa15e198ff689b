//! Numbers: arithmetic with range tests, comparisons, casts, and methods of numbers.

use realtime_protocol::lower::{BinOp, Expr};

use super::{
    Printer,
    js::{Js, READ, THROW, prec},
};
use crate::target::typescript::lower::ty::{Int, T};

impl Printer<'_> {
    /// `a op b`; out of range it is a fault, as on the server.
    pub(super) fn arithmetic(&mut self, at: &Expr, op: BinOp, ty: &T, a: &Js, b: &Js) -> Js {
        let (word, prec) = match op {
            BinOp::Add => ("+", prec::ADD),
            BinOp::Sub => ("-", prec::ADD),
            BinOp::Mul => ("*", prec::MUL),
            BinOp::Div => ("/", prec::MUL),
            _ => ("%", prec::MUL),
        };
        let fx = a.fx | b.fx | THROW;
        match (ty, op) {
            (T::Int(int), BinOp::Div) => {
                let quotient = format!("$.div({}, {})", a.code, b.code);
                let signed = !is_unsigned(*int);
                Js::atom(if signed { format!("$.{}({quotient})", int.name()) } else { quotient }, fx)
            }
            (T::Int(int), BinOp::Rem) => match int.min() {
                Some(min) => Js::atom(format!("$.rem({}, {}, {min})", a.code, b.code), fx),
                None => Js::atom(format!("$.rem({}, {})", a.code, b.code), fx),
            },
            (T::Int(int), _) => {
                Js::atom(format!("$.{}({})", int.name(), Js::binary(a, word, b, prec).code), fx)
            }
            (T::F64, _) => Js::binary(a, word, b, prec),
            (T::Text, BinOp::Add) => Js::binary(a, "+", b, prec::ADD),
            _ => self.refuse(at, "arithmetic of this type has no form in TypeScript", "use integers or f64"),
        }
    }

    /// `a op b`, one of the six comparisons.
    pub(super) fn compare(&mut self, at: &Expr, op: BinOp, ty: &T, a: &Js, b: &Js) -> Js {
        if matches!(op, BinOp::Eq | BinOp::Ne) {
            return self.equal(op == BinOp::Eq, ty, a, b);
        }
        let word = match op {
            BinOp::Lt => "<",
            BinOp::Le => "<=",
            BinOp::Gt => ">",
            _ => ">=",
        };
        if self.types.is_number(ty) {
            return Js::binary(a, word, b, prec::ORDER);
        }
        match self.ordering(ty, a, b) {
            Some(ordering) => Js::binary(&ordering, word, &Js::stable("0"), prec::ORDER),
            None => self.refuse(
                at,
                "the order of this type has no form in TypeScript",
                "compare fields that are numbers or text",
            ),
        }
    }

    pub(super) fn equal(&mut self, equal: bool, ty: &T, a: &Js, b: &Js) -> Js {
        if self.types.is_plain(ty) {
            return Js::binary(a, if equal { "===" } else { "!==" }, b, prec::EQUAL);
        }
        let js = Js::atom(format!("$.eq({}, {})", a.code, b.code), a.fx | b.fx | READ);
        if equal { js } else { js.not() }
    }

    /// `a.cmp(b)`, as -1, 0 or 1.
    pub(super) fn ordering(&self, ty: &T, a: &Js, b: &Js) -> Option<Js> {
        let helper = match self.types.wire(ty) {
            T::Option(of) if self.types.is_key(&of) => "cmpOpt",
            ref ty if self.types.is_key(ty) || *ty == T::Bool => "cmp",
            _ => return None,
        };
        Some(Js::atom(format!("$.{helper}({}, {})", a.code, b.code), a.fx | b.fx))
    }

    /// `of as …`
    pub(super) fn cast(&mut self, expr: &Expr, of: &Expr) -> Js {
        let (from, to) = (self.types.wire(&self.bare(of)), self.ty(expr));
        let js = self.read(of);
        let helper = |name: &str, int: Int, throws: u8| {
            Js::atom(format!("$.{name}(\"{}\", {})", int.name(), js.code), js.fx | throws)
        };
        match (from, to) {
            (T::Int(_), T::Int(to)) if js.code.parse::<u8>().is_ok() && to != Int::I8 => js,
            (T::Int(from), T::Int(to)) if holds(to, from) => js,
            (T::Int(_), T::Int(to)) => helper("wrapped", to, THROW),
            (T::F64, T::Int(to)) => helper("fromFloat", to, THROW),
            (T::Int(_) | T::F64, T::F64) => js,
            (T::Bool, T::Int(_)) => Js::new(format!("{} ? 1 : 0", js.at(prec::OR)), prec::CHOOSE, js.fx),
            _ => {
                self.refuse(expr, "this `as` has no form in TypeScript", "cast between integers and f64 only")
            }
        }
    }

    /// A method of an integer.
    pub(super) fn integer_method(
        &mut self,
        expr: &Expr,
        int: Int,
        recv: &Expr,
        name: &str,
        args: &[Expr],
    ) -> Js {
        let mut all = vec![recv];
        all.extend(args);
        let parts = self.operands(&all, Self::read);
        let fx = parts.iter().fold(0, |fx, js| fx | js.fx);
        let code = |i: usize| parts.get(i).map(|js| js.code.as_str()).unwrap_or_default();
        let ranged = |helper: &str, value: String| {
            Js::atom(format!("$.{helper}(\"{}\", {value})", int.name()), fx | THROW)
        };
        let op = |word: &str, prec: u8| match parts.get(1) {
            Some(b) => Js::binary(&parts[0], word, b, prec).code,
            None => String::new(),
        };
        match name {
            "min" | "max" => Js::atom(format!("Math.{name}({}, {})", code(0), code(1)), fx),
            "clamp" => Js::atom(format!("$.clamp({}, {}, {})", code(0), code(1), code(2)), fx | THROW),
            "abs_diff" => Js::atom(format!("Math.abs({})", op("-", prec::ADD)), fx),
            "cmp" => Js::atom(format!("$.cmp({}, {})", code(0), code(1)), fx),
            "checked_add" => ranged("checked", op("+", prec::ADD)),
            "checked_sub" => ranged("checked", op("-", prec::ADD)),
            "checked_mul" => ranged("checked", op("*", prec::MUL)),
            "checked_div" => ranged("checkedDiv", format!("{}, {}", code(0), code(1))),
            "checked_rem" => ranged("checkedRem", format!("{}, {}", code(0), code(1))),
            "saturating_add" => ranged("saturated", op("+", prec::ADD)),
            "saturating_sub" => ranged("saturated", op("-", prec::ADD)),
            "saturating_mul" => ranged("saturated", op("*", prec::MUL)),
            "wrapping_add" => ranged("wrapped", op("+", prec::ADD)),
            "wrapping_sub" => ranged("wrapped", op("-", prec::ADD)),
            "wrapping_mul" => ranged("wrappedMul", format!("{}, {}", code(0), code(1))),
            "abs" => Js::atom(format!("$.{}(Math.abs({}))", int.name(), code(0)), fx | THROW),
            "pow" => Js::atom(format!("$.{}($.pow({}, {}))", int.name(), code(0), code(1)), fx | THROW),
            "signum" => Js::atom(format!("Math.sign({})", code(0)), fx),
            "is_positive" => Js::binary(&parts[0], ">", &Js::stable("0"), prec::ORDER),
            "is_negative" => Js::binary(&parts[0], "<", &Js::stable("0"), prec::ORDER),
            "to_string" => Js::atom(format!("`${{{}}}`", code(0)), fx),
            "clone" => parts[0].clone(),
            _ => self.refuse(expr, format!("`{name}` of an integer has no form in TypeScript"), ""),
        }
    }

    /// A method of an f64.
    pub(super) fn float_method(&mut self, expr: &Expr, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        let mut all = vec![recv];
        all.extend(args);
        let parts = self.operands(&all, Self::read);
        let fx = parts.iter().fold(0, |fx, js| fx | js.fx);
        let codes: Vec<&str> = parts.iter().map(|js| js.code.as_str()).collect();
        let codes = codes.join(", ");
        match name {
            "abs" | "floor" | "ceil" | "trunc" | "sqrt" => Js::atom(format!("Math.{name}({codes})"), fx),
            "min" | "max" => Js::atom(format!("$.f{name}({codes})"), fx),
            "is_nan" => Js::atom(format!("Number.isNaN({codes})"), fx),
            "is_finite" => Js::atom(format!("Number.isFinite({codes})"), fx),
            "clone" => parts[0].clone(),
            _ => self.refuse(expr, format!("`{name}` of a float has no form in TypeScript"), ""),
        }
    }
}

fn is_unsigned(int: Int) -> bool {
    matches!(int, Int::U8 | Int::U16 | Int::U32 | Int::U64 | Int::Usize)
}

/// Whether `to` holds every value of `from`.
fn holds(to: Int, from: Int) -> bool {
    let bits = |int: Int| match int {
        Int::U8 | Int::I8 => 8,
        Int::U16 | Int::I16 => 16,
        Int::U32 | Int::I32 => 32,
        Int::U64 | Int::Usize | Int::I64 => 64,
    };
    match (is_unsigned(to), is_unsigned(from)) {
        (false, true) => bits(to) > bits(from),
        (true, false) => false,
        _ => bits(to) >= bits(from),
    }
}
