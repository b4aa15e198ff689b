//! The functions of a `#[mutations]` impl: signatures and options.

use proc_macro2::{Ident, Span};
use syn::{
    Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl, Pat, PatType, ReceiverKind, ReturnType, Safety, Type,
    ext::IdentExt, parse_quote, spanned::Spanned,
};

use super::ty::{check_wide, generics, name, option_of, without_self};
use crate::{
    attr::{Opt, Place, Policy, Rules, Seen, doc, policy, read},
    errors::Errors,
    suggest::did_you_mean,
};

/// An impl, checked.
pub(crate) struct Mutations {
    /// The model.
    pub(crate) own: Type,
    pub(crate) list: Vec<Mutation>,
}

/// One mutation.
pub(crate) struct Mutation {
    pub(crate) ident: Ident,
    /// Its name in Rust, without `r#`.
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Whether it has `&mut self`.
    pub(crate) entity: bool,
    /// The type of the parameter `tx`.
    pub(crate) tx: Option<Type>,
    pub(crate) args: Vec<Arg>,
    pub(crate) returns: Returns,
    pub(crate) allow: Option<Policy>,
    /// Whether it is refused where others changed its entity meanwhile.
    pub(crate) refuses_stale: bool,
    /// Whether its body is lowered.
    pub(crate) optimistic: bool,
    /// Its place in the impl.
    pub(crate) item: usize,
}

/// An argument that a client sends.
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) optional: bool,
    pub(crate) rules: Rules,
}

/// What a mutation returns.
pub(crate) enum Returns {
    Value(Box<Type>),
    Result(Box<Type>, Box<Type>),
}

const MUTATION: Place = Place {
    known: &["allow", "conflict", "optimistic"],
    elsewhere: &[
        ("open", "the struct, in `#[sync(…)]`"),
        ("create", "the struct, in `#[sync(…)]`"),
        ("patch", "the struct, in `#[sync(…)]`"),
        ("delete", "the struct, in `#[sync(…)]`"),
        ("every", "the struct, in `#[sync(…)]`"),
        ("retain", "the struct, in `#[sync(…)]`"),
        ("read", "the struct or a field, in `#[sync(…)]`"),
        ("write", "a field, in `#[sync(…)]` (here: `allow`)"),
    ],
};

const ARG: Place = Place {
    known: &["length", "range"],
    elsewhere: &[
        ("default", "a model's field (here: take an `Option<…>`)"),
        ("key", "a model's field"),
        ("read", "a model's field"),
        ("write", "a model's field"),
    ],
};

/// Checks an impl, and takes our attributes out of it.
pub(crate) fn mutations(item: &mut ItemImpl, errors: &mut Errors) -> Option<Mutations> {
    let own = model(item, errors);
    let mut list: Vec<Mutation> = Vec::new();
    for (index, member) in item.items.iter_mut().enumerate() {
        match member {
            ImplItem::Fn(function) => {
                let own = own.clone().unwrap_or_else(|| parse_quote!(Self));
                let mutation = mutation(function, &own, index, errors);
                if list.iter().any(|other| other.name == mutation.name) {
                    errors.at(
                        &mutation.ident,
                        format!("the mutation `{}` is defined twice: rename one", mutation.name),
                    );
                }
                list.push(mutation);
            }
            ImplItem::Const(_) => {}
            other => errors.at(
                other,
                "only functions and consts stand in an impl of mutations: move this to another impl",
            ),
        }
    }
    Some(Mutations { own: own?, list })
}

fn model(item: &ItemImpl, errors: &mut Errors) -> Option<Type> {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, "mutations are functions of the model itself: write `#[mutations] impl Poll { … }`");
        return None;
    }
    if !item.generics.params.is_empty() {
        errors.at(&item.generics.params, "a sync model is not generic: write the types out");
        return None;
    }
    match &*item.self_ty {
        Type::Path(_) => Some((*item.self_ty).clone()),
        other => {
            errors.at(other, "write the name of the model: `#[mutations] impl Poll { … }`");
            None
        }
    }
}

