//! What cannot run in the browser, and what to write instead.

use quote::ToTokens;
use syn::{Expr, Ident, Path};

use super::{Lowerer, methods};
use crate::suggest::nearest;

const WAY_OUT: &str =
    "or keep it on the server: `#[mutation(optimistic = none)]`: then it shows when it is confirmed";

/// Functions whose result differs between two runs, and what stands in for each.
const IMPURE: [(&str, &str, &str); 8] = [
    ("SystemTime", "now", "use `tx.now()`: the time of intent, equal on both sides"),
    ("Instant", "now", "use `tx.now()`: the time of intent, equal on both sides"),
    ("Utc", "now", "use `tx.now()`: the time of intent, equal on both sides"),
    ("Local", "now", "use `tx.now()`: the time of intent, equal on both sides"),
    ("Timestamp", "now", "use `tx.now()`: the time of intent, equal on both sides"),
    ("Uuid", "new_v4", "use `tx.new_id()`: the same id on both sides, and on each replay"),
    ("Uuid", "now_v7", "use `tx.new_id()`: the same id on both sides, and on each replay"),
    ("rand", "random", "use `tx.random(n)`: the same number on both sides, and on each replay"),
];

impl Lowerer<'_> {
    /// Says what cannot be lowered, and what to write instead.
    pub(super) fn refuse(&mut self, at: &impl ToTokens, what: &str, help: &str) {
        self.errors.at(at, format!("{what}\nhelp: {help}\n{WAY_OUT}"));
    }

    /// Refuses a call of a function.
    pub(super) fn refuse_call(&mut self, path: &Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let text = names.join("::");
        let last = names.last().map_or("", String::as_str);
        let owner = names.len().checked_sub(2).and_then(|i| names.get(i)).map_or("", String::as_str);
        if let Some((_, _, help)) = IMPURE.iter().find(|(of, name, _)| *of == owner && *name == last) {
            return self.refuse(path, &format!("`{text}` cannot run in the browser as it does here"), help);
        }
        if owner.is_empty() && matches!(last, "thread_rng" | "random" | "rng") {
            let help = "use `tx.random(n)`: the same number on both sides, and on each replay";
            return self.refuse(path, &format!("`{text}` cannot run in the browser as it does here"), help);
        }
        let help = if owner.is_empty() || owner == "Self" {
            "write it out here: functions of your own are not lowered yet"
        } else if methods::known(last) {
            "call it as a method of its first argument"
        } else {
            "write it out here, with the methods that are lowered"
        };
        self.refuse(path, &format!("the function `{text}` cannot run in the browser"), help);
    }

    /// Refuses a method that no table has.
    pub(super) fn refuse_method(&mut self, method: &Ident) {
        let name = method.to_string();
        let help = match name.as_str() {
            "unwrap" | "expect" => {
                "return a typed error where it is absent: `.ok_or(VoteError::NoSuchChoice)?`, or take `.unwrap_or(…)`".to_owned()
            }
            "sort_unstable" | "sort_unstable_by" | "sort_unstable_by_key" => {
                format!("`{}` gives one order on both sides", name.replace("_unstable", ""))
            }
            "as_bytes" | "bytes" | "char_indices" => {
                "text is not indexed by bytes in the browser: use `chars()`".to_owned()
            }
            "round" => "ties are rounded in another way there: use `floor`, `ceil` or `trunc`".to_owned(),
            "enqueue" | "enqueue_at" | "cancel" => "procedures do not exist yet in this version of Realtime".to_owned(),
            _ => match nearest(&name, methods::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write it out with the methods that are lowered; functions of your own are not lowered yet".to_owned(),
            },
        };
        self.refuse(method, &format!("the method `{name}` cannot run in the browser"), &help);
    }

    /// Refuses a kind of expression.
    pub(super) fn refuse_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::While(e) => self.refuse(
                &e.while_token,
                "`while` cannot run in the browser",
                "a loop that may not end would hang the page: use `for` over a collection or a range",
            ),
            Expr::Loop(e) => self.refuse(
                &e.loop_token,
                "`loop` cannot run in the browser",
                "a loop that may not end would hang the page: use `for` over a collection or a range",
            ),
            Expr::Await(e) => {
                self.refuse(&e.await_token, "`.await` cannot run in the browser", "a mutation is not async")
            }
            Expr::Async(e) => {
                self.refuse(&e.async_token, "`async` cannot run in the browser", "a mutation is not async")
            }
            Expr::Unsafe(e) => {
                self.refuse(&e.unsafe_token, "`unsafe` cannot run in the browser", "write it in safe Rust")
            }
            Expr::Const(e) => self.refuse(
                &e.const_token,
                "a `const` block cannot be lowered",
                "make it a `const` item, and name it",
            ),
            Expr::Repeat(e) => self.refuse(e, "`[x; n]` cannot be lowered", "write the elements out"),
            Expr::RawAddr(e) => self.refuse(e, "raw pointers cannot run in the browser", "use references"),
            other => self.refuse(other, "this cannot run in the browser", "write it in another way"),
        }
    }
}
