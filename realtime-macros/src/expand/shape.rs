//! `#[derive(SyncType)]` and `#[derive(SyncError)]`: a named type as data; an error as it stands on the wire.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, Type, spanned::Spanned};

use super::{is_copy, private, private_at};
use crate::{
    check::{Body, Field, Fields, Shape, Variant},
    errors::Errors,
};

/// Expands `#[derive(SyncType)]`.
pub(crate) fn sync_type(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    match Shape::check(input, errors) {
        Some(shape) if errors.is_empty() => {
            let (p, ident, described) = (private(), &shape.ident, described(&shape, false));
            quote! {
                #described
                #[automatically_derived]
                impl #p::lowered::Part for #ident {}
            }
        }
        _ => stand_in(input),
    }
}

/// Expands `#[derive(SyncError)]`.
pub(crate) fn sync_error(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    let p = private();
    let ident = &input.ident;
    let (params, args, clause) = input.generics.split_for_impl();
    let (described, body) = match Shape::check_error(input, errors) {
        Some(shape) if errors.is_empty() => (described(&shape, true), refusal(&shape)),
        _ => (stand_in(input), quote!(::core::unimplemented!())),
    };
    quote! {
        #described
        #[automatically_derived]
        impl #params #p::SyncError for #ident #args #clause {
            fn refusal(&self) -> ::core::result::Result<#p::Raw, #p::RawError> {
                #body
            }
        }
    }
}

/// The impls without content, so that one mistake does not become many.
pub(super) fn stand_in(input: &DeriveInput) -> TokenStream {
    let p = private();
    let ident = &input.ident;
    let (params, args, clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #params #p::Described for #ident #args #clause {
            fn describe(_: &mut #p::Types) -> #p::Ty { ::core::unimplemented!() }
        }
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #params #p::lowered::Has<#p::lowered::m::clone> for #ident #args #clause {}
    }
}

/// The function that describes one field's type: its only use of `Described`, so that it complains once.
pub(super) fn type_fn(index: usize, ty: &Type) -> TokenStream {
    let p = private();
    let name = format_ident!("__realtime_type_{index}");
    let at = private_at(ty.span());
    let describe = quote_spanned!(ty.span()=> <#ty as #at::Described>::describe);
    quote! {
        fn #name(types: &mut #p::Types) -> #p::Ty {
            #describe(types)
        }
    }
}

/// A `Vec<Field>`, whose types are described by the functions from `first` on.
pub(super) fn fields_expr(fields: &[Field], first: usize) -> TokenStream {
    let p = private();
    let fields = fields.iter().enumerate().map(|(i, field)| {
        let Field { rust, name, doc, optional, .. } = field;
        let ty = format_ident!("__realtime_type_{}", first + i);
        let rules = field.rules.expr(&p);
        quote! {
            #p::Field {
                number: 0,
                rust: #rust.into(),
                name: #name.into(),
                ty: #ty(types),
                doc: #doc.into(),
                optional: #optional,
                rules: #rules,
            }
        }
    });
    quote!(::std::vec![#(#fields),*])
}

/// Implements `Described`.
pub(super) fn described(shape: &Shape, error: bool) -> TokenStream {
    let p = private();
    let ident = &shape.ident;
    let (name, doc) = (ident.to_string(), &shape.doc);
    let types = types(&shape.body);
    let types = types.iter().enumerate().map(|(i, ty)| type_fn(i, ty));
    let body = match &shape.body {
        Body::Struct(fields) => {
            let fields = fields_expr(fields, 0);
            quote!(#p::Shape::Struct(#fields))
        }
        Body::Newtype(_) => quote!(#p::Shape::Newtype(__realtime_type_0(types))),
        Body::Enum(tag, variants) => {
            let variants = variants_expr(variants);
            match (tag, error) {
                (_, true) => quote!(#p::Shape::Error(#variants)),
                (Some(tag), _) => quote!(#p::Shape::TaggedEnum(#tag.into(), #variants)),
                (None, _) => quote!(#p::Shape::Enum(#variants)),
            }
        }
    };
    let copy = is_copy(ident);
    quote! {
        const _: () = {
            #(#types)*

            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #p::Described for #ident {
                fn describe(types: &mut #p::Types) -> #p::Ty {
                    types.named::<Self>(#name, |types| {
                        let _ = &types;
                        #p::TypeDef { name: #name.into(), doc: #doc.into(), shape: #body, copy: #copy }
                    })
                }
            }
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #p::lowered::Has<#p::lowered::m::clone> for #ident {}
        };
    }
}

/// The types of all fields, in order.
fn types(body: &Body) -> Vec<&Type> {
    match body {
        Body::Struct(fields) => fields.iter().map(|f| &f.ty).collect(),
        Body::Newtype(ty) => vec![ty],
        Body::Enum(_, variants) => variants
            .iter()
            .flat_map(|variant| match &variant.fields {
                Fields::Unit => Vec::new(),
                Fields::Unnamed(types) => types.iter().collect(),
                Fields::Named(fields) => fields.iter().map(|f| &f.ty).collect(),
            })
            .collect(),
    }
}

fn variants_expr(variants: &[Variant]) -> TokenStream {
    let p = private();
    let mut next = 0;
    let variants = variants.iter().map(|variant| {
        let (rust, name, doc) = (variant.ident.to_string(), &variant.name, &variant.doc);
        let first = next;
        let fields = match &variant.fields {
            Fields::Unit => quote!(#p::VariantFields::Unit),
            Fields::Unnamed(types) => {
                next += types.len();
                let all = (first..next).map(|i| format_ident!("__realtime_type_{i}"));
                match types.len() {
                    1 => quote!(#p::VariantFields::Newtype(#(#all(types))*)),
                    _ => quote!(#p::VariantFields::Tuple(::std::vec![#(#all(types)),*])),
                }
            }
            Fields::Named(fields) => {
                next += fields.len();
                let fields = fields_expr(fields, first);
                quote!(#p::VariantFields::Struct(#fields))
            }
        };
        quote!(#p::Variant { rust: #rust.into(), name: #name.into(), doc: #doc.into(), fields: #fields })
    });
    let variants: Vec<_> = variants.collect();
    quote!(::std::vec![#(#variants),*])
}

fn refusal(shape: &Shape) -> TokenStream {
    let p = private();
    let Body::Enum(_, variants) = &shape.body else { return quote!(::core::unimplemented!()) };
    let arms = variants.iter().map(|variant| {
        let (ident, code) = (&variant.ident, &variant.name);
        let fields: &[Field] = match &variant.fields {
            Fields::Named(fields) => fields,
            _ => &[],
        };
        let idents = fields.iter().map(|f| &f.ident);
        let bound: Vec<_> = (0..fields.len()).map(|i| format_ident!("field_{i}")).collect();
        let names = fields.iter().map(|f| &f.name);
        quote! {
            Self::#ident { #(#idents: #bound),* } => {
                #p::lowered::refusal(#code, ::std::vec![#((#names, #p::Raw::encode(#bound)?)),*])
            }
        }
    });
    quote!(match self { #(#arms)* })
}
