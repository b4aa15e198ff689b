//! `#[derive(SyncModel)]`: the model's parts as data, its columns out of an entity and back.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, Expr, ExprLit, Ident, Lit, Type, spanned::Spanned};

use super::{is_copy, private, private_at, shape::fields_expr, shape::type_fn};
use crate::{
    attr::{Absent, Policy},
    check::{Field, Model, Retain, Topic, ty},
    errors::Errors,
};

/// Expands the derive.
pub(crate) fn sync_model(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    match Model::check(input, errors) {
        Some(model) if errors.is_empty() => expand(&model),
        // A generic model has no form at all: an impl for it would only bring more complaints.
        _ if !input.generics.params.is_empty() => TokenStream::new(),
        _ => stand_in(&input.ident),
    }
}

/// What keeps one mistake from becoming many: the impls, without content.
fn stand_in(ident: &Ident) -> TokenStream {
    let p = private();
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #p::Described for #ident {
            fn describe(_: &mut #p::Types) -> #p::Ty { ::core::unimplemented!() }
        }
        #[automatically_derived]
        impl #p::SyncModel for #ident {
            type Principal = #p::Anyone;
            type Root = Self;
            const NUMBER: u16 = 0;
            fn key(&self) -> &str { ::core::unimplemented!() }
            fn parts() -> #p::ModelParts<Self> { ::core::unimplemented!() }
        }
        #[automatically_derived]
        impl #p::InTopic<#ident> for #ident {}
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #p::lowered::Has<#p::lowered::m::clone> for #ident {}
    }
}

fn expand(model: &Model) -> TokenStream {
    let p = private();
    let ident = &model.ident;
    let name = ident.to_string();
    let doc = &model.doc;
    let types = model.columns.iter().enumerate().map(|(i, column)| type_fn(i, &column.ty));
    let fields = fields_expr(&model.columns, 0);
    let copy = is_copy(ident);
    let policies = policies(model);
    let decode = decode(model);
    let sync_model = impl_sync_model(model);
    quote! {
        const _: () = {
            #(#types)*
            #policies
            #decode

            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #p::Described for #ident {
                fn describe(types: &mut #p::Types) -> #p::Ty {
                    types.named::<Self>(#name, |types| #p::TypeDef {
                        name: #name.into(),
                        doc: #doc.into(),
                        shape: #p::Shape::Struct(#fields),
                        copy: #copy,
                    })
                }
            }
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #p::lowered::Has<#p::lowered::m::clone> for #ident {}
            #sync_model
        };
    }
}

