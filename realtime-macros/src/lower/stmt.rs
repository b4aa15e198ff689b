//! Blocks and statements.

use serde_json::{Value, json};
use syn::{Block, Expr, Local, Pat, Stmt, spanned::Spanned};

use super::Lowerer;

impl Lowerer<'_> {
    /// Lowers a block: statements, and where the last one has no semicolon, the value.
    pub(super) fn block(&mut self, block: &Block) -> Value {
        let mut stmts = Vec::new();
        let mut tail = Value::Null;
        for (i, stmt) in block.stmts.iter().enumerate() {
            let last = i + 1 == block.stmts.len();
            match stmt {
                Stmt::Local(local) => stmts.extend(self.local(local)),
                Stmt::Expr(expr, None) if last && has_value(expr) => tail = self.expr(expr),
                Stmt::Expr(expr, _) => {
                    let expr = self.expr(expr);
                    stmts.push(json!({ "expr": expr }));
                }
                Stmt::Macro(mac) => {
                    let value = self.mac(&mac.mac, mac.span());
                    if last && mac.semi_token.is_none() {
                        tail = value;
                    } else {
                        stmts.push(json!({ "expr": value }));
                    }
                }
                Stmt::Item(item) => {
                    self.refuse(
                        item,
                        "an item inside of a mutator cannot be lowered",
                        "move it out of the function",
                    );
                }
            }
        }
        json!({ "stmts": stmts, "tail": tail })
    }

    fn local(&mut self, local: &Local) -> Option<Value> {
        let (pat, ty) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(self.ty(&typed.ty))),
            pat => (pat, None),
        };
        let Some(init) = &local.init else {
            self.refuse(
                &local.pat,
                "a variable without a value cannot be lowered",
                "give it a value: `let x = …;`",
            );
            return None;
        };
        // The value first: it does not see what the pattern binds.
        let value = self.expr(&init.expr);
        let pat = self.pat(pat);
        let or_else = match &init.diverge {
            Some((_, diverge)) => match &**diverge {
                Expr::Block(block) => self.block(&block.block),
                other => {
                    self.refuse_expr(other);
                    return None;
                }
            },
            None => Value::Null,
        };
        Some(json!({ "let": { "pat": pat, "ty": ty, "init": value, "or_else": or_else } }))
    }
}

/// Tells whether an expression at the end of a block is its value, and not a statement.
fn has_value(expr: &Expr) -> bool {
    match expr {
        Expr::ForLoop(_) | Expr::While(_) => false,
        Expr::If(expr) => expr.else_branch.is_some(),
        _ => true,
    }
}
