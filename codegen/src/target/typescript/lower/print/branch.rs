//! `if`, `match` and blocks: as statements, and as values.

use realtime_protocol::lower::{Arm, BinOp, Block, Expr, Kind};

use super::{
    Dest, Printer,
    js::{Js, READ, mentions, prec},
    patterns::{Matched, is_variant},
};

/// Stands for "all conditions held" until the variable has a name.
const SET: &str = "\u{0}held";

impl Printer<'_> {
    /// A branch whose value is wanted: a choice where that is all, else statements that set a variable.
    pub(super) fn branches(&mut self, expr: &Expr) -> Js {
        if let Some(js) = self.choice(expr) {
            return js;
        }
        let ty = self.ty(expr);
        if matches!(ty, super::T::Never | super::T::Unit) {
            self.to(expr, &Dest::Discard);
            return Js::stable("undefined");
        }
        let at = self.out.len();
        let name = self.temp();
        let loose = std::mem::replace(&mut self.loose, false);
        self.to(expr, &Dest::Var(name.clone()));
        let sure = if std::mem::replace(&mut self.loose, loose) { "!" } else { "" };
        let declaration = format!("let {name}{sure}: {};", self.types.ts(&ty));
        if at <= self.out.len() {
            self.out.insert(at, declaration);
        }
        Js::atom(name, READ)
    }

    /// `cond ? a : b`, where neither side needs statements.
    fn choice(&mut self, expr: &Expr) -> Option<Js> {
        let Kind::If { cond, then, otherwise: Some(otherwise) } = &*expr.kind else { return None };
        let simple = |block: &Block| block.stmts.is_empty() && block.tail.is_some();
        let Kind::Block(other) = &*otherwise.kind else { return None };
        if !simple(then) || !simple(other) || has_let(cond) || self.ty(expr) == super::T::Never {
            return None;
        }
        let (a, b) = (then.tail.as_deref()?, other.tail.as_deref()?);
        if diverges(a) || diverges(b) {
            return None;
        }
        let temps = self.checkpoint();
        let ((cond, a, b), lines, _) = self.sub(|p| {
            let cond = p.read(cond);
            let (a, first, _) = p.sub(|p| p.value(a));
            let (b, second, _) = p.sub(|p| p.value(b));
            if !first.is_empty() || !second.is_empty() {
                p.emit("");
            }
            (cond, a, b)
        });
        if !lines.is_empty() {
            self.rewind(temps);
            return None;
        }
        let code =
            format!("{} ? {} : {}", cond.at(prec::COALESCE), a.at(prec::COALESCE), b.at(prec::COALESCE));
        let js = Js::new(code, prec::CHOOSE, cond.fx | a.fx | b.fx);
        Some(if a.fresh && b.fresh { js.fresh() } else { js })
    }

    pub(super) fn if_to(&mut self, cond: &Expr, then: &Block, otherwise: Option<&Expr>, dest: &Dest) {
        let mut parts = Vec::new();
        flatten(cond, &mut parts);
        let at = self.out.len();
        let mut nested = false;
        let ends = self.conditions(&parts, then, dest, otherwise.is_some(), &mut nested);
        let Some(otherwise) = otherwise else { return };
        if nested {
            return self.other_if_not(at, otherwise, dest);
        }
        let ((), lines, ended) = self.sub(|p| p.to(otherwise, dest));
        self.join_else(lines, ends, ended);
    }

    /// Puts an `else` behind the `if` that was printed last; an `else if` where that is all of it.
    fn join_else(&mut self, lines: Vec<String>, first_ends: bool, ended: bool) {
        if self.dead {
            return;
        }
        if first_ends {
            // Nothing comes here from the first branch: no `else` is needed.
            self.out.extend(lines);
            self.dead = ended;
            return;
        }
        if lines.is_empty() {
            return;
        }
        self.out.pop();
        let is_if = lines[0].starts_with("if (") && one_statement(&lines);
        if is_if {
            let mut lines = lines.into_iter();
            let head = lines.next().unwrap_or_default();
            self.out.push(format!("}} else {head}"));
            self.out.extend(lines);
        } else {
            self.out.push("} else {".into());
            self.out.extend(lines.into_iter().map(|line| format!("  {line}")));
            self.out.push("}".into());
        }
    }

    /// Prints `if (…) { then }` for a list of conditions. Those that need statements of their own are nested, and
    /// then a variable tells whether all held. Gives whether `then` ends the way.
    fn conditions(
        &mut self,
        parts: &[&Expr],
        then: &Block,
        dest: &Dest,
        has_else: bool,
        nested: &mut bool,
    ) -> bool {
        let mut matched = Matched::default();
        let mut taken = 0;
        for part in parts {
            let (mut one, lines, _) = self.sub(|p| p.condition(part));
            if !lines.is_empty() && taken > 0 {
                break;
            }
            self.out.extend(lines);
            self.inline(&one);
            matched.conds.append(&mut one.conds);
            matched.binds.append(&mut one.binds);
            taken += 1;
        }
        let cond = matched.cond();
        let rest = &parts[taken..];
        let (ends, lines, _) = self.sub(|p| {
            p.declare(matched);
            if rest.is_empty() {
                p.block(then, dest);
                if *nested && has_else && !p.dead {
                    p.emit(SET);
                }
                return p.dead;
            }
            *nested = true;
            p.conditions(rest, then, dest, has_else, nested)
        });
        self.nest(&format!("if ({}) ", cond.code), lines, "");
        ends && !*nested
    }

    /// The `else` of conditions that were nested.
    fn other_if_not(&mut self, at: usize, otherwise: &Expr, dest: &Dest) {
        let name = self.name("matched");
        // The innermost block sets it: the mark is replaced by an assignment.
        for line in &mut self.out[at..] {
            *line = line.replace(SET, &format!("{name} = true;"));
        }
        self.out.insert(at, format!("let {name} = false;"));
        self.loose = true;
        let ((), lines, _) = self.sub(|p| p.to(otherwise, dest));
        if !lines.is_empty() {
            self.nest(&format!("if (!{name}) "), lines, "");
        }
    }

    /// One part of a condition.
    fn condition(&mut self, part: &Expr) -> Matched {
        let mut matched = Matched::default();
        match &*part.kind {
            Kind::Let(pat, of) => {
                let item = self.scrutinee(of, Some(pat));
                let ty = self.ty(of);
                self.test(pat, &item, &ty, false, &mut matched);
            }
            _ => {
                let js = self.read(part);
                matched.conds.push(js);
            }
        }
        matched
    }

    pub(super) fn match_to(&mut self, expr: &Expr, of: &Expr, arms: &[Arm], dest: &Dest) {
        let hint = arms
            .iter()
            .map(|arm| &arm.pat)
            .find(|pat| matches!(pat, super::Pat::Some(_) | super::Pat::Ok(_)));
        let item = self.scrutinee(of, hint);
        let item = if arms.iter().any(|arm| is_variant(&arm.pat)) { self.hold(item) } else { item };
        let ty = self.ty(of);
        let mut open = false;
        let mut all_end = !arms.is_empty();
        for (i, arm) in arms.iter().enumerate() {
            let last = i + 1 == arms.len() && arm.guard.is_none();
            let mut matched = Matched::default();
            let ((), before, _) = self.sub(|p| p.test(&arm.pat, &item, &ty, last, &mut matched));
            if i == 0 {
                self.out.extend(before);
            } else if !before.is_empty() {
                self.out.extend(before);
                if open {
                    self.refuse(
                        expr,
                        "this pattern needs statements, which have no place here",
                        "use `if let`",
                    );
                }
            }
            let mut cond = matched.cond();
            if let Some(guard) = &arm.guard {
                self.inline(&matched);
                let (js, lines, _) = self.sub(|p| p.read(guard));
                if !lines.is_empty() {
                    self.refuse(
                        guard,
                        "this guard needs statements, which have no place here",
                        "use `if` inside of the arm",
                    );
                }
                cond = Js::binary(&cond, "&&", &js, prec::AND);
                if matched.conds.is_empty() {
                    cond = js;
                }
            }
            let always = arm.guard.is_none() && (last || matched.conds.is_empty());
            let (declared, lines, ended) = self.sub(|p| {
                p.declare(matched);
                let declared = p.out.len();
                p.to(&arm.body, dest);
                declared
            });
            let lines = without_unused(lines, declared);
            all_end &= ended;
            self.arm(&cond, always, &mut open, lines);
            if always {
                break;
            }
        }
        if all_end {
            self.dead = true;
        }
    }

    fn arm(&mut self, cond: &Js, always: bool, open: &mut bool, lines: Vec<String>) {
        let indented = lines.iter().map(|line| format!("  {line}"));
        match (*open, always) {
            (false, true) => self.out.extend(lines),
            (false, false) => {
                self.out.push(format!("if ({}) {{", cond.code));
                self.out.extend(indented);
                self.out.push("}".into());
            }
            (true, true) if lines.is_empty() => {}
            (true, always) => {
                self.out.pop();
                self.out.push(if always {
                    "} else {".into()
                } else {
                    format!("}} else if ({}) {{", cond.code)
                });
                self.out.extend(indented);
                self.out.push("}".into());
            }
        }
        *open = true;
    }
}