fn impl_sync_model(model: &Model) -> TokenStream {
    let p = private();
    let ident = &model.ident;
    let name = ident.to_string();
    let number = match model.number {
        Some(number) => quote!(#number),
        None => quote!(#p::model_number(#name)),
    };
    let (root, child) = match &model.topic {
        Topic::Root(..) => (quote!(#ident), None),
        Topic::Of(root) => {
            (quote!(#root), Some(quote!(#[automatically_derived] impl #p::Child for #ident {})))
        }
    };
    let at = private_at(root.span());
    let principal = match (&model.principal, &model.topic) {
        (Some(principal), _) => quote!(#principal),
        (None, Topic::Root(..)) => quote!(#p::Anyone),
        (None, Topic::Of(root)) => quote_spanned!(root.span()=> <#root as #at::SyncModel>::Principal),
    };
    let key = &model.columns[model.key];
    let (key_ident, key_ty) = (&key.ident, &key.ty);
    let at = private_at(key.ty_span());
    let as_key = quote_spanned!(key.ty_span()=> <#key_ty as #at::KeyField>::as_key(&self.#key_ident));
    let parts = parts(model);
    quote! {
        #[automatically_derived]
        impl #p::SyncModel for #ident {
            type Principal = #principal;
            type Root = #root;
            const NUMBER: u16 = #number;

            fn key(&self) -> &str {
                #as_key
            }

            fn parts() -> #p::ModelParts<Self> {
                #parts
            }
        }
        #child
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #p::InTopic<#root> for #ident {}
    }
}

fn parts(model: &Model) -> TokenStream {
    let p = private();
    let ident = &model.ident;
    let (name, doc, version) = (ident.to_string(), &model.doc, model.version);
    let key = &model.columns[model.key].rust;
    let topic = match &model.topic {
        Topic::Root(pattern, _) => quote!(#p::TopicDecl::Root(#pattern)),
        Topic::Of(root) => {
            let at = private_at(root.span());
            let name = quote_spanned!(root.span()=> #at::lowered::root_name::<#root>);
            quote!(#p::TopicDecl::Of(#name))
        }
    };
    let topic_fields = topic_fields(model);
    let columns = model.columns.iter().enumerate().map(|(i, column)| column_def(i, column, ident));
    let policy = |policy: &Option<Policy>, name: &str| {
        let function = format_ident!("__realtime_{name}");
        option(policy.as_ref().map(|_| quote!(#function)))
    };
    let (read, open) = (policy(&model.read, "read"), policy(&model.open, "open"));
    let (create, delete) = (policy(&model.create, "create"), policy(&model.delete, "delete"));
    let every = option(model.every.map(|ms| quote!(#ms)));
    let retain = option(model.retain.as_ref().map(|of| retain(of, model)));
    let anyone = anyone(model);
    let patch =
        option(model.patch.as_ref().map(|(names, _)| quote!((::std::vec![#(#names),*], __realtime_patch))));
    quote! {
        use #p::lowered::{NoMutations as _, SomeMutations as _};
        #p::ModelParts {
            name: #name,
            doc: #doc,
            topic: #topic,
            version: #version,
            key: #key,
            topic_fields: #topic_fields,
            columns: ::std::vec![#(#columns),*],
            decode: __realtime_decode,
            read: #read,
            every: #every,
            retain: #retain,
            open: #open,
            create: #create,
            delete: #delete,
            patch: #patch,
            anyone: &[#(#anyone),*],
            mutations: (&#p::lowered::MutationsOf::<#ident>::NEW).list(),
        }
    }
}

fn topic_fields(model: &Model) -> TokenStream {
    let p = private();
    let Topic::Root(_, fields) = &model.topic else { return quote!(|_| ::std::vec::Vec::new()) };
    let values = fields.iter().map(|index| {
        let column = &model.columns[*index];
        let (ident, ty) = (&column.ident, &column.ty);
        if *index == model.key {
            return quote!(#p::lowered::key_of(entity));
        }
        let at = private_at(column.ty_span());
        quote_spanned!(column.ty_span()=> <#ty as #at::KeyField>::as_key(&entity.#ident).to_owned())
    });
    quote!(|entity| ::std::vec![#(#values),*])
}

fn column_def(index: usize, column: &Field, model: &Ident) -> TokenStream {
    let p = private();
    let Field { ident, rust, name, doc, optional, .. } = column;
    let number = match column.number {
        Some(number) => quote!(#number),
        None => quote!(#p::column_number(#name)),
    };
    let ty = format_ident!("__realtime_type_{index}");
    let rules = column.rules.expr(&p);
    let right = |which: &str, right: bool| {
        let function = format_ident!("__realtime_{which}_{index}");
        option(right.then(|| quote!(#function)))
    };
    let (read, write) = (right("read", column.read.is_some()), right("write", column.write.is_some()));
    quote! {
        #p::ColumnDef {
            rust: #rust,
            name: #name,
            number: #number,
            doc: #doc,
            ty: #ty,
            optional: #optional,
            rules: #rules,
            read: #read,
            write: #write,
            encode: |entity: &#model| #p::Raw::encode(&entity.#ident),
        }
    }
}

fn decode(model: &Model) -> TokenStream {
    let p = private();
    let ident = &model.ident;
    let fields = model.columns.iter().map(|column| {
        let (field, name, ty) = (&column.ident, &column.name, &column.ty);
        let default = match &column.default {
            Some(Absent::Trait) => {
                Some(quote_spanned!(column.ty_span()=> ::core::default::Default::default()))
            }
            Some(Absent::Call(path)) => Some(quote!(#path())),
            Some(Absent::Expr(expr)) => Some(written(expr, ty)),
            None if column.optional && model.default => {
                Some(quote!(<#ident as ::core::default::Default>::default().#field))
            }
            None if column.optional => Some(quote!(::core::option::Option::None)),
            None => None,
        };
        match default {
            Some(default) => quote!(#field: columns.take_or::<#ty>(#name, || #default)?),
            None => quote!(#field: columns.take::<#ty>(#name)?),
        }
    });
    quote! {
        fn __realtime_decode(
            columns: &mut #p::Columns<'_>,
        ) -> ::core::result::Result<#ident, #p::RawError> {
            ::core::result::Result::Ok(#ident { #(#fields),* })
        }
    }
}

/// A default as written; text in quotes becomes whatever holds text.
fn written(expr: &Expr, ty: &Type) -> TokenStream {
    let is_text = matches!(expr, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }));
    if !is_text || ty::kind(ty) != ty::Kind::Text {
        return quote!(#expr);
    }
    let text = quote_spanned!(expr.span()=> ::core::convert::Into::into(#expr));
    match ty::option_of(ty) {
        Some(_) => quote!(::core::option::Option::Some(#text)),
        None => text,
    }
}

fn retain(retain: &Retain, model: &Model) -> TokenStream {
    let p = private();
    match retain {
        Retain::Age(ms, by) => {
            let check = is_time(by, model);
            quote!({ #check #p::Retain::Age { ms: #ms, by: #by } })
        }
        Retain::Count(most, by) => {
            let check = by.as_ref().map(|by| is_time(by, model));
            let by = option(by.as_ref().map(|by| quote!(#by)));
            quote!({ #check #p::Retain::Count { most: #most, by: #by } })
        }
    }
}

/// The macro knows a type's name; rustc knows whether it is ours.
fn is_time(rust: &str, model: &Model) -> Option<TokenStream> {
    let Field { ident, ty, .. } = model.columns.iter().find(|column| column.rust == rust)?;
    let own = &model.ident;
    let p = private();
    let (mut ident, at) = (ident.clone(), ty.span());
    ident.set_span(ident.span().located_at(at));
    let entity = Ident::new("entity", Span::mixed_site().located_at(at));
    let field = quote_spanned!(at=> &#entity.#ident);
    Some(quote!(let _: fn(&#own) -> &#p::Timestamp = |#entity| #field;))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// What the model opens to everybody, as its words say it.
fn anyone(model: &Model) -> impl Iterator<Item = &'static str> {
    let all = [
        ("open", model.open.as_ref()),
        ("create", model.create.as_ref()),
        ("patch", model.patch.as_ref().map(|(_, policy)| policy)),
        ("delete", model.delete.as_ref()),
    ];
    all.into_iter().filter(|(_, policy)| policy.is_some_and(Policy::says_anyone)).map(|(name, _)| name)
}

fn policies(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let all = [
        ("read", model.read.as_ref()),
        ("open", model.open.as_ref()),
        ("create", model.create.as_ref()),
        ("delete", model.delete.as_ref()),
        ("patch", model.patch.as_ref().map(|(_, policy)| policy)),
    ];
    let of_columns = model.columns.iter().enumerate().flat_map(|(i, column)| {
        let rights = [("read", &column.read), ("write", &column.write)];
        rights
            .into_iter()
            .filter_map(move |(which, right)| Some((format!("{which}_{i}"), &right.as_ref()?.1)))
    });
    let of_model = all.into_iter().filter_map(|(name, policy)| Some((name.to_owned(), policy?)));
    of_model.chain(of_columns).map(|(name, policy)| policy_fn(&name, policy, ident)).collect()
}

fn policy_fn(name: &str, policy: &Policy, model: &Ident) -> TokenStream {
    let p = private();
    let function = format_ident!("__realtime_{name}", span = model.span());
    let ask = policy.ask(model);
    let span = Span::mixed_site();
    let (principal, entity, root) =
        (Ident::new("principal", span), Ident::new("entity", span), Ident::new("root", span));
    quote! {
        fn #function(
            #principal: &<#model as #p::SyncModel>::Principal,
            #entity: ::core::option::Option<&#model>,
            #root: ::core::option::Option<&<#model as #p::SyncModel>::Root>,
        ) -> #p::Answer {
            #ask
        }
    }
}
