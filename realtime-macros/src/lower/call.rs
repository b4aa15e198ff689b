//! Calls: functions of the list, constructors, methods.

use serde_json::{Value, json};
use syn::{Expr, ExprCall, ExprMethodCall, GenericArgument, Path, PathArguments, Type};

use super::{
    Lowerer,
    expr::{Named, constructor, named},
    methods,
};

/// The functions that are lowered, by their last two segments.
const FUNCTIONS: [(&str, &str); 10] = [
    ("mem", "take"),
    ("mem", "replace"),
    ("mem", "swap"),
    ("Vec", "new"),
    ("String", "new"),
    ("String", "from"),
    ("BTreeMap", "new"),
    ("BTreeSet", "new"),
    ("HashMap", "new"),
    ("Default", "default"),
];

impl Lowerer<'_> {
    /// Lowers a call of a function or a constructor.
    pub(super) fn call(&mut self, call: &ExprCall) -> Value {
        let Expr::Path(func) = &*call.func else {
            self.refuse(&call.func, "the call of a value cannot be lowered", "write out here what it does");
            return json!({ "tuple": [] });
        };
        let path = &func.path;
        let bare = path.get_ident().map(ToString::to_string).unwrap_or_default();
        if matches!(bare.as_str(), "Some" | "Ok" | "Err") {
            let args = self.all(&call.args);
            return json!({ "call": { "path": [bare], "ty": null, "args": args } });
        }
        if let Some(listed) = listed(path) {
            let ty = self.turbofish(path);
            let args = self.all(&call.args);
            return json!({ "call": { "path": listed, "ty": ty, "args": args } });
        }
        let lower_case = matches!(named(path), Named::Local(_) | Named::Function);
        match constructor(path).filter(|_| !lower_case && func.qself.is_none()) {
            Some((ty, variant)) => {
                let ty = self.path_ty(ty);
                let args = self.all(&call.args);
                let fields: Vec<Value> =
                    args.into_iter().enumerate().map(|(i, arg)| json!([i.to_string(), arg])).collect();
                json!({ "struct": { "ty": ty, "variant": variant, "fields": fields, "base": null } })
            }
            None => {
                self.refuse_call(path);
                json!({ "tuple": [] })
            }
        }
    }

    /// The type of `Vec::<u32>::new`.
    fn turbofish(&mut self, path: &Path) -> Option<usize> {
        let mut ty = path.clone();
        ty.segments.pop();
        ty.segments.pop_punct();
        let last = ty.segments.last()?;
        matches!(last.arguments, PathArguments::AngleBracketed(_)).then(|| self.path_ty(ty))
    }

    /// Lowers a call of a method.
    pub(super) fn method(&mut self, call: &ExprMethodCall) -> Value {
        let name = call.method.to_string();
        let on_tx = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("tx"));
        let known = if on_tx { methods::of_tx(&name) } else { methods::known(&name) };
        if !known {
            self.refuse_method(&call.method);
        }
        let ty = call.turbofish.as_ref().and_then(|turbofish| {
            let types: Vec<&Type> = turbofish
                .args
                .iter()
                .filter_map(|arg| match arg {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect();
            match types.as_slice() {
                [ty] if turbofish.args.len() == 1 => Some(self.ty(ty)),
                _ => {
                    self.refuse(
                        turbofish,
                        "this turbofish cannot be lowered",
                        "leave it out, and declare the type: `let x: T = …`",
                    );
                    None
                }
            }
        });
        let recv = self.expr(&call.receiver);
        let args = self.all(&call.args);
        json!({ "method": { "recv": recv, "name": name, "ty": ty, "args": args } })
    }
}

/// Returns the segments of a function of the list, without the modules before them.
fn listed(path: &Path) -> Option<[String; 2]> {
    let names: Vec<String> = path.segments.iter().rev().take(2).map(|s| s.ident.to_string()).collect();
    let [last, owner] = <[String; 2]>::try_from(names).ok()?;
    FUNCTIONS.contains(&(owner.as_str(), last.as_str())).then_some([owner, last])
}
