//! Every method that may stand in a body is printed, or refused by its name: none is guessed, none brings a panic.

use realtime_protocol::lower::{
    BinOp, Block, Body, Expr, IR_VERSION, Kind, Lit, METHODS, MethodOf, Pat, Stmt,
};
use realtime_protocol::schema::{
    Generic, Model, Mutation, Optimistic, Receiver, SCHEMA_FORMAT, Schema, TopicOf, Ty,
};

use super::lower;

/// Those that TypeScript refuses: a method that is added to the protocol is printed, or stands here.
const REFUSED: &[(MethodOf, &str)] = &[
    (MethodOf::Float, "total_cmp"),
    (MethodOf::Option, "get_or_insert"),
    (MethodOf::Vec, "retain_mut"),
    (MethodOf::Set, "is_subset"),
    (MethodOf::Iterator, "flat_map"),
    (MethodOf::Iterator, "chain"),
    (MethodOf::Iterator, "zip"),
    (MethodOf::Iterator, "partition"),
    (MethodOf::Ordering, "then_with"),
    (MethodOf::Tx, "get"),
    (MethodOf::Tx, "all"),
    (MethodOf::Tx, "get_mut"),
    (MethodOf::Tx, "insert"),
    (MethodOf::Tx, "remove"),
];

/// Builds expressions, each with an id of its own.
#[derive(Default)]
struct Ir(u32);

impl Ir {
    fn expr(&mut self, kind: Kind) -> Expr {
        self.0 += 1;
        Expr { id: self.0, at: (1, 1), kind: Box::new(kind) }
    }

    fn local(&mut self, name: &str) -> Expr {
        self.expr(Kind::Local(name.to_owned()))
    }

    fn column(&mut self, name: &str) -> Expr {
        let this = self.local("self");
        self.expr(Kind::Field(this, name.to_owned()))
    }

    fn call(&mut self, recv: Expr, name: &str, args: Vec<Expr>) -> Expr {
        self.expr(Kind::Method { recv, name: name.to_owned(), ty: None, args })
    }

    fn text(&mut self) -> Expr {
        self.expr(Kind::Lit(Lit::Str("a".to_owned())))
    }

    fn receiver(&mut self, of: MethodOf, name: &str) -> Expr {
        match of {
            MethodOf::Vec if name == "concat" => self.column("names"),
            MethodOf::Integer => self.column("integer"),
            MethodOf::Float => self.column("float"),
            MethodOf::Bool => self.column("bool"),
            MethodOf::Char => self.column("char"),
            MethodOf::Text => self.column("text"),
            MethodOf::Option => self.column("option"),
            MethodOf::Vec => self.column("list"),
            MethodOf::Map => self.column("map"),
            MethodOf::Set => self.column("set"),
            MethodOf::Key => self.column("at"),
            MethodOf::Named => self.local("self"),
            MethodOf::Tx => self.local("tx"),
            MethodOf::Entry => {
                let (map, key) = (self.column("map"), self.text());
                self.call(map, "entry", vec![key])
            }
            MethodOf::Iterator => {
                let list = self.column("list");
                self.call(list, "iter", vec![])
            }
            MethodOf::Ordering => {
                let (a, b) = (self.column("integer"), self.column("integer"));
                self.call(a, "cmp", vec![b])
            }
        }
    }

