//! `#[derive(Principal)]`: who a connection acts for.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned};

use super::{
    private, private_at,
    shape::{described, stand_in},
};
use crate::{check::Shape, errors::Errors};

/// Expands the derive.
pub(crate) fn principal(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    let p = private();
    let ident = &input.ident;
    let (described, id) = match Shape::check_principal(input, errors) {
        Some((shape, id, ty)) if errors.is_empty() => {
            let at = private_at(ty.span());
            (described(&shape, false), quote_spanned!(ty.span()=> <#ty as #at::KeyField>::as_key(&self.#id)))
        }
        _ => (stand_in(input), quote!(::core::unimplemented!())),
    };
    quote! {
        #described
        #[automatically_derived]
        impl #p::Principal for #ident {
            fn id(&self) -> &str {
                #id
            }
        }
    }
}