fn mutation(function: &mut ImplItemFn, own: &Type, item: usize, errors: &mut Errors) -> Mutation {
    signature(function, errors);
    let ident = function.sig.ident.clone();
    let name = ident.unraw().to_string();
    if ["create", "patch", "delete"].contains(&name.as_str()) {
        errors.at(
            &ident,
            format!("`{name}` is the name of a generic mutation: rename this, or open that one with `#[sync({name} = …)]` at the struct"),
        );
    }
    let Options { allow, optimistic, refuse } = Options::read(&function.attrs, errors);
    for attr in function.attrs.iter().filter(|a| a.path().is_ident("cfg")) {
        errors.at(attr, "a mutation is part of the schema, which is one for all builds: remove the `cfg`");
    }
    let mut checked = Mutation {
        doc: doc(&function.attrs),
        name,
        ident,
        entity: false,
        tx: None,
        args: Vec::new(),
        returns: returns(&function.sig.output, own, errors),
        allow,
        refuses_stale: refuse.is_some(),
        optimistic,
        item,
    };
    function.attrs.retain(|a| !a.path().is_ident("mutation"));
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                checked.entity = true;
                if !matches!(receiver.kind, ReceiverKind::Reference(_, None, Some(_))) {
                    errors.at(
                        receiver,
                        "a mutation takes `&mut self`, for one entity, or no receiver, for the whole topic; what only reads is a plain method, in another impl",
                    );
                }
            }
            FnArg::Typed(typed) => checked.parameter(typed, own, errors),
        }
    }
    if let Some(at) = refuse.filter(|_| !checked.entity) {
        errors.span(
            at,
            "`refuse` compares versions of one entity, and this mutation has none: take `&mut self`, or leave the option out",
        );
    }
    checked
}

fn signature(function: &ImplItemFn, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        errors.at(
            token,
            "a mutation cannot be async: it also runs in the browser, and again on each rebase\nhelp: do effects on the server, before or after it, with a handle on the topic",
        );
    }
    if !sig.generics.params.is_empty() {
        errors.at(
            &sig.generics.params,
            "a mutation cannot be generic: its arguments have one form on the wire",
        );
    }
    if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause, "a mutation cannot be generic: remove the `where`");
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, "a mutation cannot be unsafe: it also runs in the browser");
    }
    if let Some(token) = &sig.constness {
        errors.at(token, "a mutation is not const: remove this");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "a mutation has no ABI: remove this");
    }
}

struct Options {
    allow: Option<Policy>,
    optimistic: bool,
    /// The place of `refuse`.
    refuse: Option<Span>,
}

impl Options {
    fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self { allow: None, optimistic: true, refuse: None };
        let mut seen = Seen::default();
        for opt in read(attrs, "mutation", errors) {
            if !MUTATION.known.iter().any(|known| opt.name == known) {
                MUTATION.unknown(&opt, errors);
            } else if seen.first(&opt, errors) {
                match opt.name.to_string().as_str() {
                    "allow" => {
                        options.allow = opt.value("allow = author", errors).and_then(|e| policy(e, errors));
                    }
                    "conflict" => options.refuse = refuse(&opt, errors),
                    _ => options.optimistic = is_optimistic(&opt, errors),
                }
            }
        }
        options
    }
}