    /// The `n`th argument that might fit, if there are so many.
    fn argument(&mut self, n: usize) -> Option<Expr> {
        let columns = ["integer", "float", "char", "text", "option", "list", "set", "map", "at"];
        if let Some(name) = columns.get(n) {
            return Some(self.column(name));
        }
        Some(match n - columns.len() {
            0 => self.text(),
            1 => {
                let (from, to) = (self.column("integer"), self.column("integer"));
                self.expr(Kind::Range { from: Some(from), to: Some(to), inclusive: false })
            }
            2 => {
                let item = self.column("integer");
                self.expr(Kind::Array(vec![item]))
            }
            3 => self.receiver(MethodOf::Iterator, ""),
            4 => self.receiver(MethodOf::Ordering, ""),
            5 => self.closure(&[], |ir| ir.column("integer")),
            6 => self.closure(&[], |ir| ir.receiver(MethodOf::Ordering, "")),
            7 => self.closure(&["a"], |ir| ir.local("a")),
            8 => self.closure(&["a"], Self::more_than_one),
            9 => self.closure(&["a"], |ir| {
                let a = ir.local("a");
                ir.expr(Kind::Call { path: vec!["Some".to_owned()], ty: None, args: vec![a] })
            }),
            10 => self.closure(&["a"], |ir| ir.expr(Kind::Tuple(vec![]))),
            11 => self.closure(&["a", "b"], |ir| {
                let (a, b) = (ir.local("a"), ir.local("b"));
                ir.call(a, "cmp", vec![b])
            }),
            12 => self.closure(&["a", "b"], |ir| ir.local("a")),
            13 => self.closure(&["a", "b"], |ir| ir.expr(Kind::Lit(Lit::Bool(true)))),
            14 => self.expr(Kind::Range { from: None, to: None, inclusive: false }),
            _ => return None,
        })
    }

    fn closure(&mut self, params: &[&str], body: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let body = body(self);
        let bind = |name: &&str| Pat::Bind { name: (*name).to_owned(), mutable: false };
        self.expr(Kind::Closure(params.iter().map(bind).collect(), body))
    }

    fn more_than_one(&mut self) -> Expr {
        let (a, one) = (self.local("a"), self.expr(Kind::Lit(Lit::Int("1".to_owned(), None))));
        self.expr(Kind::Binary(BinOp::Gt, a, one))
    }
}

/// How the call stands in the body: alone, in a chain, as a value, as a place, as a `Result`, as an entry, as a list,
/// under a `for`, under an `if let`.
const USES: [fn(&mut Ir, Expr) -> Stmt; 9] = [
    |_, call| Stmt::Expr(call),
    |ir, call| Stmt::Expr(ir.call(call, "count", vec![])),
    |_, init| {
        let pat = Pat::Bind { name: "kept".to_owned(), mutable: false };
        Stmt::Let { pat, ty: None, init, or_else: None }
    },
    |ir, call| {
        let place = ir.expr(Kind::Deref(call));
        let one = ir.column("integer");
        Stmt::Expr(ir.expr(Kind::Assign(place, one)))
    },
    |ir, call| Stmt::Expr(ir.expr(Kind::Try(call))),
    |ir, call| Stmt::Expr(ir.call(call, "or_default", vec![])),
    |ir, call| {
        let list = ir.column("list");
        Stmt::Expr(ir.expr(Kind::Assign(list, call)))
    },
    |ir, call| Stmt::Expr(ir.expr(Kind::For(Pat::Wild, call, empty()))),
    |ir, call| {
        let name = Pat::Bind { name: "found".to_owned(), mutable: false };
        let cond = ir.expr(Kind::Let(Pat::Some(Box::new(name)), call));
        Stmt::Expr(ir.expr(Kind::If { cond, then: empty(), otherwise: None }))
    },
];

fn empty() -> Block {
    Block { stmts: vec![], tail: None }
}

fn schema() -> Schema {
    let columns = [
        ("id", Ty::String),
        ("integer", Ty::I32),
        ("float", Ty::F64),
        ("bool", Ty::Bool),
        ("char", Ty::Char),
        ("text", Ty::String),
        ("option", Ty::Option(Box::new(Ty::I32))),
        ("list", Ty::Vec(Box::new(Ty::I32))),
        ("names", Ty::Vec(Box::new(Ty::String))),
        ("map", Ty::BTreeMap(Box::new(Ty::String), Box::new(Ty::I32))),
        ("set", Ty::BTreeSet(Box::new(Ty::I32))),
        ("at", Ty::Timestamp),
    ];
    let model: serde_json::Value = serde_json::json!({
        "number": 1, "name": "Case", "doc": "", "topic": TopicOf::Of("Case".to_owned()), "principal": Ty::String,
        "version": 1, "fingerprint": 0, "key": "id", "generic": Generic::default(), "mutations": [],
        "columns": columns.map(|(name, ty)| field(name, &ty)),
    });
    let models: Vec<Model> = vec![serde_json::from_value(model).expect("a model")];
    Schema { format: SCHEMA_FORMAT, realtime: String::new(), principal: Ty::String, models, types: vec![] }
}

