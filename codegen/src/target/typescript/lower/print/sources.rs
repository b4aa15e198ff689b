//! Where the items of a loop come from: lists, maps, sets, texts, ranges.

use realtime_protocol::lower::{Expr, Kind};

use super::{
    Printer,
    js::{Js, READ, prec},
    patterns::Item,
    places::{Key, Place},
};
use crate::target::typescript::lower::ty::T;

/// A loop's head, what stands first in it, its item and the item's type.
pub(super) type Source = (String, Vec<String>, Item, T);

impl Printer<'_> {
    /// The loop's head, what stands first in it, and its item.
    pub(super) fn source(&mut self, at: &Expr, source: &Expr, rev: bool, hint: Option<&str>) -> Source {
        let none = || (String::from("for (;;)"), Vec::new(), Item::Js(Js::stable("undefined")), T::Error);
        let (of, method) = match &*source.kind {
            Kind::Range { from, to, inclusive } => {
                return self.range_source(at, from.as_ref(), to.as_ref(), *inclusive, rev, hint);
            }
            Kind::Method { recv, name, args, .. } if matches!(self.ty(source), T::Iter(_)) => {
                if let ("split" | "chars", T::Text) = (name.as_str(), self.bare(recv)) {
                    return self.text_source(recv, name, args, rev, hint);
                }
                if name == "drain" {
                    return self.drained(at, recv, &args[0], rev, hint);
                }
                (recv, name.as_str())
            }
            _ => (source, if self.ty(source).is_ref_mut() { "iter_mut" } else { "iter" }),
        };
        let by_mut = matches!(method, "iter_mut" | "values_mut")
            || (method == "into_iter" && self.ty(of).is_ref_mut());
        match self.types.wire(&self.bare(of)) {
            T::List(item) if by_mut => {
                let list = self.owned(of);
                let list = self.named(&Js::atom(list, READ));
                let (head, index) = self.indexed(&list, rev);
                (head, Vec::new(), Item::Place(Place::Slot(list, Key::Index(index), false)), T::RefMut(item))
            }
            T::List(item) | T::Set(item) => {
                let list = self.read(of);
                self.list_source(&list, *item, rev, hint)
            }
            T::Map { key, value, .. } => self.map_source(at, of, (*key, *value), method, by_mut, rev),
            _ => {
                self.refuse(
                    at,
                    "what this runs over has no form in TypeScript",
                    "run over a list, a map, a set or a range",
                );
                none()
            }
        }
    }

    fn indexed(&mut self, list: &str, rev: bool) -> (String, String) {
        let i = self.name("i");
        let head = if rev {
            format!("for (let {i} = {list}.length - 1; {i} >= 0; {i}--)")
        } else {
            format!("for (let {i} = 0; {i} < {list}.length; {i}++)")
        };
        (head, i)
    }

    fn list_source(&mut self, list: &Js, item: T, rev: bool, hint: Option<&str>) -> Source {
        if rev {
            let list = self.named(list);
            let (head, i) = self.indexed(&list, true);
            let name = self.name(hint.unwrap_or("item"));
            let line = format!("const {name} = $.at({list}, {i});");
            return (head, vec![line], Item::Js(Js::stable(name)), item);
        }
        let name = self.name(hint.unwrap_or("item"));
        (format!("for (const {name} of {})", list.code), Vec::new(), Item::Js(Js::stable(name)), item)
    }

    fn text_source(
        &mut self,
        recv: &Expr,
        name: &str,
        args: &[Expr],
        rev: bool,
        hint: Option<&str>,
    ) -> Source {
        if name == "split" {
            let parts = self.operands(&[recv, &args[0]], Self::read);
            let list = Js::atom(format!("$.split({}, {})", parts[0].code, parts[1].code), READ);
            return self.list_source(&list, T::Text, rev, hint);
        }
        let text = self.read(recv);
        let list = if rev { Js::atom(format!("[...{}]", text.head()), READ) } else { text };
        self.list_source(&list, T::Char, rev, hint)
    }

    fn drained(&mut self, at: &Expr, recv: &Expr, range: &Expr, rev: bool, hint: Option<&str>) -> Source {
        let T::List(item) = self.bare(recv) else {
            self.refuse(at, "`drain` of this has no form in TypeScript", "use `mem::take`");
            return (String::new(), Vec::new(), Item::Js(Js::stable("undefined")), T::Error);
        };
        if !matches!(&*range.kind, Kind::Range { from: None, to: None, .. }) {
            self.refuse(
                range,
                "`drain` of a part has no form in TypeScript yet",
                "use `split_off`, or `drain(..)`",
            );
        }
        let list = self.owned(recv);
        let all = self.named(&Js::atom(format!("{list}.splice(0)"), super::WRITE));
        self.list_source(&Js::stable(all), *item, rev, hint)
    }

    fn map_source(
        &mut self,
        at: &Expr,
        of: &Expr,
        (key_ty, value_ty): (T, T),
        method: &str,
        by_mut: bool,
        rev: bool,
    ) -> Source {
        let map = if by_mut { Js::atom(self.owned(of), READ) } else { self.read(of) };
        let map = self.named(&map);
        let keys = self.keys_of(at, &map, &key_ty);
        let keys = if rev { format!("{keys}.reverse()") } else { keys };
        let name = self.name("key");
        let key = Item::Js(Js::stable(name.clone()));
        let value = if by_mut {
            Item::Place(Place::Slot(map, Key::Index(name.clone()), false))
        } else {
            Item::Js(Js::atom(format!("$.mapAt({map}, {name})"), READ))
        };
        let value_ty = if by_mut { T::RefMut(Box::new(value_ty)) } else { value_ty };
        let (item, ty) = match method {
            "keys" => (key, key_ty),
            "values" | "values_mut" => (value, value_ty),
            _ => (Item::Tuple(vec![key, value]), T::Tuple(vec![key_ty, value_ty])),
        };
        (format!("for (const {name} of {keys})"), Vec::new(), item, ty)
    }

    fn range_source(
        &mut self,
        at: &Expr,
        from: Option<&Expr>,
        to: Option<&Expr>,
        inclusive: bool,
        rev: bool,
        hint: Option<&str>,
    ) -> Source {
        let (Some(from_expr), Some(to_expr)) = (from, to) else {
            self.refuse(at, "a range without an end may run forever", "write both ends");
            return (String::new(), Vec::new(), Item::Js(Js::stable("undefined")), T::Error);
        };
        let ty = self.bare(to_expr);
        let ends = self.operands(&[from_expr, to_expr], Self::read);
        let steady = |p: &mut Self, js: &Js| if js.fx == 0 { js.clone() } else { Js::stable(p.named(js)) };
        let (from, to) = (steady(self, &ends[0]), steady(self, &ends[1]));
        let name = self.name(hint.unwrap_or("i"));
        let head = if rev {
            let start = if inclusive { to.code } else { format!("{} - 1", to.at(prec::ADD)) };
            format!("for (let {name} = {start}; {name} >= {}; {name}--)", from.at(prec::ADD))
        } else {
            let word = if inclusive { "<=" } else { "<" };
            format!("for (let {name} = {}; {name} {word} {}; {name}++)", from.code, to.at(prec::ADD))
        };
        (head, Vec::new(), Item::Js(Js::stable(name)), ty)
    }
}
