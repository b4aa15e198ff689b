//! Named types: structs, newtypes, enums, the errors of mutations, principals.

use syn::{Data, DeriveInput, Ident, LitStr, Type, ext::IdentExt, punctuated::Punctuated};

use super::{
    field::{Field, FieldOf},
    model::own_type,
    ty::{check_wide, without_self},
};
use crate::{
    attr::{Case, Place, Target, doc, read, serde},
    errors::Errors,
};

/// A named type, checked.
pub(crate) struct Shape {
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) body: Body,
}

/// What it is made of.
pub(crate) enum Body {
    Struct(Vec<Field>),
    Newtype(Box<Type>),
    /// With the tag, where there is one.
    Enum(Option<LitStr>, Vec<Variant>),
}

/// A variant.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) fields: Fields,
}

/// The fields of a variant.
pub(crate) enum Fields {
    Unit,
    Unnamed(Vec<Type>),
    Named(Vec<Field>),
}

const CONTAINER: Place = Place {
    known: &[],
    elsewhere: &[
        ("topic", "a struct with `#[derive(SyncModel)]`"),
        ("version", "a struct with `#[derive(SyncModel)]`"),
        ("key", "a model's field"),
        ("length", "a field"),
        ("range", "a field"),
    ],
};

impl Shape {
    /// Checks what derives `SyncType`.
    pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        super::no_generics(input, "a type of the schema", errors);
        container(input, errors);
        let own = own_type(&input.ident);
        let body = match &input.data {
            Data::Struct(data) => match &data.fields {
                syn::Fields::Named(fields) => Some(record(input, &fields.named, &own, FieldOf::Type, errors)),
                syn::Fields::Unnamed(fields) => newtype(input, &fields.unnamed, &own, errors),
                syn::Fields::Unit => {
                    errors.at(
                        &input.ident,
                        "a struct without fields has nothing to send: use an enum, or leave it out",
                    );
                    None
                }
            },
            Data::Enum(data) => choice(input, &data.variants, &own, FieldOf::Type, errors),
            Data::Union(data) => {
                errors.at(&data.union_token, "a union has no form in TypeScript: use an enum");
                None
            }
        };
        Self::of(input, body?)
    }

    /// Checks what derives `SyncError`.
    pub(crate) fn check_error(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        super::no_generics(input, "a mutation's error", errors);
        container(input, errors);
        let Data::Enum(data) = &input.data else {
            errors.at(
                &input.ident,
                "a mutation's error is an enum: one variant for each thing that a caller can do about it",
            );
            return None;
        };
        let body = choice(input, &data.variants, &own_type(&input.ident), FieldOf::Error, errors);
        Self::of(input, body?)
    }

    /// Checks what derives `Principal`, and returns the field that is its id too.
    pub(crate) fn check_principal(input: &DeriveInput, errors: &mut Errors) -> Option<(Self, Ident, Type)> {
        super::no_generics(input, "a principal", errors);
        container(input, errors);
        let Data::Struct(syn::DataStruct { fields: syn::Fields::Named(fields), .. }) = &input.data else {
            errors.at(&input.ident, "a principal is a struct with named fields");
            return None;
        };
        let id = principal_id(input, &fields.named, errors);
        let body = record(input, &fields.named, &own_type(&input.ident), FieldOf::Principal, errors);
        let (id, ty) = id?;
        Some((Self::of(input, body)?, id, ty))
    }

    fn of(input: &DeriveInput, body: Body) -> Option<Self> {
        Some(Self { ident: input.ident.clone(), doc: doc(&input.attrs), body })
    }
}

fn container(input: &DeriveInput, errors: &mut Errors) {
    for opt in read(&input.attrs, "sync", errors) {
        CONTAINER.unknown(&opt, errors);
    }
}

fn principal_id(
    input: &DeriveInput,
    fields: &Punctuated<syn::Field, syn::Token![,]>,
    errors: &mut Errors,
) -> Option<(Ident, Type)> {
    const FIELD: Place = Place { known: &["id"], elsewhere: &[] };
    let mut found = None;
    for field in fields {
        for opt in read(&field.attrs, "principal", errors) {
            if opt.name != "id" {
                FIELD.unknown(&opt, errors);
                continue;
            }
            opt.word(errors);
            if found.is_some() {
                errors.span(opt.span(), "a principal has one id: remove one `#[principal(id)]`");
            }
            found = field.ident.clone().map(|ident| (ident, field.ty.clone()));
        }
    }
    if found.is_none() {
        errors.at(
            &input.ident,
            format!(
                "`{}` has no id: mark the field that names who it is with `#[principal(id)]`",
                input.ident
            ),
        );
    }
    found
}