fn field(name: &str, ty: &Ty) -> serde_json::Value {
    serde_json::json!({
        "number": 0, "rust": name, "name": name, "ty": ty, "doc": "", "optional": false, "rules": [],
    })
}

/// Prints a body of one statement; what was wrong otherwise.
fn print(schema: &Schema, stmt: Stmt) -> Result<(), Vec<String>> {
    let mutation: Mutation = serde_json::from_value(serde_json::json!({
        "number": 1, "name": "run", "doc": "", "receiver": Receiver::Entity, "args": [], "returns": Ty::Unit,
        "error": Ty::I32, "optimistic": Optimistic::None, "writes": null,
    }))
    .expect("a mutation");
    let block = Block { stmts: vec![stmt], tail: None };
    let body = Body { ir: IR_VERSION, file: "case.rs".to_owned(), block, types: vec![], consts: vec![] };
    let printed = lower(schema, &schema.models[0], &mutation, &body);
    printed.map(drop).map_err(|errors| errors.into_iter().map(|e| e.what).collect())
}

/// How many arguments rustc lets it have: the printer relies on that.
fn arity(of: MethodOf, name: &str) -> usize {
    match (of, name) {
        (MethodOf::Text, "replace") | (MethodOf::Vec | MethodOf::Map, "insert") => 2,
        (MethodOf::Iterator, "min" | "max" | "last") | (MethodOf::Option, "take") => 0,
        (MethodOf::Set, "first" | "last") | (MethodOf::Vec, "first" | "last") => 0,
        (_, "clamp" | "swap" | "fold") => 2,
        (MethodOf::Iterator, "all") => 1,
        (_, name) if WITHOUT_ARGUMENTS.split_whitespace().any(|of| of == name) => 0,
        _ => 1,
    }
}

const WITHOUT_ARGUMENTS: &str = "is_positive is_negative signum to_string abs clone floor ceil trunc sqrt is_nan \
    is_finite is_ascii_digit is_ascii_alphabetic len is_empty trim trim_start trim_end chars to_owned as_str into \
    to_ascii_lowercase to_ascii_uppercase to_lowercase to_uppercase parse clear is_some is_none unwrap_or_default \
    cloned copied as_ref as_deref as_mut iter into_iter to_vec concat first_mut last_mut pop reverse sort dedup \
    iter_mut first_key_value last_key_value keys values values_mut or_default enumerate rev collect sum product count \
    principal now server_now new_id all";

/// Tries one method with arguments of every kind; returns the refusals where none is printed.
fn printed(schema: &Schema, of: MethodOf, name: &str) -> Result<(), Vec<String>> {
    let kinds = (0..).take_while(|n| Ir::default().argument(*n).is_some()).count();
    let all: Vec<Vec<usize>> = match arity(of, name) {
        0 => vec![vec![]],
        1 => (0..kinds).map(|a| vec![a]).collect(),
        _ => (0..kinds).flat_map(|a| (0..kinds).map(move |b| vec![a, b])).collect(),
    };
    let mut refusals = Vec::new();
    for args in all {
        for used in USES {
            let mut ir = Ir::default();
            let recv = ir.receiver(of, name);
            let args = args.iter().filter_map(|n| ir.argument(*n)).collect();
            let call = ir.call(recv, name, args);
            let stmt = used(&mut ir, call);
            match print(schema, stmt) {
                Ok(()) => return Ok(()),
                Err(told) => refusals.extend(told),
            }
        }
    }
    refusals.sort();
    refusals.dedup();
    Err(refusals)
}

#[test]
fn every_method_is_printed_or_refused_by_its_name() {
    let schema = schema();
    let (mut refused, mut unnamed) = (Vec::new(), Vec::new());
    for method in METHODS {
        if let Err(told) = printed(&schema, method.of, method.name) {
            refused.push((method.of, method.name));
            if !told.iter().any(|what| what.contains(&format!("{}`", method.name))) {
                unnamed.push((method, told));
            }
        }
    }
    assert!(unnamed.is_empty(), "refused, but not by name: {unnamed:#?}");
    assert_eq!(refused, REFUSED);
}
