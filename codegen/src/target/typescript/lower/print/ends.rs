//! The ends of iterator chains: what a loop gives.

use realtime_protocol::lower::{Expr, Kind};

use super::{
    Dest, Printer,
    chains::closure_hint,
    js::{Js, READ, is_name, prec},
    patterns::Item,
};
use crate::target::typescript::lower::ty::T;

impl Printer<'_> {
    /// The end of a chain: what it gives.
    pub(super) fn chain_end(&mut self, expr: &Expr, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        let ty = self.ty(expr);
        let result = self.temp();
        let ts = self.types.ts(&ty);
        match (name, args) {
            ("any" | "all", [f]) => {
                let any = name == "any";
                self.emit(format!("let {result} = {};", !any));
                self.each(expr, recv, closure_hint(f), &mut |p, item, ty| {
                    let js = p.inlined(f, &[item], &[ty], Printer::read);
                    let cond = if any { js } else { js.not() };
                    p.nest(
                        &format!("if ({}) ", cond.code),
                        vec![format!("{result} = {any};"), "break;".into()],
                        "",
                    );
                });
            }
            ("find", [f]) => {
                self.emit(format!("let {result} = null as {ts};"));
                self.each(expr, recv, closure_hint(f), &mut |p, item, ty| {
                    let cond =
                        p.inlined(f, std::slice::from_ref(&item), std::slice::from_ref(&ty), Printer::read);
                    let (found, mut lines, _) = p.sub(|p| p.taken(expr, item, &ty));
                    lines.push(format!("{result} = {};", found.code));
                    lines.push("break;".into());
                    p.nest(&format!("if ({}) ", cond.code), lines, "");
                });
            }
            ("position", [f]) => {
                self.emit(format!("let {result} = null as {ts};"));
                let at = self.temp();
                self.emit(format!("let {at} = 0;"));
                self.each(expr, recv, closure_hint(f), &mut |p, item, ty| {
                    let cond = p.inlined(f, &[item], &[ty], Printer::read);
                    p.nest(
                        &format!("if ({}) ", cond.code),
                        vec![format!("{result} = {at};"), "break;".into()],
                        "",
                    );
                    p.emit(format!("{at}++;"));
                });
            }
            ("find_map", [f]) => {
                self.emit(format!("let {result} = null as {ts};"));
                self.each(expr, recv, closure_hint(f), &mut |p, item, ty| {
                    let js = p.inlined(f, &[item], &[ty], Printer::value);
                    p.emit(format!("{result} = {};", js.code));
                    p.emit(format!("if ({result} !== null) break;"));
                });
            }
            ("count", []) => {
                self.emit(format!("let {result} = 0;"));
                self.each(expr, recv, None, &mut |p, item, _| {
                    p.effect_of(&item);
                    p.emit(format!("{result}++;"));
                });
            }
            ("sum" | "product", []) => self.folded_number(expr, recv, &result, name == "sum"),
            ("min" | "max", []) => self.extreme(expr, recv, &result, name == "max", None),
            ("min_by_key" | "max_by_key", [f]) => {
                self.extreme(expr, recv, &result, name == "max_by_key", Some(f))
            }
            ("last", []) => {
                self.emit(format!("let {result} = null as {ts};"));
                self.each(expr, recv, None, &mut |p, item, ty| {
                    let js = p.taken(expr, item, &ty);
                    p.emit(format!("{result} = {};", js.code));
                });
            }
            ("fold", [init, f]) => {
                let init_js = self.value(init);
                let acc_ty = self.bare(init);
                self.declare_one(&result, &init_js, &acc_ty, true, true);
                self.each(expr, recv, None, &mut |p, item, ty| {
                    let acc = Item::Js(Js::atom(result.clone(), READ));
                    let js = p.inlined(f, &[acc, item], &[acc_ty.clone(), ty], Printer::value);
                    p.emit(format!("{result} = {};", js.code));
                });
            }
            ("for_each", [f]) => {
                self.each(expr, recv, closure_hint(f), &mut |p, item, ty| {
                    let Kind::Closure(pats, body) = &*f.kind else { return };
                    p.open(pats, &[item], &[ty]);
                    p.to(body, &Dest::Discard);
                });
                return Js::stable("undefined");
            }
            ("collect", []) => self.collect(expr, recv, &result, &ty),
            _ => {
                return self.refuse(
                    expr,
                    format!("`{name}` of an iterator has no form in TypeScript here"),
                    "write a `for` loop",
                );
            }
        }
        let fresh = name == "collect";
        let js = Js::atom(result, if fresh { 0 } else { READ });
        if fresh { js.fresh() } else { js }
    }

    /// An item that leaves the loop: behind `&mut` it is owned now.
    fn taken(&mut self, at: &Expr, item: Item, ty: &T) -> Js {
        match (item, ty) {
            (Item::Place(place), T::RefMut(of)) => self.reference(at, place, of),
            (item, _) => self.item_js(&item),
        }
    }

    /// Evaluates an item for what evaluation does, such as a fault.
    fn effect_of(&mut self, item: &Item) {
        if let Item::Js(js) = item
            && js.fx & super::THROW != 0
            && !is_name(&js.code)
        {
            self.emit(format!("{};", js.code));
        }
    }

    fn folded_number(&mut self, expr: &Expr, recv: &Expr, result: &str, sum: bool) {
        let ty = self.types.wire(&self.ty(expr));
        if ty == T::F64 {
            // Rust starts at -0.0 and rounds after each step, in the same order.
            self.refuse(expr, "the sum of floats has no form in TypeScript yet", "write a `for` loop");
            return;
        }
        self.emit(format!("let {result} = {};", if sum { 0 } else { 1 }));
        let op = if sum { super::BinOp::Add } else { super::BinOp::Mul };
        self.each(expr, recv, None, &mut |p, item, _| {
            let item = p.item_js(&item);
            let total = Js::atom(result, READ);
            let js = p.arithmetic(expr, op, &ty, &total, &item);
            p.emit(format!("{result} = {};", js.code));
        });
    }

    /// `min`, `max` and those by key: of equal ones the last is the greatest, the first the smallest.
    fn extreme(&mut self, expr: &Expr, recv: &Expr, result: &str, max: bool, by: Option<&Expr>) {
        let T::Option(item_ty) = self.ty(expr) else { return };
        let key_ty = by.map_or_else(|| item_ty.clone().strip(), |f| self.ty(f).strip());
        let best = if by.is_some() { self.temp() } else { result.to_owned() };
        self.emit(format!("let {result} = null as {};", self.types.ts(&self.ty(expr))));
        if by.is_some() {
            self.emit(format!("let {best} = null as {};", self.types.ts(&T::option(key_ty.clone()))));
        }
        let op = if max { super::BinOp::Ge } else { super::BinOp::Lt };
        self.each(expr, recv, by.and_then(closure_hint), &mut |p, item, ty| {
            let key = match by {
                Some(f) => {
                    p.inlined(f, std::slice::from_ref(&item), std::slice::from_ref(&ty), Printer::value)
                }
                None => p.item_js(&item),
            };
            let key = Js::stable(p.named(&key));
            let better = p.compare(expr, op, &key_ty, &key, &Js::stable(best.clone()));
            let (taken, mut lines, _) = p.sub(|p| p.taken(expr, item, &ty));
            lines.push(format!("{result} = {};", taken.code));
            if by.is_some() {
                lines.push(format!("{best} = {};", key.code));
            }
            p.nest(&format!("if ({best} === null || {}) ", better.at(prec::AND)), lines, "");
        });
    }

    fn collect(&mut self, expr: &Expr, recv: &Expr, result: &str, ty: &T) {
        let ts = self.types.ts(ty);
        let wire = self.types.wire(ty);
        match &wire {
            T::List(_) | T::Set(_) => self.emit(format!("const {result}: {ts} = [];")),
            T::Map { .. } => self.emit(format!("const {result}: {ts} = {{}};")),
            T::Text => self.emit(format!("let {result} = \"\";")),
            _ => {
                self.refuse(
                    expr,
                    "collecting into this type has no form in TypeScript",
                    "declare a Vec, a BTreeMap, a BTreeSet or a String",
                );
                return;
            }
        }
        if let T::Set(item) = &wire
            && !self.types.is_key(item)
        {
            self.refuse(expr, "a set of this type has no form in TypeScript", "use text or integers");
        }
        self.each(expr, recv, None, &mut |p, item, item_ty| {
            let line = match (&wire, item) {
                (T::Map { .. }, Item::Tuple(parts)) if parts.len() == 2 => {
                    let (key, value) = (p.item_js(&parts[0]), p.item_js(&parts[1]));
                    format!("$.mapSet({result}, {}, {});", key.code, value.code)
                }
                (T::Map { .. }, item) => {
                    let pair = p.item_js(&item);
                    let pair = p.named(&pair);
                    format!("$.mapSet({result}, {pair}[0], {pair}[1]);")
                }
                (T::Set(_), item) => format!("$.setAdd({result}, {});", p.item_js(&item).code),
                (T::Text, item) => format!("{result} += {};", p.item_js(&item).code),
                (_, item) => format!("{result}.push({});", p.taken(expr, item, &item_ty).code),
            };
            p.emit(line);
        });
    }
}
