//! Places: what is written, and how it is owned first.

use realtime_protocol::lower::{BinOp, Expr, Kind};

use super::{
    Printer, Repr,
    js::{Js, READ, THROW, WRITE, is_name, prec},
};
use crate::target::typescript::{lower::ty::T, names};

/// A key of an object or an index of a list.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Name(String),
    Index(String),
}

/// Something that can be written.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A variable; `true`: known not to be null.
    Var(String, bool),
    /// An owned object itself: it is written by refilling it.
    Obj(String),
    /// A slot of an owned object; `true`: known not to be null.
    Slot(String, Key, bool),
    /// A constant that holds a `Cell`; `true`: known not to be null.
    Cell(String, bool),
}

impl Place {
    /// The same place, inside of a `Some`.
    pub(crate) fn some(self) -> Self {
        match self {
            Self::Var(name, _) => Self::Var(name, true),
            Self::Slot(of, key, _) => Self::Slot(of, key, true),
            Self::Cell(name, _) => Self::Cell(name, true),
            Self::Obj(name) => Self::Obj(name),
        }
    }
}

fn slot(of: &str, key: &Key) -> String {
    match key {
        Key::Name(name) => format!("{of}{}", names::access(name)),
        Key::Index(code) => format!("{of}[{code}]"),
    }
}

fn key_arg(key: &Key) -> String {
    match key {
        Key::Name(name) => names::quoted(name),
        Key::Index(code) => code.clone(),
    }
}