/// Reads `conflict = order` or `conflict = refuse`; returns the place of `refuse`.
fn refuse(opt: &Opt, errors: &mut Errors) -> Option<Span> {
    let value = opt.value("conflict = refuse", errors)?;
    let name = match value {
        syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    match name.as_deref() {
        Some("order") => None,
        Some("refuse") => Some(value.span()),
        name => {
            let near = name.map(|name| did_you_mean(name, ["order", "refuse"])).unwrap_or_default();
            errors.at(
                value,
                format!("a conflict is either `order`, in which each runs in turn, or `refuse`, in which the second is told{near}"),
            );
            None
        }
    }
}

fn is_optimistic(opt: &Opt, errors: &mut Errors) -> bool {
    match opt.value("optimistic = none", errors) {
        Some(syn::Expr::Path(path)) if path.path.is_ident("none") => return false,
        Some(other) => errors.at(
            other,
            "the one choice is `optimistic = none`: it runs on the server only, and shows when confirmed. without the option, its own body predicts it",
        ),
        None => {}
    }
    // What it would be is not known: to lower it might complain of what is meant to stay on the server.
    false
}

fn returns(output: &ReturnType, own: &Type, errors: &mut Errors) -> Returns {
    let ReturnType::Type(_, ty) = output else { return Returns::Value(Box::new(parse_quote!(()))) };
    if let Some(found) = reference(ty) {
        errors.at(found, "what a mutation returns is sent: return an owned value");
    }
    check_wide(ty, None, errors);
    match generics(ty, "Result").as_deref() {
        None => Returns::Value(Box::new(without_self(ty, own))),
        Some([ok, error]) => {
            Returns::Result(Box::new(without_self(ok, own)), Box::new(without_self(error, own)))
        }
        Some(_) => {
            errors.at(ty, "name both types, `Result<T, E>`: the macro cannot look into an alias");
            Returns::Value(Box::new(parse_quote!(())))
        }
    }
}

fn reference(ty: &Type) -> Option<&Type> {
    struct Find<'a>(Option<&'a Type>);
    impl<'a> syn::visit::Visit<'a> for Find<'a> {
        fn visit_type(&mut self, ty: &'a Type) {
            if matches!(ty, Type::Reference(_)) {
                self.0.get_or_insert(ty);
            }
            syn::visit::visit_type(self, ty);
        }
    }
    let mut find = Find(None);
    syn::visit::Visit::visit_type(&mut find, ty);
    find.0
}

impl Mutation {
    fn parameter(&mut self, typed: &mut PatType, own: &Type, errors: &mut Errors) {
        if let Type::Reference(reference) = &*typed.ty {
            let is_tx =
                name(&reference.elem).is_some_and(|name| name == "Tx") && reference.mutability.is_some();
            let named = matches!(&*typed.pat, Pat::Ident(pat) if pat.ident == "tx");
            match (is_tx, named) {
                (true, true) if self.tx.is_none() && self.args.is_empty() => {
                    self.tx = Some(without_self(&reference.elem, own));
                }
                (true, true) => errors.at(&typed, "`tx` stands first, or right behind `&mut self`"),
                (true, false) => errors.at(&typed.pat, "call it `tx`, and leave it out where it is not used"),
                (false, _) => errors.at(
                    &typed.ty,
                    "an argument comes from the client, so it is owned: take `String` for `&str`, `Vec<T>` for `&[T]`. the one reference is `tx: &mut Tx<Root>`",
                ),
            }
            typed.attrs.retain(|a| !a.path().is_ident("sync"));
            return;
        }
        if name(&typed.ty).is_some_and(|name| name == "Tx") {
            errors.at(&typed.ty, "take it by reference: `tx: &mut Tx<Root>`");
        }
        let rules = rules(typed, errors);
        let Pat::Ident(pat) = &*typed.pat else {
            return errors.at(&typed.pat, "an argument has a name: take it apart in the body");
        };
        if pat.by_ref.is_some() || pat.subpat.is_some() {
            return errors.at(pat, "an argument has a plain name: write `name: Type`");
        }
        if matches!(*typed.ty, Type::ImplTrait(_)) {
            return errors
                .at(&typed.ty, "a mutation cannot be generic: its arguments have one form on the wire");
        }
        if let Some(inner) = reference(&typed.ty) {
            return errors.at(inner, "an argument comes from the client, so it is owned");
        }
        check_wide(&typed.ty, Some(&rules), errors);
        self.args.push(Arg {
            name: pat.ident.unraw().to_string(),
            ty: without_self(&typed.ty, own),
            optional: option_of(&typed.ty).is_some(),
            rules,
        });
    }
}

fn rules(typed: &mut PatType, errors: &mut Errors) -> Rules {
    let mut rules = Rules::default();
    let mut seen = Seen::default();
    for opt in read(&typed.attrs, "sync", errors) {
        if !ARG.known.iter().any(|known| opt.name == known) {
            ARG.unknown(&opt, errors);
        } else if seen.first(&opt, errors) {
            rules.take(&opt, &typed.ty, errors);
        }
    }
    typed.attrs.retain(|a| !a.path().is_ident("sync"));
    if let Some(attr) = typed.attrs.first() {
        errors.span(attr.span(), "an argument takes `#[sync(…)]` only");
    }
    rules
}
