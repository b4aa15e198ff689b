//! The one step that writes code. Its output names `::realtime_core::__private` and nothing else.

mod model;
mod mutations;
mod policy;
mod principal;
mod shape;
#[cfg(test)]
mod tests;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) use self::{
    model::sync_model,
    mutations::mutations,
    policy::policy,
    principal::principal,
    shape::{sync_error, sync_type},
};

/// The path that output names.
pub(crate) fn private() -> TokenStream {
    quote!(::realtime_core::__private)
}

/// The same, shown at the author's tokens: where rustc complains of what follows, it complains there.
pub(crate) fn private_at(span: Span) -> TokenStream {
    quote_spanned!(span=> ::realtime_core::__private)
}

/// Runs a derive: what it makes, and beside it a `compile_error!` for each mistake.
pub(crate) fn derive(input: TokenStream, make: fn(&DeriveInput, &mut Errors) -> TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let made = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => make(&input, &mut errors),
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    let errors = errors.to_tokens();
    quote!(#made #errors)
}

/// Returns the expression that is true where the type may be copied bit by bit.
fn is_copy(ident: &syn::Ident) -> TokenStream {
    let p = private();
    quote!({
        use #p::lowered::NotCopy as _;
        #p::lowered::CopyProbe::<#ident>::COPY
    })
}
