//! Methods of lists, and which printer a method has.

use realtime_protocol::lower::{Expr, Kind};

use super::{
    Dest, Printer,
    exprs::clone,
    js::{Js, READ, THROW, WRITE, prec},
    patterns::{Item, Matched},
};
use crate::target::typescript::lower::ty::T;

impl Printer<'_> {
    /// A method call, by the type of its receiver.
    pub(super) fn method(&mut self, expr: &Expr, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        match self.types.wire(&self.bare(recv)) {
            T::Tx => self.tx_method(expr, name, args),
            T::Iter(_) | T::Range(_) => self.chain_end(expr, recv, name, args),
            T::Option(_) | T::Parsed(_) => self.option_method(expr, recv, name, args),
            T::List(item) => self.list_method(expr, recv, &item, name, args),
            T::Map { key, value, .. } => self.map_method(expr, recv, (&key, &value), name, args),
            T::Entry(value) => self.entry_method(expr, recv, &value, name, args),
            T::Set(item) => self.set_method(expr, recv, &item, name, args),
            T::Text => self.text_method(expr, recv, name, args),
            T::Int(int) => self.integer_method(expr, int, recv, name, args),
            T::F64 => self.float_method(expr, recv, name, args),
            T::Ordering => self.ordering_method(recv, name, args),
            T::Char | T::Id => self.char_method(expr, recv, name, args),
            ty => match name {
                "clone" => {
                    let js = self.read(recv);
                    if self.types.is_plain(&ty) { js } else { clone(&js) }
                }
                "cmp" => {
                    let parts = self.operands(&[recv, &args[0]], Self::read);
                    match self.ordering(&ty, &parts[0], &parts[1]) {
                        Some(js) => js,
                        None => self.refuse(
                            expr,
                            "the order of this type has no form in TypeScript",
                            "compare its fields",
                        ),
                    }
                }
                _ => self.refuse(expr, format!("`{name}` of this type has no form in TypeScript"), ""),
            },
        }
    }

    fn tx_method(&mut self, expr: &Expr, name: &str, args: &[Expr]) -> Js {
        self.used_tx(name == "principal");
        match name {
            "principal" => Js::stable("tx.principal"),
            "now" => Js::stable("tx.now"),
            "server_now" => Js::atom("tx.serverNow", READ),
            "new_id" => Js::atom("tx.newId()", WRITE),
            "random" => {
                let n = self.read(&args[0]);
                Js::atom(format!("tx.random({})", n.code), WRITE)
            }
            _ => self.refuse(expr, format!("`tx.{name}` has no form in TypeScript yet"), ""),
        }
    }

    fn ordering_method(&mut self, recv: &Expr, name: &str, args: &[Expr]) -> Js {
        if name == "reverse" {
            let js = self.read(recv);
            return Js::binary(&Js::stable("0"), "-", &js, prec::ADD);
        }
        let parts = self.operands(&[recv, &args[0]], Self::read);
        Js::binary(&parts[0], "||", &parts[1], prec::OR)
    }

    fn list_method(&mut self, expr: &Expr, recv: &Expr, item: &T, name: &str, args: &[Expr]) -> Js {
        let null = T::RefMut(Box::new(item.clone()));
        let object = self.types.is_object(item);
        match name {
            "len" => Js::atom(format!("{}.length", self.read(recv).head()), READ),
            "is_empty" => {
                let length = Js::atom(format!("{}.length", self.read(recv).head()), READ);
                Js::binary(&length, "===", &Js::stable("0"), prec::EQUAL)
            }
            "get" => self.helper("get", recv, args, THROW),
            "first" => Js::atom(format!("$.get({}, 0)", self.read(recv).code), READ),
            "last" => {
                let list = self.read(recv);
                let list = self.named(&list);
                Js::atom(format!("$.get({list}, {list}.length - 1)"), READ)
            }
            "contains" => self.contains(recv, item, &args[0]),
            "clone" | "to_vec" => clone(&self.read(recv)),
            "join" => {
                let parts = self.operands(&[recv, &args[0]], Self::read);
                Js::atom(format!("{}.join({})", parts[0].head(), parts[1].code), READ)
            }
            "concat" if *item == T::Text => Js::atom(format!("{}.join(\"\")", self.read(recv).head()), READ),
            "get_mut" => {
                let at = self.read(&args[0]);
                let mut at = at;
                let list = self.after(&mut [&mut at], |p| p.owned(recv));
                let helper = if object { "ownAt" } else { "cellAt" };
                Js::atom(format!("$.{helper}({list}, {})", at.code), READ)
            }
            "first_mut" | "last_mut" => {
                let list = self.owned(recv);
                let list = self.named(&Js::atom(list, READ));
                let helper = if object { "ownAt" } else { "cellAt" };
                if name == "first_mut" {
                    return Js::atom(format!("$.{helper}({list}, 0)"), READ);
                }
                let code = format!("{list}.length === 0 ? null : $.{helper}({list}, {list}.length - 1)");
                Js::new(code, prec::CHOOSE, READ)
            }
            "iter" | "iter_mut" | "into_iter" | "drain" => {
                let _ = null;
                self.refuse(
                    expr,
                    "an iterator as a value has no form in TypeScript",
                    "write the whole chain in one expression",
                )
            }
            _ => self.list_write(expr, recv, item, name, args),
        }
    }

    fn helper(&mut self, name: &str, recv: &Expr, args: &[Expr], fx: u8) -> Js {
        let mut all = vec![recv];
        all.extend(args);
        let parts = self.operands(&all, Self::read);
        let codes: Vec<&str> = parts.iter().map(|js| js.code.as_str()).collect();
        let fx = parts.iter().fold(fx | READ, |fx, js| fx | js.fx);
        Js::atom(format!("$.{name}({})", codes.join(", ")), fx)
    }

    fn contains(&mut self, recv: &Expr, item: &T, what: &Expr) -> Js {
        let parts = self.operands(&[recv, what], Self::read);
        let (list, what) = (&parts[0], &parts[1]);
        if self.types.is_plain(item) {
            // `includes` finds NaN and takes -0 for 0; neither stands in a model.
            return Js::atom(format!("{}.includes({})", list.head(), what.code), READ | list.fx | what.fx);
        }
        let what = self.named(what);
        let name = self.temp();
        Js::atom(format!("{}.some(({name}) => $.eq({name}, {what}))", list.head()), READ)
    }

    fn list_write(&mut self, expr: &Expr, recv: &Expr, item: &T, name: &str, args: &[Expr]) -> Js {
        if matches!(name, "retain" | "sort_by" | "sort_by_key" | "dedup_by_key" | "sort" | "dedup") {
            return self.list_closure(expr, recv, item, name, args);
        }
        if name == "extend" {
            return self.extend(expr, recv, &args[0]);
        }
        if name == "append" {
            let from = self.owned(&args[0]);
            let list = self.owned(recv);
            return Js::atom(format!("{list}.push(...{from}.splice(0))"), READ | WRITE);
        }
        let all: Vec<&Expr> = args.iter().collect();
        let mut values = self.operands(&all, Self::stored);
        let mut held: Vec<&mut Js> = values.iter_mut().collect();
        let list = self.after(&mut held, |p| p.owned(recv));
        let codes: Vec<&str> = values.iter().map(|js| js.code.as_str()).collect();
        let codes = codes.join(", ");
        let fx = values.iter().fold(READ | WRITE, |fx, js| fx | js.fx);
        let call = |name: &str| Js::atom(format!("$.{name}({list}, {codes})"), fx | THROW);
        match name {
            "push" => Js::atom(format!("{list}.push({codes})"), fx),
            "pop" => Js::atom(format!("$.pop({list})"), fx),
            "insert" => call("insertAt"),
            "remove" => call("removeAt"),
            "swap_remove" => call("swapRemove"),
            "swap" => call("swapAt"),
            "truncate" => call("truncate"),
            "split_off" => call("splitOff"),
            "clear" => Js::atom(format!("{list}.splice(0)"), fx),
            "reverse" => Js::atom(format!("{list}.reverse()"), fx),
            _ => self.refuse(
                expr,
                format!("`{name}` of a list has no form in TypeScript yet"),
                "write a `for` loop",
            ),
        }
    }

    fn extend(&mut self, expr: &Expr, recv: &Expr, from: &Expr) -> Js {
        let list = self.owned(recv);
        let list = self.named(&Js::atom(list, READ));
        self.each(expr, from, None, &mut |p, item, ty| {
            let js = p.item_js(&item);
            let js = if p.types.is_copy(&ty) && !p.types.is_plain(&ty) { clone(&js) } else { js };
            p.emit(format!("{list}.push({});", js.code));
        });
        Js::stable("undefined")
    }

    fn list_closure(&mut self, expr: &Expr, recv: &Expr, item: &T, name: &str, args: &[Expr]) -> Js {
        let list = self.owned(recv);
        let fx = READ | WRITE | THROW;
        match (name, args) {
            ("retain", [f]) => {
                let keep = self.arrow(f, std::slice::from_ref(item));
                Js::atom(format!("$.retain({list}, {keep})"), fx)
            }
            ("sort", []) if self.types.is_key(item) => {
                Js::atom(format!("{list}.sort((a, b) => $.cmp(a, b))"), fx)
            }
            ("dedup", []) => Js::atom(format!("$.dedup({list}, (item) => item)"), fx),
            ("dedup_by_key", [f]) => {
                let key = self.arrow(f, std::slice::from_ref(item));
                Js::atom(format!("$.dedup({list}, {key})"), fx)
            }
            ("sort_by", [f]) => {
                let compare = self.arrow(f, &[item.clone(), item.clone()]);
                Js::atom(format!("{list}.sort({compare})"), fx)
            }
            ("sort_by_key", [f]) => {
                let key_ty = self.ty(f);
                let (a, b) = (Js::stable("a"), Js::stable("b"));
                if self.ordering(&key_ty, &a, &b).is_none() {
                    return self.refuse(
                        f,
                        "the order of this key has no form in TypeScript",
                        "use a number or text",
                    );
                }
                let key = self.arrow(f, std::slice::from_ref(item));
                let name = self.temp();
                self.emit(format!("const {name} = {};", self.typed_arrow(&key, item)));
                let call = |of: &str| Js::stable(format!("{name}({of})"));
                let order =
                    self.ordering(&key_ty, &call("a"), &call("b")).map(|js| js.code).unwrap_or_default();
                Js::atom(format!("{list}.sort((a, b) => {order})"), fx)
            }
            _ => self.refuse(
                expr,
                format!("`{name}` of this list has no form in TypeScript"),
                "sort by a key that is a number or text",
            ),
        }
    }

    /// An arrow function whose one parameter has a type.
    fn typed_arrow(&self, arrow: &str, item: &T) -> String {
        let ty = self.types.ts(item);
        match arrow.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((name, rest)) => format!("({name}: {ty}){rest}"),
            None => arrow.to_owned(),
        }
    }

    /// A closure as an arrow function.
    pub(super) fn arrow(&mut self, f: &Expr, params: &[T]) -> String {
        let Kind::Closure(pats, body) = &*f.kind else {
            return self.refuse(f, "a function as a value cannot be lowered", "write a closure").code;
        };
        let mut names = Vec::new();
        let ((), mut lines, _) = self.sub(|p| {
            for (pat, ty) in pats.iter().zip(params) {
                let mut matched = Matched::default();
                let name = match pat {
                    super::Pat::Bind { name, .. } => p.name(name),
                    _ => p.temp(),
                };
                p.test(pat, &Item::Js(Js::stable(name.clone())), ty, true, &mut matched);
                p.declare(matched);
                names.push(name);
            }
            p.to(body, &Dest::Arrow);
        });
        let names = names.join(", ");
        let single = lines.len() == 1 && lines[0].starts_with("return ");
        if single {
            let value = lines[0].trim_start_matches("return ").trim_end_matches(';');
            let value = if value.starts_with('{') { format!("({value})") } else { value.to_owned() };
            return format!("({names}) => {value}");
        }
        for line in &mut lines {
            *line = format!("  {line}");
        }
        format!("({names}) => {{\n{}\n}}", lines.join("\n"))
    }
}