fn flatten<'e>(cond: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match &*cond.kind {
        Kind::Binary(BinOp::And, a, b) => {
            flatten(a, parts);
            flatten(b, parts);
        }
        _ => parts.push(cond),
    }
}

fn has_let(cond: &Expr) -> bool {
    let mut parts = Vec::new();
    flatten(cond, &mut parts);
    parts.iter().any(|part| matches!(*part.kind, Kind::Let(..)))
}

fn diverges(expr: &Expr) -> bool {
    matches!(*expr.kind, Kind::Return(_) | Kind::Break | Kind::Continue | Kind::Match(..) | Kind::Block(_))
        || matches!(&*expr.kind, Kind::Call { path, .. } if path.len() == 1 && (path[0] == "Ok" || path[0] == "Err"))
}

/// Whether the lines are one `if` with its `else`s.
fn one_statement(lines: &[String]) -> bool {
    let top = |line: &&String| !line.starts_with(' ');
    lines.iter().filter(top).skip(1).all(|line| line.starts_with('}'))
        && lines.iter().filter(top).filter(|line| line.as_str() == "}").count() == 1
}

/// Leaves out constants, among the first lines, that only a guard has looked at.
fn without_unused(lines: Vec<String>, declared: usize) -> Vec<String> {
    let unused = |i: usize| {
        let name = lines[i].strip_prefix("const ").and_then(|rest| rest.split([' ', ':']).next());
        name.is_some_and(|name| !mentions(&lines[i + 1..], name))
    };
    (0..lines.len()).filter(|i| *i >= declared || !unused(*i)).map(|i| lines[i].clone()).collect()
}
