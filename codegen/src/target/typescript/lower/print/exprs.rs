//! Expressions: reading, taking, and what needs statements.

use realtime_protocol::lower::{BinOp, Expr, Kind, Lit, Piece, UnOp};

use super::{
    Dest, Printer, Repr,
    js::{Js, READ, THROW, WRITE, prec},
    patterns::Matched,
};
use crate::target::typescript::{lower::ty::T, names};

impl Printer<'_> {
    /// The value of `expr`, to be looked at: it may be shared, and is not changed.
    pub(super) fn read(&mut self, expr: &Expr) -> Js {
        match &*expr.kind {
            Kind::Local(_) => self.read_local(expr),
            Kind::Field(of, name) => {
                let of_ty = self.bare(of);
                let base = self.read(of);
                let wire = self.wire_name(&of_ty, name);
                Js::atom(format!("{}{}", base.head(), names::access(&wire)), base.fx | READ)
            }
            Kind::TupleField(of, index) => {
                let base = self.read(of);
                match self.bare(of) {
                    T::Named(_) => base,
                    _ => Js::atom(format!("{}[{index}]", base.head()), base.fx | READ),
                }
            }
            Kind::Index(of, at) => self.read_index(of, at),
            Kind::Deref(of) => self.read(of),
            Kind::Ref { of, .. } => self.read(of),
            _ => {
                let js = self.raw(expr);
                match self.ty(expr) {
                    T::RefMut(of) if !self.types.is_object(&of) => {
                        Js::atom(format!("{}.v", js.head()), js.fx | READ)
                    }
                    _ => js,
                }
            }
        }
    }

    fn read_local(&mut self, expr: &Expr) -> Js {
        let cell = matches!(self.ty(expr), T::RefMut(of) if !self.types.is_object(&of));
        match self.repr(expr).cloned() {
            Some(Repr::This) => {
                self.used_this();
                Js::stable("self")
            }
            Some(Repr::Alias(place)) => self.read_place(&place),
            Some(Repr::Const(name)) if cell => Js::atom(format!("{name}.v"), READ),
            Some(Repr::Const(name)) => Js::stable(name),
            Some(Repr::Let(name)) => Js::atom(name, READ),
            Some(Repr::Inline(js)) => js,
            Some(Repr::Tx) | None => {
                self.refuse(expr, "`tx` as a value has no form in TypeScript", "call its methods here")
            }
        }
    }

    fn read_index(&mut self, of: &Expr, at: &Expr) -> Js {
        let helper = if matches!(self.bare(of), T::Map { .. }) { "mapAt" } else { "at" };
        let parts = self.operands(&[of, at], Self::read);
        Js::atom(format!("$.{helper}({}, {})", parts[0].code, parts[1].code), READ | THROW)
    }

    /// The value of `expr`, to be kept: copied where Rust copies.
    pub(super) fn value(&mut self, expr: &Expr) -> Js {
        let ty = self.ty(expr);
        match &*expr.kind {
            Kind::Ref { mutable: true, of } => {
                let inner = self.bare(of);
                let place = self.place(of);
                self.reference(expr, place, &inner)
            }
            Kind::Ref { of, .. } => self.read(of),
            Kind::Local(_) => match (&ty, self.repr(expr).cloned()) {
                (T::RefMut(of), Some(Repr::Alias(place))) => self.reference(expr, place, of),
                (T::RefMut(_), Some(Repr::Const(name))) => Js::stable(name),
                _ => {
                    let js = self.read(expr);
                    let copied = self.types.is_copy(&ty) && !self.types.is_plain(&ty);
                    if copied { clone(&js) } else { js }
                }
            },
            Kind::Field(..) | Kind::TupleField(..) | Kind::Index(..) | Kind::Deref(_) => {
                let js = self.read(expr);
                if self.types.is_plain(&ty.strip()) { js } else { clone(&js) }
            }
            _ => self.raw(expr),
        }
    }

    /// A value that goes into the model: a float must be finite there.
    pub(super) fn stored(&mut self, expr: &Expr) -> Js {
        let js = self.value(expr);
        let known = matches!(*expr.kind, Kind::Lit(_) | Kind::Field(..));
        if self.types.wire(&self.bare(expr)) == T::F64 && !known {
            return Js::atom(format!("$.f64({})", js.code), js.fx | THROW);
        }
        js
    }

    /// Only what `expr` does matters.
    pub(super) fn effect(&mut self, expr: &Expr) -> Js {
        match &*expr.kind {
            Kind::Local(_) => Js::stable("undefined"),
            _ => self.raw(expr),
        }
    }

    /// What is no place.
    fn raw(&mut self, expr: &Expr) -> Js {
        match &*expr.kind {
            Kind::Lit(Lit::Int(digits, _)) if !is_exact(digits) => self.refuse(
                expr,
                "this number is beyond 2^53, where a TypeScript number loses digits",
                "use a smaller one",
            ),
            Kind::Lit(lit) => literal(lit),
            Kind::Const(index) => self.constant(expr, *index),
            Kind::Unary(op, of) => self.unary(expr, *op, of),
            Kind::Binary(op, a, b) => self.binary(expr, *op, a, b),
            Kind::Call { path, args, .. } => self.call(expr, path, args),
            Kind::Method { recv, name, args, .. } => self.method(expr, recv, name, args),
            Kind::Try(of) => self.tried(expr, of),
            Kind::Cast(of, _) => self.cast(expr, of),
            Kind::Struct { ty, variant, fields, base } => {
                self.construct(expr, *ty, variant.as_deref(), fields, base.as_ref())
            }
            Kind::Tuple(of) if of.is_empty() => Js::stable("undefined"),
            Kind::Tuple(of) | Kind::Array(of) => {
                let of: Vec<&Expr> = of.iter().collect();
                let parts = self.operands(&of, Self::stored);
                let fx = parts.iter().fold(0, |fx, js| fx | js.fx);
                let codes: Vec<&str> = parts.iter().map(|js| js.code.as_str()).collect();
                Js::atom(format!("[{}]", codes.join(", ")), fx).fresh()
            }
            Kind::Format(pieces) => self.format(pieces),
            Kind::Matches(of, pat, guard) => self.matches(of, pat, guard.as_ref()),
            Kind::If { .. } | Kind::Match(..) | Kind::Block(_) => self.branches(expr),
            Kind::Return(_)
            | Kind::Break
            | Kind::Continue
            | Kind::For(..)
            | Kind::Assign(..)
            | Kind::AssignOp(..) => {
                self.to(expr, &Dest::Discard);
                Js::stable("undefined")
            }
            Kind::Closure(..) | Kind::Let(..) | Kind::Range { .. } => {
                self.refuse(expr, "this has no form in TypeScript here", "")
            }
            Kind::Local(_)
            | Kind::Field(..)
            | Kind::TupleField(..)
            | Kind::Index(..)
            | Kind::Deref(_)
            | Kind::Ref { .. } => self.read(expr),
        }
    }

    fn constant(&mut self, expr: &Expr, index: u16) -> Js {
        match self.body.consts.get(usize::from(index)) {
            Some(of) => {
                Js::new(of.value.to_string(), if of.value.is_number() { prec::UNARY } else { prec::ATOM }, 0)
                    .fresh()
            }
            None => self.refuse(
                expr,
                "a const that is not in the table",
                "report this: it is a fault of Realtime",
            ),
        }
    }

    fn unary(&mut self, expr: &Expr, op: UnOp, of: &Expr) -> Js {
        let ty = self.types.wire(&self.bare(expr));
        let js = self.read(of);
        match (op, ty) {
            (UnOp::Not, _) => js.not(),
            (UnOp::Neg, T::F64) => Js::new(format!("-{}", js.at(prec::UNARY)), prec::UNARY, js.fx),
            (UnOp::Neg, T::Int(_)) if matches!(&*of.kind, Kind::Lit(_)) => {
                Js::new(if js.code == "0" { "0".into() } else { format!("-{}", js.code) }, prec::UNARY, 0)
            }
            (UnOp::Neg, T::Int(int)) => {
                Js::atom(format!("$.{}(0 - {})", int.name(), js.at(prec::MUL)), js.fx | THROW)
            }
            _ => self.refuse(expr, "`-` of this type has no form in TypeScript", ""),
        }
    }

    fn binary(&mut self, expr: &Expr, op: BinOp, a: &Expr, b: &Expr) -> Js {
        match op {
            BinOp::And | BinOp::Or => self.logical(op, a, b),
            BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Rem => {
                let ty = self.types.wire(&self.bare(expr));
                let parts = self.operands(&[a, b], Self::read);
                self.arithmetic(expr, op, &ty, &parts[0], &parts[1])
            }
            _ => {
                let ty = self.types.wire(&self.bare(a));
                let parts = self.operands(&[a, b], Self::read);
                self.compare(expr, op, &ty, &parts[0], &parts[1])
            }
        }
    }

    fn logical(&mut self, op: BinOp, a: &Expr, b: &Expr) -> Js {
        let left = self.read(a);
        let (right, lines, _) = self.sub(|p| p.read(b));
        let (word, prec) = if op == BinOp::And { ("&&", prec::AND) } else { ("||", prec::OR) };
        if lines.is_empty() {
            return Js::binary(&left, word, &right, prec);
        }
        let name = self.temp();
        self.emit(format!("let {name} = {};", left.code));
        let head = if op == BinOp::And { format!("if ({name}) ") } else { format!("if (!{name}) ") };
        let mut lines = lines;
        lines.push(format!("{name} = {};", right.code));
        self.nest(&head, lines, "");
        Js::atom(name, READ)
    }

    fn format(&mut self, pieces: &[Piece]) -> Js {
        let values: Vec<&Expr> =
            pieces.iter().filter_map(|p| if let Piece::Value(e) = p { Some(e) } else { None }).collect();
        for value in &values {
            if !matches!(self.bare(value), T::Text | T::Char | T::Id | T::Int(_) | T::Bool) {
                return self.refuse(
                    value,
                    "`{}` of this type has no form in TypeScript",
                    "format text, numbers and booleans",
                );
            }
        }
        let mut parts = self.operands(&values, Self::read).into_iter();
        let (mut text, mut fx) = (String::new(), 0);
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(&template(piece)),
                Piece::Value(_) => {
                    if let Some(js) = parts.next() {
                        fx |= js.fx;
                        text.push_str(&format!("${{{}}}", js.code));
                    }
                }
            }
        }
        Js::atom(format!("`{text}`"), fx)
    }

    fn matches(&mut self, of: &Expr, pat: &realtime_protocol::lower::Pat, guard: Option<&Expr>) -> Js {
        let item = self.scrutinee(of, Some(pat));
        let mut matched = Matched::default();
        let ty = self.ty(of);
        self.test(pat, &item, &ty, false, &mut matched);
        let mut cond = matched.cond();
        if let Some(guard) = guard {
            self.inline(&matched);
            let (js, lines, _) = self.sub(|p| p.read(guard));
            if !lines.is_empty() {
                return self.refuse(
                    guard,
                    "this guard needs statements, which have no place here",
                    "use `if let`",
                );
            }
            cond = Js::binary(&cond, "&&", &js, prec::AND);
        }
        cond
    }

    /// `expr?`, and a `Result` that leaves the mutator: the value, or the mutation is refused.
    pub(super) fn tried(&mut self, at: &Expr, of: &Expr) -> Js {
        match &*of.kind {
            Kind::Method { recv, name, args, .. } if name == "ok_or" => {
                let mut value = self.value(recv);
                let error = self.after(&mut [&mut value], |p| p.value(&args[0]));
                if error.fx & (THROW | WRITE) == 0 {
                    let fail = Js::atom(format!("$.fail({})", error.code), THROW);
                    return self.or(value, &fail);
                }
                let value = self.named(&value);
                let error = self.named(&error);
                self.emit(format!("if ({value} === null) return $.fail({error});"));
                Js::stable(value)
            }
            Kind::Method { recv, name, args, .. } if name == "ok_or_else" || name == "map_err" => {
                let value = self.value(recv);
                let Kind::Closure(_, body) = &*args[0].kind else {
                    return self.refuse(at, "this is no closure", "");
                };
                let value_name = if self.simple(body) { None } else { Some(self.named(&value)) };
                let (error, mut lines, _) = self.sub(|p| p.value(body));
                match value_name {
                    None if lines.is_empty() => {
                        let fail = Js::atom(format!("$.fail({})", error.code), THROW);
                        self.or(value, &fail)
                    }
                    name => {
                        let name = name.unwrap_or_else(|| self.named(&value));
                        lines.push(format!("return $.fail({});", error.code));
                        self.nest(&format!("if ({name} === null) "), lines, "");
                        Js::stable(name)
                    }
                }
            }
            Kind::Call { path, args, .. } if path.len() == 1 && path[0] == "Ok" => self.value(&args[0]),
            Kind::Call { path, args, .. } if path.len() == 1 && path[0] == "Err" => {
                self.fail(&args[0]);
                Js::stable("undefined")
            }
            _ if matches!(self.ty(of), T::Option(_)) && self.mutation.error.is_none() => {
                let value = self.value(of);
                let value = self.named(&value);
                self.emit(format!("if ({value} === null) return null;"));
                Js::stable(value)
            }
            _ => self.refuse(
                of,
                "a `Result` of this form has no form in TypeScript",
                "use `ok_or(…)?`, `match`, or `return Err(…)`",
            ),
        }
    }

    /// An error without parts that need statements.
    fn simple(&self, body: &Expr) -> bool {
        matches!(&*body.kind, Kind::Struct { fields, .. } if fields.iter().all(|(_, e)| matches!(&*e.kind, Kind::Lit(_) | Kind::Local(_))))
    }

    fn or(&mut self, value: Js, fail: &Js) -> Js {
        let js = Js::coalesce(&value, fail);
        Js { fx: value.fx | THROW, ..js }
    }

    pub(super) fn call(&mut self, expr: &Expr, path: &[String], args: &[Expr]) -> Js {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["Some"] => self.value(&args[0]),
            ["None"] => Js::stable("null"),
            ["mem", "take"] => match self.default(&self.bare(&args[0])) {
                Some(empty) => {
                    let place = self.place(&args[0]);
                    self.exchange(expr, place, &empty)
                }
                None => self.refuse(
                    expr,
                    "the default of this type is not known in TypeScript",
                    "use `mem::replace`",
                ),
            },
            ["mem", "replace"] => {
                let place = self.place(&args[0]);
                let place = self.fix(place);
                let value = self.stored(&args[1]);
                self.exchange(expr, place, &value)
            }
            ["mem", "swap"] => self.swap(expr, &args[0], &args[1]),
            ["String", "new"] => Js::stable("\"\""),
            ["String", "from"] => self.read(&args[0]),
            ["Vec" | "BTreeSet", "new"] => Js::stable("[]").fresh(),
            ["BTreeMap" | "HashMap", "new"] => Js::stable("{}").fresh(),
            ["Default", "default"] => match self.default(&self.ty(expr)) {
                Some(empty) => empty,
                None => {
                    self.refuse(expr, "the default of this type is not known in TypeScript", "write it out")
                }
            },
            _ => self.refuse(
                expr,
                format!("`{}` here has no form in TypeScript", path.join("::")),
                "write out what it does",
            ),
        }
    }

    fn swap(&mut self, expr: &Expr, a: &Expr, b: &Expr) -> Js {
        let a = self.place(a);
        let a = self.fix(a);
        let b = self.place(b);
        let b = self.fix(b);
        if matches!(a, super::Place::Obj(_)) || matches!(b, super::Place::Obj(_)) {
            return self.refuse(
                expr,
                "`mem::swap` of whole objects behind `&mut` has no form in TypeScript",
                "swap where they stand",
            );
        }
        let (x, y) = (self.read_place(&a), self.read_place(&b));
        let held = self.temp();
        self.emit(format!("const {held} = {};", x.code));
        self.set(&a, &y);
        self.set(&b, &Js::stable(held));
        Js::stable("undefined")
    }

    /// `Default::default()` of types whose default everybody knows.
    pub(super) fn default(&self, ty: &T) -> Option<Js> {
        Some(match ty {
            T::Bool => Js::stable("false"),
            T::Int(_) | T::F64 | T::F32 | T::Timestamp => Js::stable("0"),
            T::Text => Js::stable("\"\""),
            T::Option(_) => Js::stable("null"),
            T::List(_) | T::Set(_) => Js::stable("[]").fresh(),
            T::Map { .. } => Js::stable("{}").fresh(),
            T::Tuple(of) => {
                let parts: Option<Vec<String>> =
                    of.iter().map(|ty| self.default(ty).map(|js| js.code)).collect();
                Js::stable(format!("[{}]", parts?.join(", "))).fresh()
            }
            _ => return None,
        })
    }
}

/// A deep copy.
pub(super) fn clone(js: &Js) -> Js {
    Js::atom(format!("$.clone({})", js.code), js.fx | READ).fresh()
}

/// Whether a JavaScript number holds these digits.
fn is_exact(digits: &str) -> bool {
    digits.parse::<u64>().is_ok_and(|n| n < 1 << 53)
}

fn literal(lit: &Lit) -> Js {
    match lit {
        Lit::Bool(is) => Js::stable(is.to_string()),
        Lit::Int(digits, _) => Js::stable(digits.clone()),
        Lit::Float(text) => Js::stable(text.trim_end_matches('.').to_owned()),
        Lit::Str(text) => Js::stable(names::quoted(text)),
        Lit::Char(c) => Js::stable(names::quoted(&c.to_string())),
    }
}

/// Text between backquotes.
fn template(text: &str) -> String {
    let quoted = names::quoted(text);
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    inner.replace("\\\"", "\"").replace('`', "\\`").replace("${", "\\${")
}
