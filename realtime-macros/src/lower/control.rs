//! What decides what runs: branches, loops, ways out, closures.

use serde_json::{Value, json};
use syn::{Expr, ExprClosure, ExprForLoop, ExprIf, ExprMatch, Pat, spanned::Spanned};

use quote::ToTokens;

use super::Lowerer;

impl Lowerer<'_> {
    /// Lowers what decides what runs.
    pub(super) fn control(&mut self, expr: &Expr) -> Value {
        let kind = match expr {
            Expr::If(of) => self.conditional(of),
            Expr::Match(of) => self.matching(of),
            Expr::ForLoop(of) => self.for_loop(of),
            Expr::Let(of) => {
                let value = self.expr(&of.expr);
                let pat = self.pat(&of.pat);
                json!({ "let": [pat, value] })
            }
            Expr::Block(of) => {
                self.no_label(of.label.as_ref());
                json!({ "block": self.block(&of.block) })
            }
            Expr::Try(of) => {
                self.no_way_out(&of.question_token, "?");
                json!({ "try": self.expr(&of.expr) })
            }
            Expr::Return(of) => {
                self.no_way_out(&of.return_token, "return");
                let value = of.expr.as_ref().map(|e| self.expr(e));
                json!({ "return": value })
            }
            Expr::Break(of) => {
                self.no_label(of.label.as_ref());
                json!("break")
            }
            Expr::Continue(of) => {
                self.no_label(of.label.as_ref());
                json!("continue")
            }
            other => {
                self.refuse_expr(other);
                return self.nothing(other.span());
            }
        };
        self.node(expr.span(), kind)
    }

    fn no_label(&mut self, label: Option<&impl ToTokens>) {
        if let Some(label) = label {
            self.refuse(label, "labels cannot be lowered", "break out with a variable, or with `return`");
        }
    }

    /// In a closure there is no way out of the mutation.
    fn no_way_out(&mut self, token: &impl ToTokens, name: &str) {
        if self.closures > 0 {
            let what = format!("`{name}` inside of a closure cannot be lowered");
            self.refuse(token, &what, &format!("use a `for` loop, where `{name}` leaves the mutation"));
        }
    }

    fn for_loop(&mut self, of: &ExprForLoop) -> Value {
        self.no_label(of.label.as_ref());
        // What is looped over does not see what the pattern binds.
        let over = self.expr(&of.expr);
        let pat = self.pat(&of.pat);
        let body = self.block(&of.body);
        json!({ "for": [pat, over, body] })
    }

    fn conditional(&mut self, of: &ExprIf) -> Value {
        let cond = self.expr(&of.cond);
        let then = self.block(&of.then_branch);
        let otherwise = of.else_branch.as_ref().map(|(_, e)| self.expr(e));
        json!({ "if": { "cond": cond, "then": then, "otherwise": otherwise } })
    }

    fn matching(&mut self, of: &ExprMatch) -> Value {
        let value = self.expr(&of.expr);
        let mut arms = Vec::new();
        for arm in &of.arms {
            let (pat, guard) = match &arm.pat {
                Pat::Guard(of) => (&*of.pat, Some(&*of.guard)),
                pat => (pat, None),
            };
            let pat = self.pat(pat);
            let guard = guard.map(|e| self.expr(e));
            let body = self.expr(&arm.body);
            arms.push(json!({ "pat": pat, "guard": guard, "body": body }));
        }
        json!({ "match": [value, arms] })
    }

    /// Lowers a closure.
    pub(super) fn closure(&mut self, closure: &ExprClosure) -> Value {
        if let Some(token) = &closure.asyncness {
            self.refuse(token, "`async` cannot run in the browser", "a mutation is not async");
        }
        self.closures += 1;
        let pats: Vec<Value> = closure.inputs.iter().map(|pat| self.pat(pat)).collect();
        let body = self.expr(&closure.body);
        self.closures -= 1;
        json!({ "closure": [pats, body] })
    }
}
