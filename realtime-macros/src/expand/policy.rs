//! `#[policy]`: the function as it stands. What it looks at is not lowered yet.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::{check::policy_fn, errors::Errors};

/// Expands the attribute.
pub(crate) fn policy(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !options.is_empty() {
        errors.at(
            &options,
            "`#[policy]` takes no options: who is asked stands where it is used, as in `read = author`",
        );
    }
    match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => policy_fn(&function, &mut errors),
        Err(_) => errors.at(&item, "a policy is a function: write `#[policy] fn author(user: &User, message: &Message) -> bool { … }`"),
    }
    let errors = errors.to_tokens();
    quote!(#item #errors)
}
