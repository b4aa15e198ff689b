//! Printing: statements, blocks, and where a value goes.

mod arith;
mod branch;
mod chains;
mod collections;
mod constructors;
mod ends;
mod exprs;
mod js;
mod lists;
mod options;
mod patterns;
mod places;
mod sources;
mod texts;

use std::collections::{BTreeMap, HashSet};

use realtime_protocol::{
    lower::{BinOp, Block, Body, Expr, Kind, Pat, Stmt},
    schema::{Model, Mutation},
};

use self::{
    js::{Js, THROW, WRITE},
    patterns::{Item, Matched},
    places::Place,
};
use super::{
    Printed, Uses,
    error::Errors,
    infer::{Inferred, key_of},
    ty::{T, Types},
};
use crate::target::typescript::names;

/// Where the value of an expression goes.
#[derive(Clone, Debug)]
pub(super) enum Dest {
    /// Nowhere.
    Discard,
    /// Into a variable.
    Var(String),
    /// Out of the mutator: `Ok`, `Err`, or the value.
    Return,
    /// Out of an arrow function.
    Arrow,
}

/// What a binding is in JavaScript.
#[derive(Clone, Debug)]
pub(super) enum Repr {
    /// A constant.
    Const(String),
    /// A variable.
    Let(String),
    /// An expression that may be repeated.
    Inline(Js),
    /// A place: reading and writing print differently.
    Alias(Place),
    /// `self`
    This,
    /// `tx`
    Tx,
}

/// One printing of one body.
pub(super) struct Printer<'a> {
    pub(super) types: Types<'a>,
    pub(super) mutation: &'a Mutation,
    pub(super) body: &'a Body,
    pub(super) inf: &'a Inferred,
    pub(super) errors: &'a Errors,
    pub(super) out: Vec<String>,
    /// What follows cannot be reached.
    pub(super) dead: bool,
    /// A variable is set on a way that TypeScript cannot follow.
    pub(super) loose: bool,
    names: HashSet<String>,
    temps: usize,
    reprs: BTreeMap<usize, Repr>,
    uses: Uses,
    /// Columns of `self` that may be hidden from a reader, by wire name.
    hideable: Vec<String>,
}

/// Prints a body whose types are known.
pub(crate) fn print<'a>(
    types: Types<'a>,
    model: &'a Model,
    mutation: &'a Mutation,
    body: &'a Body,
    inf: &'a Inferred,
    errors: &'a Errors,
) -> Printed {
    let hideable = model.columns.iter().filter(|c| model.rights.columns.contains(&c.rust));
    let mut printer = Printer {
        types,
        mutation,
        body,
        inf,
        errors,
        out: Vec::new(),
        dead: false,
        loose: false,
        names: HashSet::new(),
        temps: 0,
        reprs: BTreeMap::new(),
        uses: Uses::default(),
        hideable: hideable.map(|c| c.name.clone()).collect(),
    };
    printer.parameters();
    printer.block(&body.block, &Dest::Return);
    Printed { body: printer.out.iter().map(|line| format!("  {line}")).collect(), uses: printer.uses }
}

impl<'a> Printer<'a> {
    fn parameters(&mut self) {
        self.reprs.insert(self.inf.this, Repr::This);
        // `tx` is bound right behind `self`.
        self.reprs.insert(self.inf.this + 1, Repr::Tx);
        for (arg, index) in self.mutation.args.iter().zip(&self.inf.args) {
            let binding = &self.inf.bindings[*index];
            if binding.uses == 0 {
                continue;
            }
            let name = self.name(&arg.rust);
            self.uses.args.push((names::camel(&arg.rust), name.clone()));
            let object = self.types.is_object(&binding.ty);
            if binding.mutated && object {
                self.emit(format!("{name} = $.mine({name});"));
            }
            let repr = if binding.mutated { Repr::Let(name) } else { Repr::Const(name) };
            self.reprs.insert(*index, repr);
        }
    }

    // ---- output

    pub(super) fn emit(&mut self, line: impl Into<String>) {
        if !self.dead {
            self.out.push(line.into());
        }
    }

