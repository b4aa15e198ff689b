//! Tokens -> checked model -> tokens. Users name realtime-core, which re-exports these and documents them there.

mod attr;
mod check;
mod checked;
mod errors;
mod expand;
mod lower;
mod suggest;

use proc_macro::TokenStream;

/// Makes a struct a sync model: see `realtime_core::SyncModel`.
#[proc_macro_derive(SyncModel, attributes(sync, serde))]
pub fn derive_sync_model(input: TokenStream) -> TokenStream {
    expand::derive(input.into(), expand::sync_model).into()
}

/// Makes a struct or an enum a type that models can hold: see `realtime_core::SyncType`.
#[proc_macro_derive(SyncType, attributes(sync, serde))]
pub fn derive_sync_type(input: TokenStream) -> TokenStream {
    expand::derive(input.into(), expand::sync_type).into()
}

/// Makes an enum the typed error of mutations: see `realtime_core::SyncError`.
#[proc_macro_derive(SyncError, attributes(sync, serde))]
pub fn derive_sync_error(input: TokenStream) -> TokenStream {
    expand::derive(input.into(), expand::sync_error).into()
}

/// Makes a struct the principal of an app: see `realtime_core::Principal`.
#[proc_macro_derive(Principal, attributes(principal, sync, serde))]
pub fn derive_principal(input: TokenStream) -> TokenStream {
    expand::derive(input.into(), expand::principal).into()
}

/// Makes the functions of an `impl` the mutations of a model: see `realtime_core::mutations`.
#[proc_macro_attribute]
pub fn mutations(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::mutations(options.into(), item.into()).into()
}

/// Marks a plain function as a policy, which is checked to be one; the function itself stays as it is.
///
/// ```text
/// #[policy]
/// fn author(user: &User, message: &Message) -> bool { message.author == user.id }
/// ```
///
/// It changes nothing yet, and a policy without it works all the same. It is the place for what a later version reads
/// out of the body: whether it compares a principal with a column, so that owners share their bytes with all others,
/// and what the browser can preview.
#[proc_macro_attribute]
pub fn policy(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::policy(options.into(), item.into()).into()
}
