//! Iterator chains and `for`: one loop each, since Rust's chains are lazy.

use realtime_protocol::lower::{Block, Expr, Kind, Pat};

use super::{
    Dest, Printer,
    exprs::clone,
    js::{Js, mentions, prec},
    patterns::{Item, Matched},
};
use crate::target::typescript::lower::ty::T;

/// What happens with each item.
type End<'e> = &'e mut dyn FnMut(&mut Printer<'_>, Item, T);

/// One adapter of a chain.
struct Link<'e> {
    name: &'e str,
    args: &'e [Expr],
    /// The item that comes out.
    item: T,
    /// A counter, and the limit of `skip` and `take`.
    state: Option<(String, String)>,
}

impl Printer<'_> {
    pub(super) fn for_(&mut self, pat: &Pat, over: &Expr, body: &Block) {
        let hint = match pat {
            Pat::Bind { name, .. } => Some(name.as_str()),
            _ => None,
        };
        self.each(over, over, hint, &mut |p, item, ty| {
            let mut matched = Matched::default();
            p.test(pat, &item, &ty, true, &mut matched);
            p.declare(matched);
            p.block(body, &Dest::Discard);
        });
    }

    /// Prints the loop over `over`; `end` prints what happens with each item.
    pub(super) fn each(&mut self, at: &Expr, over: &Expr, hint: Option<&str>, end: End<'_>) {
        let mut links = Vec::new();
        let source = self.links(over, &mut links);
        links.reverse();
        let reversed = links.iter().any(|link| link.name == "rev");
        let mut reversible = true;
        for link in &links {
            if link.name == "rev" {
                break;
            }
            reversible &= matches!(link.name, "map" | "filter" | "cloned" | "copied" | "filter_map");
        }
        if (reversed && !reversible) || links.iter().filter(|l| l.name == "rev").count() > 1 {
            self.refuse(at, "`rev` behind this has no form in TypeScript", "put `rev` right behind `iter()`");
            return;
        }
        let (head, before, item, ty) = self.source(at, source, reversed, hint.or_else(|| first_hint(&links)));
        let mut heads = Vec::new();
        for link in &mut links {
            self.prepare(link, &mut heads);
        }
        let ((), lines, _) = self.sub(|p| {
            for line in heads {
                p.emit(line);
            }
            for line in before {
                p.emit(line);
            }
            p.stages(&links, item, ty, end);
        });
        let name = head.strip_prefix("for (const ").and_then(|rest| rest.split(' ').next());
        let head = match name {
            // TypeScript takes an unused name that begins so.
            Some(name) if !mentions(&lines, name) => head.replacen("const ", "const _", 1),
            _ => head.clone(),
        };
        self.nest(&format!("{head} "), lines, "");
    }

    /// Collects the adapters from the end; gives where the items come from.
    fn links<'e>(&self, expr: &'e Expr, links: &mut Vec<Link<'e>>) -> &'e Expr {
        if let Kind::Method { recv, name, args, .. } = &*expr.kind
            && matches!(self.ty(recv), T::Iter(_) | T::Range(_))
        {
            let item = match self.ty(expr) {
                T::Iter(item) | T::Range(item) => *item,
                _ => T::Error,
            };
            if name != "iter" && name != "into_iter" {
                links.push(Link { name, args, item, state: None });
            }
            return self.links(recv, links);
        }
        expr
    }

    /// What a link needs before the loop, and at its head.
    fn prepare(&mut self, link: &mut Link<'_>, heads: &mut Vec<String>) {
        match link.name {
            "enumerate" => {
                let counter = self.temp();
                self.emit(format!("let {counter} = 0;"));
                link.state = Some((counter, String::new()));
            }
            "skip" | "take" => {
                let limit = self.read(&link.args[0]);
                let limit = self.named(&limit);
                let counter = self.temp();
                self.emit(format!("let {counter} = 0;"));
                if link.name == "take" {
                    heads.push(format!("if ({counter} >= {limit}) break;"));
                }
                link.state = Some((counter, limit));
            }
            _ => {}
        }
    }

    fn stages(&mut self, links: &[Link<'_>], item: Item, ty: T, end: End<'_>) {
        let Some((link, rest)) = links.split_first() else { return end(self, item, ty) };
        let counter = link.state.as_ref().map(|(counter, _)| counter.clone()).unwrap_or_default();
        let next = match link.name {
            "filter" | "take_while" => {
                let cond = self.inlined(
                    &link.args[0],
                    std::slice::from_ref(&item),
                    std::slice::from_ref(&ty),
                    Self::read,
                );
                let word = if link.name == "filter" { "continue" } else { "break" };
                self.emit(format!("if ({}) {word};", cond.not().code));
                item
            }
            "map" => self.mapped_item(&link.args[0], item, &ty),
            "filter_map" => {
                let js = self.inlined(&link.args[0], &[item], &[ty], Self::value);
                let name = self.named(&js);
                self.emit(format!("if ({name} === null) continue;"));
                Item::Js(Js::stable(name))
            }
            "enumerate" => {
                let index = self.temp();
                self.emit(format!("const {index} = {counter}++;"));
                Item::Tuple(vec![Item::Js(Js::stable(index)), item])
            }
            "skip" => {
                let limit = link.state.as_ref().map(|(_, limit)| limit.clone()).unwrap_or_default();
                self.emit(format!("if ({counter} < {limit}) {{"));
                self.emit(format!("  {counter}++;"));
                self.emit("  continue;");
                self.emit("}");
                item
            }
            "take" => {
                self.emit(format!("{counter}++;"));
                item
            }
            "cloned" | "copied" => {
                let js = self.item_js(&item);
                if self.types.is_plain(&link.item) {
                    Item::Js(js)
                } else {
                    let name = self.named(&clone(&js));
                    Item::Js(Js::stable(name))
                }
            }
            _ => item,
        };
        self.stages(rest, next, link.item.clone(), end);
    }

    /// The value of a closure as the next item; a tuple stays in parts.
    fn mapped_item(&mut self, f: &Expr, item: Item, ty: &T) -> Item {
        if let Kind::Closure(pats, body) = &*f.kind
            && let Kind::Tuple(parts) = &*body.kind
            && !parts.is_empty()
        {
            self.open(pats, &[item], std::slice::from_ref(ty));
            let all: Vec<&Expr> = parts.iter().collect();
            let parts = self.operands(&all, Self::value);
            return Item::Tuple(parts.iter().map(|js| Item::Js(Js::stable(self.named(js)))).collect());
        }
        let js = self.inlined(f, &[item], std::slice::from_ref(ty), Self::value);
        if js.fx == 0 && js.prec == prec::ATOM { Item::Js(js) } else { Item::Js(Js::stable(self.named(&js))) }
    }

    pub(super) fn open(&mut self, pats: &[Pat], items: &[Item], types: &[T]) {
        for ((pat, item), ty) in pats.iter().zip(items).zip(types) {
            let mut matched = Matched::default();
            self.test(pat, item, ty, true, &mut matched);
            self.declare(matched);
        }
    }

    /// The value of a closure, printed in place.
    pub(super) fn inlined(
        &mut self,
        f: &Expr,
        items: &[Item],
        types: &[T],
        print: impl Fn(&mut Self, &Expr) -> Js,
    ) -> Js {
        let Kind::Closure(pats, body) = &*f.kind else {
            return self.refuse(
                f,
                "a function as a value cannot be lowered",
                "write a closure that calls it",
            );
        };
        self.open(pats, items, types);
        print(self, body)
    }
}

/// The name that the first closure gives to the item.
fn first_hint<'e>(links: &[Link<'e>]) -> Option<&'e str> {
    links.iter().find_map(|link| link.args.first()).and_then(closure_hint)
}

pub(super) fn closure_hint(f: &Expr) -> Option<&str> {
    let Kind::Closure(pats, _) = &*f.kind else { return None };
    match pats.first() {
        Some(Pat::Bind { name, .. }) => Some(name),
        Some(Pat::Ref(of)) => match &**of {
            Pat::Bind { name, .. } => Some(name),
            _ => None,
        },
        _ => None,
    }
}