    /// Runs `print` into a buffer of its own; what follows the buffer is reachable again.
    pub(super) fn sub<R>(&mut self, print: impl FnOnce(&mut Self) -> R) -> (R, Vec<String>, bool) {
        let (out, dead) = (std::mem::take(&mut self.out), self.dead);
        self.dead = false;
        let result = print(self);
        let lines = std::mem::replace(&mut self.out, out);
        let ended = std::mem::replace(&mut self.dead, dead);
        (result, lines, ended)
    }

    /// Emits `head {`, the lines, `}`.
    pub(super) fn nest(&mut self, head: &str, lines: Vec<String>, tail: &str) {
        self.emit(format!("{head}{{"));
        for line in lines {
            self.emit(format!("  {line}"));
        }
        self.emit(format!("}}{tail}"));
    }

    /// A name that nothing else in the function has.
    pub(super) fn name(&mut self, rust: &str) -> String {
        let base = names::variable(rust);
        let mut name = base.clone();
        let mut n = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{base}{n}");
            n += 1;
        }
        name
    }

    pub(super) fn temp(&mut self) -> String {
        self.temps += 1;
        let name = format!("t{}", self.temps);
        if self.names.insert(name.clone()) { name } else { self.temp() }
    }

    /// `js` as a name: a constant is made unless it is one.
    pub(super) fn named(&mut self, js: &Js) -> String {
        if js.is_name() {
            return js.code.clone();
        }
        let name = self.temp();
        self.emit(format!("const {name} = {};", js.code));
        name
    }

    /// Evaluates in Rust's order: what `done` holds is kept in constants where `next` needs statements.
    pub(super) fn after<R>(&mut self, done: &mut [&mut Js], next: impl FnOnce(&mut Self) -> R) -> R {
        let at = self.out.len();
        let result = next(self);
        if self.out.len() > at {
            let mut spilled = Vec::new();
            for js in done.iter_mut().filter(|js| js.fx != 0) {
                let name = self.temp();
                spilled.push(format!("const {name} = {};", js.code));
                let fresh = js.fresh;
                **js = Js { fresh, ..Js::stable(name) };
            }
            self.out.splice(at..at, spilled);
        }
        result
    }

    /// Prints operands in order.
    pub(super) fn operands(&mut self, exprs: &[&Expr], print: impl Fn(&mut Self, &Expr) -> Js) -> Vec<Js> {
        let mut done: Vec<Js> = Vec::new();
        for expr in exprs {
            let mut held: Vec<&mut Js> = done.iter_mut().collect();
            let js = self.after(&mut held, |p| print(p, expr));
            done.push(js);
        }
        done
    }

    pub(super) fn ty(&self, expr: &Expr) -> T {
        self.inf.types.get(&expr.id).cloned().unwrap_or(T::Error)
    }

    /// The type behind `&mut`.
    pub(super) fn bare(&self, expr: &Expr) -> T {
        self.ty(expr).strip()
    }

    pub(super) fn refuse(&self, at: &Expr, what: impl Into<String>, help: &str) -> Js {
        self.errors.add(at.at, what, help);
        Js::stable("undefined")
    }

    pub(super) fn repr(&self, expr: &Expr) -> Option<&Repr> {
        self.reprs.get(self.inf.locals.get(&expr.id)?)
    }

    pub(super) fn set_repr(&mut self, binding: usize, repr: Repr) {
        self.reprs.insert(binding, repr);
    }

    pub(super) fn made(&self, pat: &Pat) -> Option<usize> {
        self.inf.made.get(&key_of(pat)).copied()
    }

    pub(super) fn used_this(&mut self) {
        self.uses.this = true;
    }

    pub(super) fn used_tx(&mut self, principal: bool) {
        self.uses.tx = true;
        self.uses.principal |= principal;
    }

    // ---- statements

    /// Prints a block; its value goes to `dest`.
    pub(super) fn block(&mut self, block: &Block, dest: &Dest) {
        for stmt in &block.stmts {
            if self.dead {
                return;
            }
            self.stmt(stmt);
        }
        if self.dead {
            return;
        }
        if let Some(tail) = &block.tail {
            self.to(tail, dest);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Expr(expr) => self.to(expr, &Dest::Discard),
            Stmt::Let { pat, init, or_else: None, .. } => self.let_(pat, init),
            Stmt::Let { pat, init, or_else: Some(block), .. } => self.let_else(pat, init, block),
        }
    }

    fn let_(&mut self, pat: &Pat, init: &Expr) {
        if let (Pat::Bind { .. }, Some(index)) = (pat, self.made(pat)) {
            return self.let_name(index, init);
        }
        if matches!(pat, Pat::Wild) {
            return self.to(init, &Dest::Discard);
        }
        let item = self.scrutinee(init, Some(pat));
        let mut matched = Matched::default();
        let ty = self.ty(init);
        self.test(pat, &item, &ty, true, &mut matched);
        self.declare(matched);
    }

    fn let_name(&mut self, index: usize, init: &Expr) {
        let binding = &self.inf.bindings[index];
        if binding.uses == 0 {
            return self.to(init, &Dest::Discard);
        }
        if matches!(binding.ty, T::Result(..)) {
            self.refuse(
                init,
                "a `Result` in a variable has no form in TypeScript",
                "use `?`, or `match` an Option",
            );
            return;
        }
        if matches!(binding.ty, T::Iter(_) | T::Entry(_) | T::Range(_)) {
            self.refuse(
                init,
                "an iterator in a variable has no form in TypeScript",
                "write the whole chain in one expression",
            );
            return;
        }
        let (rust, ty, assigned, mutated) =
            (binding.name.clone(), binding.ty.clone(), binding.assigned, binding.mutated);
        let js = self.value(init);
        if self.dead {
            return;
        }
        let by_ref = ty.is_ref_mut();
        if !mutated && js.is_name() && !self.names_argument(init) {
            // Another name of the same constant.
            self.set_repr(index, if by_ref { Repr::Const(js.code) } else { Repr::Inline(js) });
            return;
        }
        let name = self.name(&rust);
        self.declare_one(&name, &js, &ty, mutated && !by_ref, assigned);
        let repr = if mutated && !by_ref { Repr::Let(name) } else { Repr::Const(name) };
        self.set_repr(index, repr);
    }

    /// Whether `init` is itself a variable that may be assigned to.
    fn names_argument(&self, init: &Expr) -> bool {
        matches!(*init.kind, Kind::Local(_)) && matches!(self.repr(init), Some(Repr::Let(_)))
    }

    /// Declares `name`, with its type where TypeScript would infer a narrower one.
    pub(super) fn declare_one(&mut self, name: &str, js: &Js, ty: &T, mutated: bool, assigned: bool) {
        let object = self.types.is_object(ty);
        if !mutated {
            return match ty {
                T::List(_) | T::Map { .. } | T::Set(_) | T::Tuple(_) if js.fresh => {
                    self.emit(format!("const {name}: {} = {};", self.types.ts(ty), js.code))
                }
                _ => self.emit(format!("const {name} = {};", js.code)),
            };
        }
        if object {
            let word = if assigned { "let" } else { "const" };
            let code = if js.fresh { js.code.clone() } else { format!("$.mine({})", js.code) };
            return self.emit(format!("{word} {name}: {} = {code};", self.types.ts(ty)));
        }
        match self.types.wire(ty) {
            T::Option(_) | T::Named(_) => {
                self.emit(format!("let {name} = {} as {};", js.at(js::prec::ORDER), self.types.ts(ty)))
            }
            _ => self.emit(format!("let {name} = {};", js.code)),
        }
    }

    fn let_else(&mut self, pat: &Pat, init: &Expr, block: &Block) {
        let item = self.scrutinee(init, Some(pat));
        let mut matched = Matched::default();
        let ty = self.ty(init);
        self.test(pat, &item, &ty, false, &mut matched);
        let ((), lines, _) = self.sub(|p| p.block(block, &Dest::Discard));
        let cond = matched.cond();
        self.nest(&format!("if ({}) ", cond.not().code), lines, "");
        self.declare(matched);
    }

    /// Prints `expr`; its value goes to `dest`.
    pub(super) fn to(&mut self, expr: &Expr, dest: &Dest) {
        match &*expr.kind {
            Kind::Block(block) => self.block(block, dest),
            Kind::If { cond, then, otherwise } => self.if_to(cond, then, otherwise.as_ref(), dest),
            Kind::Match(of, arms) => self.match_to(expr, of, arms, dest),
            Kind::Return(value) => self.return_(value.as_ref()),
            Kind::Break => self.leave("break;"),
            Kind::Continue => self.leave("continue;"),
            Kind::For(pat, over, body) => self.for_(pat, over, body),
            Kind::Assign(place, value) => self.assign(place, value),
            Kind::AssignOp(op, place, value) => self.assign_op(*op, place, value),
            Kind::Tuple(of) if of.is_empty() => {}
            Kind::Call { path, args, .. } if path.len() == 1 && path[0] == "Err" => self.fail(&args[0]),
            Kind::Call { path, args, .. }
                if path.len() == 1 && path[0] == "Ok" && matches!(dest, Dest::Return) =>
            {
                self.to(&args[0], dest);
            }
            _ if matches!(self.ty(expr), T::Result(..)) && matches!(dest, Dest::Return) => {
                let js = self.tried(expr, expr);
                self.deliver(js, dest);
            }
            _ => {
                let js = if matches!(dest, Dest::Discard) { self.effect(expr) } else { self.value(expr) };
                self.deliver(js, dest);
            }
        }
    }

    fn leave(&mut self, line: &str) {
        self.emit(line);
        self.dead = true;
    }

    fn return_(&mut self, value: Option<&Expr>) {
        if let Some(value) = value {
            self.to(value, &Dest::Return);
        }
        if !self.dead {
            self.leave("return;");
        }
    }

    pub(super) fn fail(&mut self, error: &Expr) {
        let error = self.value(error);
        self.leave(&format!("return $.fail({});", error.code));
    }

    pub(super) fn deliver(&mut self, js: Js, dest: &Dest) {
        if self.dead {
            return;
        }
        let nothing = T::of(&self.mutation.returns) == T::Unit;
        match dest {
            Dest::Var(name) => self.emit(format!("{name} = {};", js.code)),
            Dest::Arrow => self.leave(&format!("return {};", js.code)),
            Dest::Return if !nothing => self.leave(&format!("return {};", js.code)),
            Dest::Discard | Dest::Return => {
                if js.fx & (THROW | WRITE) != 0 {
                    self.emit(format!("{};", js.code));
                }
            }
        }
    }

    /// Declares what a match has bound.
    pub(super) fn declare(&mut self, matched: Matched) {
        for (index, item, ty) in matched.binds {
            self.declare_bind(index, item, &ty);
        }
    }

    /// Gives a binding its form.
    pub(super) fn declare_bind(&mut self, index: usize, item: Item, ty: &T) {
        let binding = &self.inf.bindings[index];
        if binding.uses == 0 {
            return;
        }
        let (rust, mutated, assigned) = (binding.name.clone(), binding.mutated, binding.assigned);
        let by_ref = binding.ty.is_ref_mut();
        let js = match item {
            Item::Place(place) if by_ref => {
                let place = self.fix(place);
                return self.set_repr(index, Repr::Alias(place));
            }
            Item::Place(place) => self.read_place(&place),
            other => self.item_js(&other),
        };
        // What Rust has copied must not change with the original.
        let copied = !by_ref && self.types.is_copy(ty) && !self.types.is_plain(ty) && !js.fresh;
        let js = if copied { exprs::clone(&js) } else { js };
        if mutated && !by_ref {
            let name = self.name(&rust);
            self.declare_one(&name, &js, ty, true, assigned);
            self.set_repr(index, Repr::Let(name));
        } else if js.is_name() {
            let repr = if by_ref { Repr::Const(js.code) } else { Repr::Inline(js) };
            self.set_repr(index, repr);
        } else {
            let name = self.name(&rust);
            self.emit(format!("const {name} = {};", js.code));
            self.set_repr(index, Repr::Const(name));
        }
    }
}

/// What printing has used up, so that an attempt can be taken back.
pub(super) struct Checkpoint {
    names: HashSet<String>,
    temps: usize,
    reprs: BTreeMap<usize, Repr>,
}

impl Printer<'_> {
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { names: self.names.clone(), temps: self.temps, reprs: self.reprs.clone() }
    }

    pub(super) fn rewind(&mut self, to: Checkpoint) {
        (self.names, self.temps, self.reprs) = (to.names, to.temps, to.reprs);
    }
}
