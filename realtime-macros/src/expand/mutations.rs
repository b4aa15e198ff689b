//! `#[mutations]`: the impl with checked arithmetic, and a table of its mutations.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Block, ImplItem, ItemImpl, Type, spanned::Spanned};

use super::{private, private_at};
use crate::{
    attr::Policy,
    check::{self, Arg, Mutation, Mutations, Returns},
    checked,
    errors::Errors,
    lower::{Lowered, lower, writes::writes},
};

/// Expands the attribute.
pub(crate) fn mutations(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !options.is_empty() {
        errors
            .at(&options, "`#[mutations]` takes no options; each function may have `#[mutation(allow = …)]`");
    }
    let mut parsed = match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.push(error);
            let errors = errors.to_tokens();
            return quote!(#item #errors);
        }
    };
    let Some(checked) = check::mutations(&mut parsed, &mut errors) else {
        let errors = errors.to_tokens();
        return quote!(#parsed #errors);
    };
    let table = table(&checked, &parsed, &mut errors);
    if !errors.is_empty() {
        keep_first(&mut parsed);
        let errors = errors.to_tokens();
        return quote!(#parsed #errors);
    }
    for mutation in &checked.list {
        if let Some(ImplItem::Fn(function)) = parsed.items.get_mut(mutation.item) {
            checked::check(&mut function.block, mutation.optimistic);
        }
    }
    quote!(#parsed #table)
}

/// Leaves out what is defined twice, so that rustc does not say it again.
fn keep_first(item: &mut ItemImpl) {
    let mut seen = Vec::new();
    item.items.retain(|member| match member {
        ImplItem::Fn(function) if seen.contains(&function.sig.ident) => false,
        ImplItem::Fn(function) => {
            seen.push(function.sig.ident.clone());
            true
        }
        _ => true,
    });
}

fn table(mutations: &Mutations, item: &ItemImpl, errors: &mut Errors) -> TokenStream {
    let own = &mutations.own;
    let bodies = |mutation: &Mutation| match &item.items[mutation.item] {
        ImplItem::Fn(function) => Some(function.block.clone()),
        _ => None,
    };
    let defs: Vec<TokenStream> = mutations
        .list
        .iter()
        .filter_map(|mutation| bodies(mutation).map(|body| def(mutation, &body, own, errors)))
        .collect();
    let at = private_at(own.span());
    let all = quote_spanned!(own.span()=> ::std::vec::Vec::from([#(#defs),*]));
    // Shown at the model's name: a second impl of mutations is told there.
    let found = quote_spanned! {own.span()=>
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl #at::lowered::AllMutationsInOneImpl for #own {
            type Def = #at::MutationDef<Self>;

            fn list() -> ::std::vec::Vec<Self::Def> {
                #all
            }
        }
    };
    quote! {
        #[cfg(panic = "abort")]
        ::core::compile_error!("a mutation that overflows is refused by unwinding: with `panic = \"abort\"` one client could stop the server. remove it from the profile");

        #found
    }
}

fn def(mutation: &Mutation, body: &Block, own: &Type, errors: &mut Errors) -> TokenStream {
    let p = private();
    let Mutation { name, doc, .. } = mutation;
    let receiver = if mutation.entity { quote!(Entity) } else { quote!(Topic) };
    let args = mutation.args.iter().map(arg_def);
    let (returns, error) = match &mutation.returns {
        Returns::Value(ty) => (describe(ty), quote!(::core::option::Option::None)),
        Returns::Result(ty, error) => {
            let error = error_type(error);
            (describe(ty), quote!(::core::option::Option::Some(#error)))
        }
    };
    let optimistic = if mutation.optimistic {
        lowered(&lower(body, own, errors), mutation)
    } else {
        quote!(#p::OptimisticDecl::None)
    };
    let writes = match writes(body) {
        Some(columns) => quote!(::core::option::Option::Some(&[#(#columns),*])),
        None => quote!(::core::option::Option::None),
    };
    let (allow_fn, allow) = allow(mutation, own);
    let run = run(mutation, own);
    let conflict = if mutation.refuses_stale { quote!(Refuse) } else { quote!(Order) };
    let anyone = mutation.allow.as_ref().is_some_and(Policy::says_anyone);
    let at = private_at(own.span());
    quote_spanned!(own.span()=> {
        #allow_fn
        #at::MutationDef {
            name: #name,
            doc: #doc,
            receiver: #p::Receiver::#receiver,
            args: ::std::vec![#(#args),*],
            returns: #returns,
            error: #error,
            optimistic: #optimistic,
            writes: #writes,
            conflict: #p::Conflict::#conflict,
            anyone: #anyone,
            allow: #allow,
            run: #run,
        }
    })
}

fn describe(ty: &Type) -> TokenStream {
    let p = private_at(ty.span());
    quote_spanned!(ty.span()=> <#ty as #p::Described>::describe)
}

fn error_type(error: &Type) -> TokenStream {
    let p = private_at(error.span());
    quote_spanned!(error.span()=> #p::lowered::error_type::<#error>)
}

fn arg_def(arg: &Arg) -> TokenStream {
    let p = private();
    let Arg { name, optional, .. } = arg;
    let ty = describe(&arg.ty);
    let rules = arg.rules.expr(&p);
    quote!(#p::ArgDef { rust: #name, ty: #ty, optional: #optional, rules: #rules })
}

fn lowered(lowered: &Lowered, mutation: &Mutation) -> TokenStream {
    let p = private();
    let Lowered { ir, types, consts } = lowered;
    let text = |ty: &Type| ty.to_token_stream().to_string();
    let types = types.iter().map(|ty| match &mutation.returns {
        // The very same tokens as in the signature: what is wrong with the error is told once.
        Returns::Result(_, error) if text(error) == text(ty) => error_type(error),
        _ => describe(ty),
    });
    let consts = consts.iter().map(|path| {
        let name = path.to_token_stream().to_string().replace(' ', "");
        let p = private_at(path.span());
        let (ty, value) = (
            quote_spanned!(path.span()=> #p::lowered::Constant::ty(&#path)),
            quote_spanned!(path.span()=> #p::lowered::Constant::value(&#path)),
        );
        quote!((#name, |_| #ty, || #value))
    });
    quote!({
        const TYPES: &[fn(&mut #p::Types) -> #p::Ty] = &[#(#types),*];
        const CONSTS: &[#p::ConstDecl] = &[#(#consts),*];
        #p::OptimisticDecl::Lowered { file: ::core::file!(), ir: #ir, types: TYPES, consts: CONSTS }
    })
}

fn allow(mutation: &Mutation, own: &Type) -> (TokenStream, TokenStream) {
    let p = private();
    let Some(policy) = &mutation.allow else {
        return (TokenStream::new(), quote!(::core::option::Option::None));
    };
    let ask = policy.ask(own);
    let span = proc_macro2::Span::mixed_site();
    let [principal, entity, root] = ["principal", "entity", "root"].map(|name| syn::Ident::new(name, span));
    let function = quote! {
        fn __realtime_allow(
            #principal: &<#own as #p::SyncModel>::Principal,
            #entity: ::core::option::Option<&#own>,
            #root: ::core::option::Option<&<#own as #p::SyncModel>::Root>,
        ) -> #p::Answer {
            #ask
        }
    };
    (function, quote!(::core::option::Option::Some(__realtime_allow)))
}

/// Decodes the arguments, calls the function, ends with what it returned.
fn run(mutation: &Mutation, own: &Type) -> TokenStream {
    let p = private();
    let ident = &mutation.ident;
    let span = proc_macro2::Span::mixed_site();
    let [tx, this, args, value] = ["tx", "this", "args", "value"].map(|name| syn::Ident::new(name, span));
    let locals: Vec<_> =
        (0..mutation.args.len()).map(|i| syn::Ident::new(&format!("argument_{i}"), span)).collect();
    let decode = mutation.args.iter().zip(&locals).map(|(arg, local)| {
        let (name, ty) = (&arg.name, &arg.ty);
        quote_spanned!(ty.span()=> let #local = #args.next::<#ty>(#name)?;)
    });
    let receiver = mutation.entity.then(|| {
        quote! {
            let ::core::option::Option::Some(#this) = #this else {
                return ::core::result::Result::Err(#p::Refusal::Missing);
            };
        }
    });
    let this_arg = mutation.entity.then(|| quote!(#this,));
    let tx_arg = mutation.tx.as_ref().map(|ty| quote_spanned!(ty.span().resolved_at(span)=> #tx,));
    let end = match &mutation.returns {
        Returns::Value(ty) => {
            let p = private_at(ty.span());
            quote_spanned!(ty.span()=> #p::returned::<#ty>(#value))
        }
        Returns::Result(ty, error) => {
            let p = private_at(error.span());
            let function = quote_spanned!(error.span()=> #p::lowered::resulted::<#ty, #error>);
            quote!(#function(#value))
        }
    };
    quote! {
        |#tx, #this, mut #args| {
            #(#decode)*
            #args.end()?;
            let _ = (&#tx, &#this);
            #receiver
            let #value = <#own>::#ident(#this_arg #tx_arg #(#locals),*);
            #end
        }
    }
}
