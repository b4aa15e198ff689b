//! Forward inference: types of expressions and bindings, from `self`, arguments and declared types.
//!
//! rustc has proved the program; nothing is checked here, types are only recovered.

mod chains;
mod collections;
mod exprs;
mod methods;
mod patterns;
mod unify;

use std::collections::HashMap;

use realtime_protocol::{
    lower::{Block, Body, Expr, Pat, Stmt, TypeRef},
    schema::{Model, Mutation},
};

use super::{
    error::Errors,
    ty::{T, Types},
};

pub(crate) use patterns::field_type;
pub(crate) use unify::Unifier;

/// A local variable.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// Its name in Rust.
    pub(crate) name: String,
    pub(crate) ty: T,
    /// How often it is read or written.
    pub(crate) uses: usize,
    /// Whether something is put into its place, as opposed to into what it holds.
    pub(crate) assigned: bool,
    /// Whether it is changed at all.
    pub(crate) mutated: bool,
}

/// What printing needs to know.
#[derive(Debug, Default)]
pub(crate) struct Inferred {
    /// Types by the id of an expression.
    pub(crate) types: HashMap<u32, T>,
    pub(crate) bindings: Vec<Binding>,
    /// Which binding a `Local` means, by the id of the expression.
    pub(crate) locals: HashMap<u32, usize>,
    /// Which binding a pattern makes, by its address in the body.
    pub(crate) made: HashMap<usize, usize>,
    /// The bindings of the arguments, in their order.
    pub(crate) args: Vec<usize>,
    /// The binding of `self`.
    pub(crate) this: usize,
}

/// The key of a pattern: bodies do not move while they are printed.
pub(crate) fn key_of(pat: &Pat) -> usize {
    std::ptr::from_ref(pat).addr()
}

/// One walk.
pub(super) struct Infer<'a> {
    pub(super) types: Types<'a>,
    pub(super) body: &'a Body,
    pub(super) errors: &'a Errors,
    pub(super) uni: Unifier,
    pub(super) out: Inferred,
    scopes: Vec<HashMap<String, usize>>,
    /// The principal's type, and what the mutation returns.
    pub(super) principal: T,
    pub(super) returns: T,
    pub(super) error: Option<T>,
    /// Items of `collect`, by the variable of what they are collected into.
    pub(super) collects: Vec<(T, T)>,
    /// Inside of the second or a later pattern of `a | b`.
    pub(super) alternative: bool,
}

/// Recovers the types of a body.
pub(crate) fn infer(
    types: Types<'_>,
    model: &Model,
    mutation: &Mutation,
    body: &Body,
    errors: &Errors,
) -> Inferred {
    let mut walk = Infer {
        types,
        body,
        errors,
        uni: Unifier::default(),
        out: Inferred::default(),
        scopes: vec![HashMap::new()],
        principal: T::of(&model.principal),
        returns: T::of(&mutation.returns),
        error: mutation.error.as_ref().map(T::of),
        collects: Vec::new(),
        alternative: false,
    };
    walk.out.this = walk.bind("self", T::ref_mut(T::Named(model.name.clone())));
    walk.bind("tx", T::Tx);
    for arg in &mutation.args {
        let binding = walk.bind(&arg.rust, T::of(&arg.ty));
        walk.out.args.push(binding);
    }
    let ty = walk.block(&body.block);
    walk.leaves(&ty);
    walk.solve();
    walk.out
}

impl Infer<'_> {
    pub(super) fn bind(&mut self, name: &str, ty: T) -> usize {
        let index = self.out.bindings.len();
        self.out.bindings.push(Binding { name: name.into(), ty, uses: 0, assigned: false, mutated: false });
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.into(), index);
        }
        index
    }

    pub(super) fn lookup(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    pub(super) fn scoped<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> R {
        self.scopes.push(HashMap::new());
        let result = run(self);
        self.scopes.pop();
        result
    }

    /// The type that the body names by index.
    pub(super) fn named(&self, ty: TypeRef) -> T {
        self.body.types.get(usize::from(ty)).map_or(T::Error, T::of)
    }

    pub(super) fn block(&mut self, block: &Block) -> T {
        self.scoped(|walk| {
            let mut diverges = false;
            for stmt in &block.stmts {
                diverges |= walk.stmt(stmt) == T::Never;
            }
            match &block.tail {
                Some(tail) => walk.expr(tail),
                None if diverges => T::Never,
                None => T::Unit,
            }
        })
    }

    fn stmt(&mut self, stmt: &Stmt) -> T {
        match stmt {
            Stmt::Expr(expr) => self.expr(expr),
            Stmt::Let { pat, ty, init, or_else } => {
                let mut found = self.expr(init);
                if let Some(declared) = ty.map(|ty| self.named(ty)) {
                    let by_mut = found.is_ref_mut();
                    self.unify(&found.strip(), &declared);
                    found = if by_mut { T::ref_mut(declared) } else { declared };
                }
                if let Some(block) = or_else {
                    self.block(block);
                }
                self.pat(pat, &found, false);
                self.uni.resolve(&found)
            }
        }
    }

    /// What leaves the function: `Ok(v)`, `Err(e)`, or the value itself.
    pub(super) fn leaves(&mut self, ty: &T) {
        let returns = self.returns.clone();
        match (self.uni.resolve(ty), self.error.clone()) {
            (T::Result(ok, err), Some(error)) => {
                self.unify(&ok, &returns);
                self.unify(&err, &error);
            }
            (other, _) => self.unify(&other, &returns),
        }
    }

    pub(super) fn unify(&mut self, a: &T, b: &T) {
        self.uni.unify(a, b);
    }

    /// Fills every variable in; what nothing decides is `i32` where it is an integer.
    fn solve(&mut self) {
        for (into, item) in std::mem::take(&mut self.collects) {
            self.collected(&into, &item);
        }
        for ty in self.out.types.values_mut() {
            *ty = self.uni.finish(ty);
        }
        for binding in &mut self.out.bindings {
            binding.ty = self.uni.finish(&binding.ty);
        }
    }

    pub(super) fn refuse(&self, at: &Expr, what: impl Into<String>, help: &str) -> T {
        self.errors.add(at.at, what, help);
        T::Error
    }
}
