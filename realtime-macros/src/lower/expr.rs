//! Expressions.

use proc_macro2::Ident;
use serde_json::{Value, json};
use syn::{
    BinOp, Expr, ExprAssign, ExprPath, ExprStruct, Lit, Member, Path, RangeLimits, UnOp, ext::IdentExt,
    spanned::Spanned,
};

use super::Lowerer;

/// What a path names, as far as its form tells.
pub(super) enum Named {
    /// A variable, `self`, `tx`.
    Local(String),
    /// A type, or a variant of one.
    Type { ty: Path, variant: Option<String> },
    /// A const.
    Const,
    /// `None`.
    None,
    /// A single upper-case name: nobody knows.
    Bare,
    /// A function.
    Function,
}

/// The name of a local variable.
pub(super) fn local(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// Tells what a path names.
pub(super) fn named(path: &Path) -> Named {
    let last = path.segments.last().map(|s| local(&s.ident)).unwrap_or_default();
    let owner = path.segments.len().checked_sub(2).map(|i| local(&path.segments[i].ident));
    let upper = last.starts_with(char::is_uppercase);
    let screaming = upper && last.len() > 1 && !last.contains(char::is_lowercase);
    match owner {
        None if last == "None" => Named::None,
        None if !upper => Named::Local(last),
        _ if screaming => Named::Const,
        Some(owner) if upper && owner.starts_with(char::is_uppercase) => {
            let mut ty = path.clone();
            ty.segments = path.segments.iter().take(path.segments.len() - 1).cloned().collect();
            Named::Type { ty, variant: Some(last) }
        }
        Some(_) if upper => Named::Type { ty: path.clone(), variant: None },
        Some(_) => Named::Function,
        None if last == "Self" => Named::Type { ty: path.clone(), variant: None },
        None => Named::Bare,
    }
}

/// A path before braces or parentheses: there a single upper-case name is a struct.
pub(super) fn constructor(path: &Path) -> Option<(Path, Option<String>)> {
    match named(path) {
        Named::Type { ty, variant } => Some((ty, variant)),
        Named::Bare | Named::Const if path.segments.len() == 1 => Some((path.clone(), None)),
        _ => None,
    }
}

impl Lowerer<'_> {
    /// Lowers an expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Value {
        let kind = match expr {
            Expr::Paren(inner) => return self.expr(&inner.expr),
            Expr::Group(inner) => return self.expr(&inner.expr),
            Expr::Macro(mac) => return self.mac(&mac.mac, mac.span()),
            Expr::Lit(lit) => self.lit(&lit.lit),
            Expr::Path(path) => self.path(path),
            Expr::Field(_) | Expr::Index(_) | Expr::Unary(_) | Expr::Reference(_) => self.place(expr),
            Expr::Binary(binary) => self.binary(&binary.left, &binary.op, &binary.right),
            Expr::Assign(assign) => self.assign(assign),
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method(call),
            Expr::Closure(closure) => self.closure(closure),
            Expr::Cast(cast) => {
                let of = self.expr(&cast.expr);
                let ty = self.ty(&cast.ty);
                json!({ "cast": [of, ty] })
            }
            Expr::Struct(of) => self.structure(of),
            Expr::Tuple(tuple) => json!({ "tuple": self.all(&tuple.elems) }),
            Expr::Array(array) => json!({ "array": self.all(&array.elems) }),
            Expr::Range(range) => {
                let from = range.start.as_ref().map(|e| self.expr(e));
                let to = range.end.as_ref().map(|e| self.expr(e));
                let inclusive = matches!(range.limits, RangeLimits::Closed(_));
                json!({ "range": { "from": from, "to": to, "inclusive": inclusive } })
            }
            _ => return self.control(expr),
        };
        self.node(expr.span(), kind)
    }

    /// Lowers expressions, in order.
    pub(super) fn all<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) -> Vec<Value> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    /// Lowers what names a part of something.
    fn place(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Field(field) => {
                let base = self.expr(&field.base);
                match &field.member {
                    Member::Named(name) => json!({ "field": [base, local(name)] }),
                    Member::Unnamed(index) => json!({ "tuple_field": [base, index.index] }),
                }
            }
            Expr::Index(index) => {
                if matches!(&*index.index, Expr::Range(_)) {
                    let help = "use `iter().skip(a).take(n)`, and `chars()` for text";
                    self.refuse(expr, "slices cannot be lowered", help);
                }
                let (of, at) = (self.expr(&index.expr), self.expr(&index.index));
                json!({ "index": [of, at] })
            }
            Expr::Reference(reference) => {
                let of = self.expr(&reference.expr);
                json!({ "ref": { "mutable": reference.mutability.is_some(), "of": of } })
            }
            Expr::Unary(unary) => {
                let of = self.expr(&unary.expr);
                match unary.op {
                    UnOp::Deref(_) => json!({ "deref": of }),
                    UnOp::Not(_) => json!({ "unary": ["not", of] }),
                    _ => json!({ "unary": ["neg", of] }),
                }
            }
            other => self.expr(other),
        }
    }

    fn assign(&mut self, assign: &ExprAssign) -> Value {
        let left = &*assign.left;
        if matches!(left, Expr::Tuple(_) | Expr::Array(_) | Expr::Struct(_) | Expr::Call(_) | Expr::Infer(_))
        {
            let help = "use `let`, or assign one by one";
            self.refuse(left, "an assignment that takes a value apart cannot be lowered", help);
        }
        let (place, value) = (self.expr_or_nothing(left), self.expr(&assign.right));
        json!({ "assign": [place, value] })
    }

    fn expr_or_nothing(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Infer(_) | Expr::Call(_) => self.nothing(expr.span()),
            other => self.expr(other),
        }
    }

    fn lit(&mut self, lit: &Lit) -> Value {
        let lit = match lit {
            Lit::Bool(of) => json!({ "bool": of.value }),
            Lit::Int(of) if matches!(of.suffix(), "f32" | "f64") => json!({ "float": of.base10_digits() }),
            Lit::Int(of) => {
                let suffix = (!of.suffix().is_empty()).then(|| of.suffix());
                json!({ "int": [of.base10_digits(), suffix] })
            }
            Lit::Float(of) => json!({ "float": of.base10_digits() }),
            Lit::Str(of) => json!({ "str": of.value() }),
            Lit::Char(of) => json!({ "char": of.value() }),
            other => {
                self.refuse(other, "bytes cannot be lowered", "use text, or a list of numbers");
                json!({ "bool": false })
            }
        };
        json!({ "lit": lit })
    }

    fn path(&mut self, path: &ExprPath) -> Value {
        if path.qself.is_some() {
            self.refuse(path, "`<T as Trait>::…` cannot be lowered", "name it without the trait");
            return json!({ "tuple": [] });
        }
        match named(&path.path) {
            Named::Local(name) => json!({ "local": name }),
            Named::None => json!({ "call": { "path": ["None"], "ty": null, "args": [] } }),
            Named::Const => {
                let index = self.constant(&path.path);
                json!({ "const": index })
            }
            Named::Type { ty, variant: Some(variant) } => {
                let ty = self.path_ty(ty);
                json!({ "struct": { "ty": ty, "variant": variant, "fields": [], "base": null } })
            }
            Named::Function | Named::Type { .. } => {
                self.refuse(
                    path,
                    "a function as a value cannot be lowered",
                    "write a closure that calls it: `|x| …`",
                );
                json!({ "tuple": [] })
            }
            Named::Bare => {
                let name = path.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
                let help = if matches!(name.as_str(), "Some" | "Ok" | "Err") {
                    format!("write a closure: `|x| {name}(x)`")
                } else {
                    format!("for a variant write its enum too: `State::{name}`")
                };
                self.refuse(path, &format!("`{name}` alone may be many things"), &help);
                json!({ "tuple": [] })
            }
        }
    }

    fn binary(&mut self, left: &Expr, op: &BinOp, right: &Expr) -> Value {
        let (name, assigns) = match op {
            BinOp::Add(_) => ("add", false),
            BinOp::Sub(_) => ("sub", false),
            BinOp::Mul(_) => ("mul", false),
            BinOp::Div(_) => ("div", false),
            BinOp::Rem(_) => ("rem", false),
            BinOp::Eq(_) => ("eq", false),
            BinOp::Ne(_) => ("ne", false),
            BinOp::Lt(_) => ("lt", false),
            BinOp::Le(_) => ("le", false),
            BinOp::Gt(_) => ("gt", false),
            BinOp::Ge(_) => ("ge", false),
            BinOp::And(_) => ("and", false),
            BinOp::Or(_) => ("or", false),
            BinOp::AddAssign(_) => ("add", true),
            BinOp::SubAssign(_) => ("sub", true),
            BinOp::MulAssign(_) => ("mul", true),
            BinOp::DivAssign(_) => ("div", true),
            BinOp::RemAssign(_) => ("rem", true),
            other => {
                self.refuse(other, "operators on bits cannot be lowered", "use arithmetic, or a `Vec<bool>`");
                ("add", false)
            }
        };
        let (left, right) = (self.expr(left), self.expr(right));
        if assigns {
            json!({ "assign_op": [name, left, right] })
        } else {
            json!({ "binary": [name, left, right] })
        }
    }

    fn structure(&mut self, of: &ExprStruct) -> Value {
        let Some((ty, variant)) = constructor(&of.path).filter(|_| of.qself.is_none()) else {
            self.refuse(&of.path, "this does not look like a type", "types are written in upper camel case");
            return json!({ "tuple": [] });
        };
        let ty = self.path_ty(ty);
        let mut fields = Vec::new();
        for field in &of.fields {
            let name = match &field.member {
                Member::Named(ident) => local(ident),
                Member::Unnamed(index) => index.index.to_string(),
            };
            let value = self.expr(&field.expr);
            fields.push(json!([name, value]));
        }
        let base = of.rest.as_ref().map(|e| self.expr(e));
        json!({ "struct": { "ty": ty, "variant": variant, "fields": fields, "base": base } })
    }
}