impl Printer<'_> {
    /// The place that `expr` denotes, behind any `&mut`.
    pub(super) fn place(&mut self, expr: &Expr) -> Place {
        match &*expr.kind {
            Kind::Local(_) => self.local_place(expr),
            Kind::Field(of, name) => {
                let of_ty = self.bare(of);
                let wire = self.wire_name(&of_ty, name);
                let of = self.owned(of);
                Place::Slot(of, Key::Name(wire), false)
            }
            Kind::TupleField(of, index) => {
                if matches!(self.bare(of), T::Named(_)) {
                    return self.place(of);
                }
                let of = self.owned(of);
                Place::Slot(of, Key::Index(index.to_string()), false)
            }
            Kind::Index(of, at) => {
                let list = self.owned(of);
                let list = self.named(&Js::atom(list, READ));
                let at = self.read(at);
                let at = self.named(&Js::atom(format!("$.index({list}, {})", at.code), THROW | READ));
                Place::Slot(list, Key::Index(at), false)
            }
            Kind::Deref(of) | Kind::Ref { of, .. } => self.place(of),
            _ => {
                let ty = self.ty(expr);
                let js = self.value(expr);
                let name = self.named(&js);
                match ty {
                    T::RefMut(of) if !self.types.is_object(&of) => Place::Cell(name, false),
                    _ => Place::Obj(name),
                }
            }
        }
    }

    fn local_place(&mut self, expr: &Expr) -> Place {
        let ty = self.ty(expr);
        match self.repr(expr).cloned() {
            Some(Repr::This) => {
                self.used_this();
                Place::Obj("self".into())
            }
            Some(Repr::Alias(place)) => place,
            Some(Repr::Const(name) | Repr::Let(name)) => match ty {
                T::RefMut(of) if self.types.is_object(&of) => Place::Obj(name),
                T::RefMut(_) => Place::Cell(name, false),
                _ => Place::Var(name, false),
            },
            Some(Repr::Inline(js)) => Place::Obj(js.code),
            Some(Repr::Tx) | None => {
                self.refuse(expr, "this cannot be written", "");
                Place::Obj("undefined".into())
            }
        }
    }

    /// The owned object that `expr` denotes.
    pub(super) fn owned(&mut self, expr: &Expr) -> String {
        let place = self.place(expr);
        let object = self.types.is_object(&self.bare(expr));
        self.own_place(&place, object)
    }

    /// The owned object that stands in a place.
    pub(super) fn own_place(&mut self, place: &Place, object: bool) -> String {
        match place {
            Place::Obj(name) => name.clone(),
            // An object's variable was filled with an owned one.
            Place::Var(name, some) => {
                if !object {
                    self.emit(format!("{name} = $.mine({name});"));
                }
                bang(name.clone(), *some)
            }
            Place::Slot(of, key, some) => bang(format!("$.own({of}, {})", key_arg(key)), *some),
            Place::Cell(name, some) => bang(format!("{name}.own()"), *some),
        }
    }

    /// The value that stands in a place.
    pub(super) fn read_place(&self, place: &Place) -> Js {
        match place {
            Place::Obj(name) => Js::atom(name.clone(), if is_name(name) { 0 } else { READ }),
            Place::Var(name, some) => Js::atom(bang(name.clone(), *some), READ),
            Place::Slot(of, key, some) => {
                let code = slot(of, key);
                Js::atom(bang(code, *some || matches!(key, Key::Index(_))), READ)
            }
            Place::Cell(name, some) => Js::atom(bang(format!("{name}.v"), *some), READ),
        }
    }

    /// A place whose parts may be named more than once.
    pub(super) fn fix(&mut self, place: Place) -> Place {
        match place {
            Place::Slot(of, key, some) => {
                let of = self.named(&if is_name(&of) { Js::stable(of) } else { Js::atom(of, READ) });
                Place::Slot(of, key, some)
            }
            other => other,
        }
    }

    /// Writes `value` into a place.
    pub(super) fn set(&mut self, place: &Place, value: &Js) {
        match place {
            Place::Obj(name) => self.emit(format!("$.put({name}, {});", value.code)),
            Place::Var(name, _) => self.emit(format!("{name} = {};", value.code)),
            Place::Slot(of, key, _) => self.emit(format!("{} = {};", slot(of, key), value.code)),
            Place::Cell(name, _) => self.emit(format!("{name}.v = {};", value.code)),
        }
    }

    /// Writes `value` into a place; gives what stood there.
    pub(super) fn exchange(&mut self, at: &Expr, place: Place, value: &Js) -> Js {
        match self.fix(place) {
            Place::Slot(of, key, _) => {
                Js::atom(format!("$.swap({of}, {}, {})", key_arg(&key), value.code), READ | WRITE)
            }
            Place::Obj(_) => self.refuse(
                at,
                "`mem::replace` of a whole object behind `&mut` has no form in TypeScript",
                "replace its fields, or the place that holds it",
            ),
            place => {
                let before = self.read_place(&place);
                let name = self.temp();
                self.emit(format!("const {name} = {};", before.code));
                self.set(&place, value);
                Js::stable(name)
            }
        }
    }

    /// A first-class `&mut`: the owned object, or a cell.
    pub(super) fn reference(&mut self, at: &Expr, place: Place, ty: &T) -> Js {
        if self.types.is_object(ty) {
            return Js::atom(self.own_place(&place, true), READ);
        }
        match self.fix(place) {
            Place::Slot(of, key, false) => Js::atom(format!("$.cell({of}, {})", key_arg(&key)), READ),
            Place::Cell(name, false) => Js::stable(name),
            _ => self.refuse(
                at,
                "`&mut` of this number, text or Option has no form in TypeScript",
                "write it where it stands",
            ),
        }
    }

    /// `place = value`
    pub(super) fn assign(&mut self, place: &Expr, value: &Expr) {
        let at_ty = self.bare(place);
        let local = matches!(*place.kind, Kind::Local(_));
        let mut js = if local { self.value(value) } else { self.stored(value) };
        if self.dead {
            return;
        }
        let target = self.after(&mut [&mut js], |p| p.place(place));
        if js.fx & (THROW | WRITE) != 0 && matches!(&target, Place::Slot(of, ..) if !is_name(of)) {
            js = Js::stable(self.named(&js));
        }
        if matches!(target, Place::Var(..)) && self.types.is_object(&at_ty) && !js.fresh {
            js = Js::atom(format!("$.mine({})", js.code), js.fx);
        }
        self.set(&target, &js);
    }

    /// `place += value`
    pub(super) fn assign_op(&mut self, op: BinOp, place: &Expr, value: &Expr) {
        let ty = self.types.wire(&self.bare(place));
        let mut js = self.read(value);
        let target = self.after(&mut [&mut js], |p| {
            let target = p.place(place);
            p.fix(target)
        });
        let now = self.read_place(&target);
        let guard = self.guard(&target, &js);
        let mut result = if ty == T::Text && op == BinOp::Add {
            Js::binary(&now, "+", &js, prec::ADD)
        } else {
            self.arithmetic(place, op, &ty, &now, &js)
        };
        if ty == T::F64 && !matches!(target, Place::Var(..)) {
            result = Js::atom(format!("$.f64({})", result.code), THROW | READ);
        }
        match (guard, &target) {
            (Some(guard), Place::Slot(of, key, _)) => {
                self.emit(format!("{guard}{} = {};", slot(of, key), result.code));
            }
            _ => self.set(&target, &result),
        }
    }

    /// What keeps `+=` on a hidden column from being run: it is dropped, and nothing of it is read (S33).
    fn guard(&self, target: &Place, value: &Js) -> Option<String> {
        match target {
            Place::Slot(of, Key::Name(name), _)
                if of == "self" && self.hideable.contains(name) && value.fx & (THROW | WRITE) == 0 =>
            {
                Some(format!("if (!$.hidden(self, {})) ", names::quoted(name)))
            }
            _ => None,
        }
    }

    /// The name on the wire of a field.
    pub(super) fn wire_name(&self, of: &T, rust: &str) -> String {
        match of {
            T::Named(name) => self
                .types
                .fields(name)
                .and_then(|fields| {
                    fields.iter().find(|(r, ..)| *r == rust).map(|(_, wire, _)| (*wire).to_owned())
                })
                .unwrap_or_else(|| rust.to_owned()),
            _ => rust.to_owned(),
        }
    }
}

fn bang(code: String, some: bool) -> String {
    if some { format!("{code}!") } else { code }
}
