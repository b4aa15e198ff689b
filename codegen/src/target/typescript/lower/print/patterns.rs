//! Patterns: tests, and what they bind.

use realtime_protocol::{
    lower::{Expr, Kind, Pat},
    schema::{Shape, VariantFields},
};

use super::{
    Printer, Repr,
    js::{Js, READ, is_name, prec},
    places::{Key, Place},
};
use crate::target::typescript::{
    lower::{infer::field_type, ty::T},
    names,
};

/// What a pattern is tested against.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// An expression that may be repeated.
    Js(Js),
    /// A place behind `&mut`.
    Place(Place),
    /// The same where an enum stands, and the constant that holds its owned value.
    Held(Place, String),
    /// Parts that no JavaScript array was made for.
    Tuple(Vec<Item>),
}

/// The result of a test.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    pub(super) conds: Vec<Js>,
    pub(super) binds: Vec<(usize, Item, T)>,
}

impl Matched {
    /// All conditions together.
    pub(super) fn cond(&self) -> Js {
        let mut conds = self.conds.iter();
        match conds.next() {
            None => Js::stable("true"),
            Some(first) => conds.fold(first.clone(), |all, js| Js::binary(&all, "&&", js, prec::AND)),
        }
    }
}

impl Printer<'_> {
    /// What a `match`, `if let` or `let` looks at, in a form that may be named again and again.
    pub(super) fn scrutinee(&mut self, of: &Expr, pat: Option<&Pat>) -> Item {
        if let Kind::Tuple(parts) = &*of.kind
            && !parts.is_empty()
        {
            return Item::Tuple(parts.iter().map(|part| self.scrutinee(part, None)).collect());
        }
        if let Kind::Method { recv, name, .. } = &*of.kind
            && name == "as_mut"
        {
            let place = self.place(recv);
            return Item::Place(self.fix(place));
        }
        if self.ty(of).is_ref_mut() {
            let place = self.place(of);
            return Item::Place(self.fix(place));
        }
        let js = if binds_value(pat) { self.value(of) } else { self.read(of) };
        if js.is_name() {
            return Item::Js(js);
        }
        let name = match pat.and_then(|pat| self.hint(pat)) {
            Some(hint) => self.name(&hint),
            None => self.temp(),
        };
        self.emit(format!("const {name} = {};", js.code));
        Item::Js(Js::stable(name))
    }

    /// The name that a pattern gives to all of what is inside: `Some(name)`.
    fn hint(&self, pat: &Pat) -> Option<String> {
        let (Pat::Some(of) | Pat::Ok(of)) = pat else { return None };
        let (Pat::Bind { name, .. }, Some(index)) = (&**of, self.made(of)) else { return None };
        let binding = &self.inf.bindings[index];
        let usable = binding.uses > 0 && (!binding.mutated || binding.ty.is_ref_mut());
        usable.then(|| name.clone())
    }

    /// Collects the tests and bindings of `pat`; `sure`: rustc knows that it matches, so nothing is tested.
    pub(super) fn test(&mut self, pat: &Pat, item: &Item, ty: &T, sure: bool, out: &mut Matched) {
        let ty = ty.clone().strip();
        match pat {
            Pat::Wild => {}
            Pat::Bind { .. } => {
                if let Some(index) = self.made(pat) {
                    let item = match item {
                        Item::Held(place, _) => Item::Place(place.clone()),
                        other => other.clone(),
                    };
                    out.binds.push((index, item, ty));
                }
            }
            Pat::Ref(of) => self.test(of, item, &ty, sure, out),
            Pat::Lit(lit) => {
                if !sure {
                    let (a, b) = (self.item_js(item), self.read(lit));
                    let cond = self.equal(true, &ty, &a, &b);
                    out.conds.push(cond);
                }
            }
            Pat::Range { from, to, inclusive } => {
                if !sure {
                    self.range(item, &ty, from.as_ref(), to.as_ref(), *inclusive, out);
                }
            }
            Pat::None | Pat::Err => {
                if !sure {
                    let js = self.item_js(item);
                    out.conds.push(Js::binary(&js, "===", &Js::stable("null"), prec::EQUAL));
                }
            }
            Pat::Some(of) | Pat::Ok(of) => {
                let inner = match ty {
                    T::Option(inner) | T::Parsed(inner) => *inner,
                    _ => T::Error,
                };
                let js = self.item_js(item);
                if !sure {
                    out.conds.push(Js::binary(&js, "!==", &Js::stable("null"), prec::EQUAL));
                }
                let item = match item {
                    Item::Place(place) | Item::Held(place, _) => Item::Place(place.clone().some()),
                    _ if sure => Item::Js(Js::atom(format!("{}!", js.head()), js.fx)),
                    other => other.clone(),
                };
                self.test(of, &item, &inner, sure, out);
            }
            Pat::Struct { ty, variant, fields } => {
                self.structure(*ty, variant.as_deref(), fields, item, sure, out)
            }
            Pat::Tuple(pats) => {
                for (i, pat) in pats.iter().enumerate() {
                    let part_ty = field_type(self.types, &ty, None, &i.to_string()).unwrap_or(T::Error);
                    let part = match item {
                        Item::Tuple(parts) => parts[i].clone(),
                        Item::Js(js) => Item::Js(Js::atom(format!("{}[{i}]", js.head()), js.fx | READ)),
                        Item::Place(place) | Item::Held(place, _) => {
                            let of = self.own_place(place, true);
                            Item::Place(Place::Slot(of, Key::Index(i.to_string()), false))
                        }
                    };
                    self.test(pat, &part, &part_ty, sure, out);
                }
            }
            Pat::Or(pats) => self.alternatives(pats, item, &ty, sure, out),
        }
    }

    fn alternatives(&mut self, pats: &[Pat], item: &Item, ty: &T, sure: bool, out: &mut Matched) {
        let mut any: Option<Js> = None;
        for pat in pats {
            let mut one = Matched::default();
            self.test(pat, item, ty, false, &mut one);
            let used = one.binds.iter().any(|(index, ..)| self.inf.bindings[*index].uses > 0);
            if used {
                self.errors.add(
                    self.somewhere(),
                    "names bound by `a | b` have no form in TypeScript",
                    "write one arm for each",
                );
            }
            let cond = one.cond();
            any = Some(match any {
                Some(any) => Js::binary(&any, "||", &cond, prec::OR),
                None => cond,
            });
        }
        if let (Some(any), false) = (any, sure) {
            out.conds.push(any);
        }
    }

    /// A place for errors about patterns, which have none of their own.
    fn somewhere(&self) -> (u32, u32) {
        use realtime_protocol::lower::Stmt;
        let block = &self.body.block;
        let first = block.stmts.first().map(|stmt| match stmt {
            Stmt::Expr(expr) | Stmt::Let { init: expr, .. } => expr.at,
        });
        first.or_else(|| block.tail.as_ref().map(|expr| expr.at)).unwrap_or((1, 1))
    }

    fn range(
        &mut self,
        item: &Item,
        ty: &T,
        from: Option<&Expr>,
        to: Option<&Expr>,
        inclusive: bool,
        out: &mut Matched,
    ) {
        let js = self.item_js(item);
        let number = self.types.is_number(ty);
        let mut bound = |p: &mut Self, word: &str, end: &Expr| {
            let end = p.read(end);
            let cond = if number {
                Js::binary(&js, word, &end, prec::ORDER)
            } else {
                let ordering = Js::atom(format!("$.cmp({}, {})", js.code, end.code), js.fx);
                Js::binary(&ordering, word, &Js::stable("0"), prec::ORDER)
            };
            out.conds.push(cond);
        };
        if let Some(from) = from {
            bound(self, ">=", from);
        }
        if let Some(to) = to {
            bound(self, if inclusive { "<=" } else { "<" }, to);
        }
    }

    fn structure(
        &mut self,
        ty: u16,
        variant: Option<&str>,
        fields: &[(String, Pat)],
        item: &Item,
        sure: bool,
        out: &mut Matched,
    ) {
        let named = self.body.types.get(usize::from(ty)).map_or(T::Error, T::of);
        let T::Named(name) = &named else { return };
        let inside = match variant {
            None => match self.types.def(name).map(|def| &def.shape) {
                Some(Shape::Newtype(_)) => Inside::Whole(item.clone()),
                _ => Inside::Fields(item.clone()),
            },
            Some(variant) => self.variant(name, variant, fields.is_empty(), item, sure, out),
        };
        for (rust, pat) in fields {
            let field_ty = field_type(self.types, &named, variant, rust).unwrap_or(T::Error);
            let part = match &inside {
                Inside::Whole(item) => item.clone(),
                Inside::Fields(item) => {
                    let wire = match variant {
                        None => self.wire_name(&named, rust),
                        Some(variant) => self.variant_wire(name, variant, rust),
                    };
                    self.part(item, &wire)
                }
                Inside::Items(item) => self.part(item, rust),
            };
            self.test(pat, &part, &field_ty, sure, out);
        }
    }

    /// Tests for a variant; gives what holds its fields.
    fn variant(
        &mut self,
        name: &str,
        variant: &str,
        bare: bool,
        item: &Item,
        sure: bool,
        out: &mut Matched,
    ) -> Inside {
        let Some(shape) = self.types.def(name).map(|def| &def.shape) else {
            return Inside::Whole(item.clone());
        };
        let (tag, variants) = match shape {
            Shape::Enum(variants) => (None, variants),
            Shape::TaggedEnum(tag, variants) => (Some(tag.as_str()), variants),
            _ => return Inside::Whole(item.clone()),
        };
        let Some(of) = variants.iter().find(|v| v.rust == variant) else {
            return Inside::Whole(item.clone());
        };
        let item = self.held(item);
        let js = self.item_js(&item);
        let wire = names::quoted(&of.name);
        if let Some(tag) = tag {
            if !sure {
                let kind = Js::atom(format!("{}{}", js.head(), names::access(tag)), READ);
                out.conds.push(Js::binary(&kind, "===", &Js::stable(wire.clone()), prec::EQUAL));
            }
            let whole = if sure && !bare {
                Js::atom(format!("$.tagged({}, {}, {wire})", js.code, names::quoted(tag)), READ)
            } else {
                js
            };
            return Inside::Fields(Item::Js(whole).or_place(&item));
        }
        if of.fields == VariantFields::Unit {
            if !sure {
                out.conds.push(Js::binary(&js, "===", &Js::stable(wire), prec::EQUAL));
            }
            return Inside::Whole(item);
        }
        if !sure {
            out.conds.push(Js::atom(format!("$.is({}, {wire})", js.code), READ));
        }
        let whole = if sure { Js::atom(format!("$.as({}, {wire})", js.code), READ) } else { js };
        let content = self.part(&Item::Js(whole).or_place(&item), &of.name);
        match of.fields {
            VariantFields::Newtype(_) => Inside::Whole(content),
            VariantFields::Tuple(_) => Inside::Items(content),
            _ => Inside::Fields(content),
        }
    }

    /// An enum behind `&mut`: its owned value in a constant, so that TypeScript follows the tests.
    fn held(&mut self, item: &Item) -> Item {
        match self.hold(item.clone()) {
            Item::Held(_, name) => Item::Place(Place::Obj(name)),
            other => other,
        }
    }

    /// The same before the arms of a `match`: once for all of them.
    pub(super) fn hold(&mut self, item: Item) -> Item {
        match item {
            Item::Place(place) if !matches!(place, Place::Obj(_)) => {
                let owned = self.own_place(&place, false);
                let name = self.named(&Js::atom(owned, READ));
                Item::Held(place, name)
            }
            other => other,
        }
    }

    fn variant_wire(&self, name: &str, variant: &str, rust: &str) -> String {
        let variants = match self.types.def(name).map(|def| &def.shape) {
            Some(Shape::Enum(variants) | Shape::TaggedEnum(_, variants) | Shape::Error(variants)) => variants,
            _ => return rust.to_owned(),
        };
        match variants.iter().find(|v| v.rust == variant).map(|v| &v.fields) {
            Some(VariantFields::Struct(fields)) => {
                fields.iter().find(|f| f.rust == rust).map_or_else(|| rust.to_owned(), |f| f.name.clone())
            }
            _ => rust.to_owned(),
        }
    }

    /// A field of an item.
    fn part(&mut self, item: &Item, wire: &str) -> Item {
        match item {
            Item::Place(place) => {
                let of = self.own_place(place, true);
                let key = if wire.bytes().all(|b| b.is_ascii_digit()) {
                    Key::Index(wire.into())
                } else {
                    Key::Name(wire.into())
                };
                Item::Place(Place::Slot(of, key, false))
            }
            other => {
                let js = self.item_js(other);
                let access = if wire.bytes().all(|b| b.is_ascii_digit()) {
                    format!("[{wire}]")
                } else {
                    names::access(wire)
                };
                Item::Js(Js::atom(format!("{}{access}", js.head()), js.fx | READ))
            }
        }
    }

    /// An item as an expression.
    pub(super) fn item_js(&mut self, item: &Item) -> Js {
        match item {
            Item::Js(js) => js.clone(),
            Item::Place(place) => self.read_place(place),
            Item::Held(_, name) => Js::stable(name.clone()),
            Item::Tuple(parts) => {
                let parts: Vec<Js> = parts.iter().map(|part| self.item_js(part)).collect();
                let fx = parts.iter().fold(0, |fx, js| fx | js.fx);
                let codes: Vec<String> = parts.into_iter().map(|js| js.code).collect();
                Js::atom(format!("[{}]", codes.join(", ")), fx).fresh()
            }
        }
    }

    /// Gives bindings the form of what they stand for: for guards, before anything is declared.
    pub(super) fn inline(&mut self, matched: &Matched) {
        for (index, item, _) in &matched.binds {
            let by_ref = self.inf.bindings[*index].ty.is_ref_mut();
            let repr = match item {
                Item::Place(place) if by_ref => Repr::Alias(place.clone()),
                Item::Js(js) if by_ref && is_name(&js.code) => Repr::Const(js.code.clone()),
                other => Repr::Inline(self.item_js(other)),
            };
            self.set_repr(*index, repr);
        }
    }
}

impl Item {
    /// `self`, unless what it was made of is a place.
    fn or_place(self, of: &Self) -> Self {
        match (self, of) {
            (Self::Js(js), Self::Place(_)) => Self::Place(Place::Obj(js.code)),
            (other, _) => other,
        }
    }
}

/// What holds a variant's fields.
enum Inside {
    /// The item itself is the only field.
    Whole(Item),
    /// By name.
    Fields(Item),
    /// By index.
    Items(Item),
}

/// Whether the pattern takes the value, so that a copy must be one.
fn binds_value(pat: Option<&Pat>) -> bool {
    matches!(pat, Some(Pat::Bind { .. } | Pat::Tuple(_)))
}

/// Whether a pattern names an enum's variant at its top.
pub(super) fn is_variant(pat: &Pat) -> bool {
    match pat {
        Pat::Struct { variant, .. } => variant.is_some(),
        Pat::Or(pats) => pats.iter().any(is_variant),
        Pat::Ref(of) => is_variant(of),
        _ => false,
    }
}
