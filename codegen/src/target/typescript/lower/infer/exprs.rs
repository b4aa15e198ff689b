//! Types of expressions.

use realtime_protocol::lower::{Arm, BinOp, Expr, Kind, Lit, Piece, UnOp};

use super::{Infer, patterns::field_type};
use crate::target::typescript::lower::ty::{Int, T};

impl Infer<'_> {
    /// Infers and notes the type of `expr`.
    pub(super) fn expr(&mut self, expr: &Expr) -> T {
        let ty = self.kind(expr);
        self.out.types.insert(expr.id, ty.clone());
        self.uni.resolve(&ty)
    }

    fn kind(&mut self, expr: &Expr) -> T {
        match &*expr.kind {
            Kind::Lit(lit) => self.lit(lit),
            Kind::Local(name) => self.local(expr, name),
            Kind::Const(index) => {
                self.body.consts.get(usize::from(*index)).map_or(T::Error, |c| T::of(&c.ty))
            }
            Kind::Field(of, name) => {
                let of_ty = self.stripped(of);
                self.field(expr, &of_ty, name)
            }
            Kind::TupleField(of, index) => {
                let of_ty = self.stripped(of);
                self.field(expr, &of_ty, &index.to_string())
            }
            Kind::Index(of, at) => self.index(expr, of, at),
            Kind::Unary(op, of) => {
                let ty = self.stripped(of);
                if *op == UnOp::Not { T::Bool } else { ty }
            }
            Kind::Binary(op, a, b) => self.binary(*op, a, b),
            Kind::Assign(place, value) => {
                let (value, at) = (self.expr(value), self.expr(place));
                self.unify(&value, &at);
                self.mark(place, true);
                T::Unit
            }
            Kind::AssignOp(_, place, value) => {
                let (value, at) = (self.stripped(value), self.stripped(place));
                self.unify(&value, &at);
                self.mark(place, true);
                T::Unit
            }
            Kind::Call { path, ty, args } => self.call(expr, path, ty.map(|ty| self.named(ty)), args),
            Kind::Method { recv, name, ty, args } => {
                let turbofish = ty.map(|ty| self.named(ty));
                self.method(expr, recv, name, turbofish, args)
            }
            Kind::Closure(..) => self.refuse(
                expr,
                "a closure here has no form in TypeScript",
                "pass it to a method of the list",
            ),
            Kind::Try(of) => self.tried(of),
            Kind::Cast(of, ty) => {
                self.expr(of);
                self.named(*ty)
            }
            Kind::Ref { mutable, of } => {
                let ty = self.stripped(of);
                if *mutable {
                    self.mark(of, true);
                    T::ref_mut(ty)
                } else {
                    ty
                }
            }
            Kind::Deref(of) => self.stripped(of),
            Kind::Struct { ty, variant, fields, base } => {
                let named = self.named(*ty);
                for (name, value) in fields {
                    let want = field_type(self.types, &named, variant.as_deref(), name);
                    let found = self.expr(value);
                    self.unify(&found, &want.unwrap_or(T::Error));
                }
                if let Some(base) = base {
                    self.expr(base);
                }
                named
            }
            Kind::Tuple(of) if of.is_empty() => T::Unit,
            Kind::Tuple(of) => T::Tuple(of.iter().map(|e| self.expr(e)).collect()),
            Kind::Array(of) => {
                let item = self.uni.fresh();
                for e in of {
                    let ty = self.expr(e);
                    self.unify(&item, &ty);
                }
                T::list(item)
            }
            Kind::Format(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value) = piece {
                        self.expr(value);
                    }
                }
                T::Text
            }
            Kind::Matches(of, pat, guard) => {
                let ty = self.expr(of);
                self.scoped(|walk| {
                    walk.pat(pat, &ty, false);
                    if let Some(guard) = guard {
                        walk.expr(guard);
                    }
                });
                T::Bool
            }
            Kind::If { cond, then, otherwise } => self.scoped(|walk| {
                walk.expr(cond);
                let a = walk.block(then);
                match otherwise {
                    Some(e) => {
                        let b = walk.expr(e);
                        walk.joined(a, b)
                    }
                    None => T::Unit,
                }
            }),
            Kind::Match(of, arms) => self.matched(of, arms),
            Kind::Let(pat, of) => {
                let ty = self.expr(of);
                self.pat(pat, &ty, false);
                T::Bool
            }
            Kind::Block(block) => self.block(block),
            Kind::For(pat, over, body) => {
                let item = self.iterated(over);
                self.scoped(|walk| {
                    walk.pat(pat, &item, false);
                    walk.block(body);
                });
                T::Unit
            }
            Kind::Return(value) => {
                if let Some(value) = value {
                    let ty = self.expr(value);
                    self.leaves(&ty);
                }
                T::Never
            }
            Kind::Break | Kind::Continue => T::Never,
            Kind::Range { from, to, .. } => {
                let item = self.uni.integer();
                for end in [from, to].into_iter().flatten() {
                    let ty = self.stripped(end);
                    self.unify(&item, &ty);
                }
                T::Range(Box::new(item))
            }
        }
    }

    pub(super) fn stripped(&mut self, expr: &Expr) -> T {
        let ty = self.expr(expr);
        self.uni.strip(&ty)
    }

    fn lit(&mut self, lit: &Lit) -> T {
        match lit {
            Lit::Bool(_) => T::Bool,
            Lit::Int(_, Some(suffix)) => Int::of_name(suffix).map_or(T::F64, T::Int),
            Lit::Int(_, None) => self.uni.integer(),
            Lit::Float(_) => T::F64,
            Lit::Str(_) => T::Text,
            Lit::Char(_) => T::Char,
        }
    }

    fn local(&mut self, expr: &Expr, name: &str) -> T {
        let Some(index) = self.lookup(name) else {
            return self.refuse(
                expr,
                format!("`{name}` is not known here"),
                "use arguments, `self` and what the body binds",
            );
        };
        self.out.locals.insert(expr.id, index);
        self.out.bindings[index].uses += 1;
        self.out.bindings[index].ty.clone()
    }

    fn field(&mut self, expr: &Expr, of: &T, name: &str) -> T {
        match field_type(self.types, of, None, name) {
            Some(ty) => ty,
            None if *of == T::Error => T::Error,
            None => self.refuse(
                expr,
                format!("the type of `.{name}` is not known here"),
                "declare the type: `let x: T = …`",
            ),
        }
    }

    fn index(&mut self, expr: &Expr, of: &Expr, at: &Expr) -> T {
        let of_ty = self.stripped(of);
        let at_ty = self.stripped(at);
        match of_ty {
            T::List(item) => {
                self.unify(&at_ty, &T::USIZE);
                *item
            }
            T::Map { key, value, .. } => {
                self.unify(&at_ty, &key);
                *value
            }
            T::Error => T::Error,
            _ => self.refuse(expr, "this index has no form in TypeScript", "use `get`"),
        }
    }

    fn binary(&mut self, op: BinOp, a: &Expr, b: &Expr) -> T {
        let (l, r) = (self.stripped(a), self.stripped(b));
        match op {
            BinOp::And | BinOp::Or => T::Bool,
            BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Rem => {
                self.unify(&l, &r);
                l
            }
            _ => {
                self.unify(&l, &r);
                T::Bool
            }
        }
    }

    fn tried(&mut self, of: &Expr) -> T {
        match self.expr(of) {
            T::Result(ok, err) => {
                let error = self.error.clone();
                let found = self.uni.resolve(&err);
                if let Some(error) =
                    error.filter(|error| !matches!(found, T::Var(_) | T::Error) && found != *error)
                {
                    let what = format!(
                        "`?` turns {found:?} into {error:?} by `From`, which has no form in TypeScript"
                    );
                    return self.refuse(of, what, "build the mutation's own error here");
                }
                *ok
            }
            T::Option(of) => *of,
            T::Error => T::Error,
            _ => self.refuse(of, "`?` has no form in TypeScript here", "use it behind `ok_or`"),
        }
    }

    /// The type of a value that either branch may give.
    pub(super) fn joined(&mut self, a: T, b: T) -> T {
        match (self.uni.resolve(&a), self.uni.resolve(&b)) {
            (T::Never, b) => b,
            (a, T::Never) => a,
            (a, b) => {
                self.unify(&a, &b);
                a
            }
        }
    }

    fn matched(&mut self, of: &Expr, arms: &[Arm]) -> T {
        let ty = self.expr(of);
        let mut joined = T::Never;
        for arm in arms {
            let body = self.scoped(|walk| {
                walk.pat(&arm.pat, &ty, false);
                if let Some(guard) = &arm.guard {
                    walk.expr(guard);
                }
                walk.expr(&arm.body)
            });
            joined = self.joined(joined, body);
        }
        joined
    }

    /// Notes that `place` is written: itself (`whole`), or something inside of it.
    pub(super) fn mark(&mut self, place: &Expr, whole: bool) {
        match &*place.kind {
            Kind::Local(_) => {
                let Some(index) = self.out.locals.get(&place.id).copied() else { return };
                let binding = &mut self.out.bindings[index];
                binding.mutated = true;
                binding.assigned |= whole;
            }
            Kind::Field(of, _) | Kind::TupleField(of, _) | Kind::Index(of, _) => self.mark(of, false),
            Kind::Deref(of) => self.mark(of, whole),
            Kind::Ref { of, .. } => self.mark(of, whole),
            _ => {}
        }
    }
}
