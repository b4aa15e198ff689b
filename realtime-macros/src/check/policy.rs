//! `#[policy]` on a function: that it is one which can be a policy.

use syn::{FnArg, ItemFn, ReceiverKind, ReturnType, Safety, Type, spanned::Spanned};

use super::ty::name;
use crate::errors::Errors;

const FORM: &str = "a policy is `fn(&User) -> bool`, `fn(&User, &Entity) -> bool`, `fn(&User, &Root) -> bool` or `fn(&User, &Entity, &Root) -> bool`";

/// Checks a function; complains about all that keeps it from being a policy.
pub(crate) fn policy_fn(function: &ItemFn, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        errors.at(
            token,
            "a policy cannot be async: it is asked again at each commit. load what it needs in the authenticator, or keep it in the topic",
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, "a policy cannot be unsafe: remove this");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "a policy has no ABI: remove this");
    }
    if !sig.generics.params.is_empty() {
        errors.at(&sig.generics.params, "a policy cannot be generic: name the principal and the models");
    }
    for (at, input) in sig.inputs.iter().enumerate() {
        if at == 3 {
            errors.at(input, format!("one parameter too many: {FORM}"));
            break;
        }
        parameter(input, errors);
    }
    if sig.inputs.is_empty() {
        errors.span(sig.paren_token.span.join(), format!("a policy looks at somebody: {FORM}"));
    }
    match &sig.output {
        ReturnType::Type(_, ty) if name(ty).is_some_and(|name| name == "bool") => {}
        ReturnType::Type(_, ty) => errors.at(ty, "a policy says yes or no: return `bool`"),
        ReturnType::Default => errors.at(&sig.ident, "a policy says yes or no: add `-> bool`"),
    }
}

fn parameter(input: &FnArg, errors: &mut Errors) {
    match input {
        FnArg::Receiver(receiver) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
                errors.at(receiver, "a policy only looks: take `&self`");
            }
        }
        FnArg::Typed(typed) => match &*typed.ty {
            Type::Reference(of) => match (&of.mutability, &*of.elem) {
                (Some(token), _) => errors.at(token, "a policy only looks: remove `mut`"),
                (None, Type::ImplTrait(of)) => {
                    errors.at(of, "a policy cannot be generic: name the principal and the models");
                }
                (None, _) => {}
            },
            other => errors.span(other.span(), format!("taken by reference, `&{}`: {FORM}", written(other))),
        },
    }
}

fn written(ty: &Type) -> String {
    name(ty).map_or_else(|| "…".to_owned(), ToString::to_string)
}