fn record(
    input: &DeriveInput,
    fields: &Punctuated<syn::Field, syn::Token![,]>,
    own: &Type,
    of: FieldOf,
    errors: &mut Errors,
) -> Body {
    let serde = serde(&input.attrs, Target::Struct, errors);
    let mut fields = named(fields, own, of, serde.rename_all, errors);
    if serde.default.is_some() {
        fields.iter_mut().for_each(|field| field.optional = true);
    }
    Body::Struct(fields)
}

fn named(
    fields: &Punctuated<syn::Field, syn::Token![,]>,
    own: &Type,
    of: FieldOf,
    case: Option<Case>,
    errors: &mut Errors,
) -> Vec<Field> {
    let checked: Vec<Field> =
        fields.iter().filter_map(|field| Field::check(field, own, of, case, errors)).collect();
    for (i, field) in checked.iter().enumerate() {
        if let Some(other) = checked[..i].iter().find(|other| other.name == field.name) {
            errors
                .at(&field.ident, format!("`{}` has the name `{}` on the wire too", other.rust, field.name));
        }
    }
    checked
}

fn unnamed(field: &syn::Field, own: &Type, errors: &mut Errors) -> Type {
    serde(&field.attrs, Target::Unnamed, errors);
    for opt in read(&field.attrs, "sync", errors) {
        errors.span(opt.span(), "a field without a name takes no options: name it");
    }
    check_wide(&field.ty, None, errors);
    without_self(&field.ty, own)
}

fn newtype(
    input: &DeriveInput,
    fields: &Punctuated<syn::Field, syn::Token![,]>,
    own: &Type,
    errors: &mut Errors,
) -> Option<Body> {
    serde(&input.attrs, Target::Newtype, errors);
    match fields.first() {
        Some(field) if fields.len() == 1 => Some(Body::Newtype(Box::new(unnamed(field, own, errors)))),
        _ => {
            errors.at(
                &input.ident,
                "a struct of several fields without names reads badly in TypeScript: name the fields",
            );
            None
        }
    }
}

fn choice(
    input: &DeriveInput,
    variants: &Punctuated<syn::Variant, syn::Token![,]>,
    own: &Type,
    of: FieldOf,
    errors: &mut Errors,
) -> Option<Body> {
    let target = if of == FieldOf::Error { Target::ErrorEnum } else { Target::Enum };
    let outer = serde(&input.attrs, target, errors);
    if variants.is_empty() {
        errors.at(&input.ident, "an enum without variants has no value to send: add one");
        return None;
    }
    let mut checked: Vec<Variant> = Vec::new();
    for variant in variants {
        let inner = serde(&variant.attrs, Target::Variant, errors);
        for opt in read(&variant.attrs, "sync", errors) {
            CONTAINER.unknown(&opt, errors);
        }
        let rust = variant.ident.unraw().to_string();
        let name = match inner.rename {
            Some(name) => name.value(),
            None => outer.rename_all.map_or_else(|| rust.clone(), |case| case.variant(&rust)),
        };
        if let Some(other) = checked.iter().find(|other| other.name == name) {
            errors.at(&variant.ident, format!("`{}` has the name `{name}` on the wire too", other.ident));
        }
        let case = inner.rename_all.or(outer.rename_all_fields);
        let flat = outer.tag.is_some() || of == FieldOf::Error;
        let fields = variant_fields(variant, own, of, case, flat, errors);
        checked.push(Variant { ident: variant.ident.clone(), name, doc: doc(&variant.attrs), fields });
    }
    Some(Body::Enum(outer.tag, checked))
}

fn variant_fields(
    variant: &syn::Variant,
    own: &Type,
    of: FieldOf,
    case: Option<Case>,
    flat: bool,
    errors: &mut Errors,
) -> Fields {
    match &variant.fields {
        syn::Fields::Unit => Fields::Unit,
        syn::Fields::Unnamed(fields) => {
            if flat {
                let tag = if of == FieldOf::Error { "`code`" } else { "the tag" };
                errors.at(
                    fields,
                    format!("these stand beside {tag}, so they need names: `{} {{ … }}`", variant.ident),
                );
            }
            Fields::Unnamed(fields.unnamed.iter().map(|field| unnamed(field, own, errors)).collect())
        }
        syn::Fields::Named(fields) => {
            let checked = named(&fields.named, own, of, case, errors);
            for field in checked.iter().filter(|f| of == FieldOf::Error && f.name == "code") {
                errors.at(&field.ident, "`code` holds the variant's name: rename this field");
            }
            Fields::Named(checked)
        }
    }
}
