//! Bodies to data: each is read back by the protocol's types, and refused constructs say what to write instead.

use realtime_protocol::lower::{Arm, BinOp, Block, Kind, Lit, Pat, Piece, Stmt};
use syn::parse_quote;

use super::{Lowered, lower};
use crate::errors::Errors;

fn lowered(body: &str) -> (Block, Lowered) {
    let mut errors = Errors::default();
    let block = syn::parse_str(&format!("{{ {body} }}")).unwrap();
    let lowered = lower(&block, &parse_quote!(Poll), &mut errors);
    assert_eq!(errors.messages(), Vec::<String>::new(), "{body}");
    (serde_json::from_str(&lowered.ir).unwrap(), lowered)
}

fn tail(body: &str) -> Kind {
    *lowered(body).0.tail.expect("a value").kind
}

/// The first lines of what is refused.
fn refused(body: &str) -> Vec<String> {
    let mut errors = Errors::default();
    lower(&syn::parse_str(&format!("{{ {body} }}")).unwrap(), &parse_quote!(Poll), &mut errors);
    errors.messages().iter().map(|m| m.lines().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn places_and_ids_are_those_of_the_source() {
    let (block, _) = lowered("self.votes += 1; ");
    let [Stmt::Expr(expr)] = &block.stmts[..] else { panic!("{block:?}") };
    assert_eq!(expr.at, (1, 3));
    let Kind::AssignOp(BinOp::Add, place, value) = &*expr.kind else { panic!("{expr:?}") };
    assert_eq!(value.at, (1, 17));
    assert!(matches!(&*place.kind, Kind::Field(_, name) if name == "votes"));
    assert!(expr.id != place.id && place.id != value.id);
}

#[test]
fn names_are_told_apart_by_their_form() {
    assert_eq!(tail("choice"), Kind::Local("choice".into()));
    assert_eq!(tail("MAX"), Kind::Const(0));
    assert_eq!(tail("None"), Kind::Call { path: vec!["None".into()], ty: None, args: vec![] });
    let unit = Kind::Struct { ty: 0, variant: Some("Draft".into()), fields: vec![], base: None };
    assert_eq!(tail("State::Draft"), unit);
    assert!(matches!(tail("Score(1)"), Kind::Struct { variant: None, fields, .. } if fields[0].0 == "0"));
    assert!(
        matches!(tail("std::mem::take(&mut self.a)"), Kind::Call { path, .. } if path == ["mem", "take"])
    );
    let (_, tables) =
        lowered("let a: Option<&Self> = None; let b: &[u8] = c; d as u8; Self::MAX; m::MAX; State::Done(1);");
    let types: Vec<String> = tables.types.iter().map(|ty| quote::quote!(#ty).to_string()).collect();
    assert_eq!(types, ["Option < Poll >", ":: std :: vec :: Vec < u8 >", "u8", "State"]);
    let consts: Vec<String> = tables.consts.iter().map(|path| quote::quote!(#path).to_string()).collect();
    assert_eq!(consts, ["Poll :: MAX", "m :: MAX"]);
}

#[test]
fn macros_of_the_list_are_read() {
    let Kind::Format(pieces) = tail("format!(\"{} of {total}\", n + 1)") else { panic!() };
    assert!(matches!(&pieces[..], [Piece::Value(_), Piece::Text(of), Piece::Value(_)] if of == " of "));
    assert!(matches!(tail("vec![1, 2]"), Kind::Array(of) if of.len() == 2));
    assert!(matches!(tail("matches!(x, Some(1 | 2) if y)"), Kind::Matches(_, Pat::Some(_), Some(_))));
}

#[test]
fn patterns_and_guards_are_read() {
    let Kind::Match(_, arms) = tail(
        "match x { State::Review { by, round: 1..=5 } if ok => 1, -3 => 2, (a, _) => 3, Err(_) => 4, None => 5 }",
    ) else {
        panic!()
    };
    assert!(
        matches!(&arms[0], Arm { pat: Pat::Struct { variant: Some(v), fields, .. }, guard: Some(_), .. } if v == "Review" && fields.len() == 2)
    );
    let Pat::Lit(lit) = &arms[1].pat else { panic!("{:?}", arms[1]) };
    assert_eq!(*lit.kind, Kind::Lit(Lit::Int("-3".into(), None)));
    assert!(matches!(&arms[2].pat, Pat::Tuple(of) if of.len() == 2));
    assert_eq!((&arms[3].pat, &arms[4].pat), (&Pat::Err, &Pat::None));
}

#[test]
fn a_statement_that_ends_a_block_is_no_value() {
    for body in ["for x in v { }", "if a { b(); }".replace("b();", "self.x = 1;").as_str(), "self.x = 1;"] {
        let (block, _) = lowered(body);
        assert!(block.tail.is_none() && block.stmts.len() == 1, "{body}");
    }
    assert!(matches!(tail("if a { 1 } else { 2 }"), Kind::If { otherwise: Some(_), .. }));
    assert!(matches!(tail("if let Some(x) = a && x > 1 { 1 } else { 2 }"), Kind::If { .. }));
    let (block, _) = lowered("let Some(x) = a else { return; };");
    assert!(matches!(&block.stmts[0], Stmt::Let { or_else: Some(_), .. }));
}

#[test]
fn what_cannot_run_in_the_browser_is_refused_at_once() {
    let cases = [
        ("while a {}", "`while` cannot run in the browser"),
        ("loop {}", "`loop` cannot run in the browser"),
        ("'a: for x in v {}", "labels cannot be lowered"),
        ("x.await", "`.await` cannot run in the browser"),
        ("unsafe {}", "`unsafe` cannot run in the browser"),
        ("fn f() {}", "an item inside of a mutator cannot be lowered"),
        ("let f = |x| x?;", "`?` inside of a closure cannot be lowered"),
        ("todo!()", "`todo!` cannot run in the browser"),
        ("(self.f)(1)", "the call of a value cannot be lowered"),
        ("a << 1", "operators on bits cannot be lowered"),
        ("[0; 3]", "`[x; n]` cannot be lowered"),
        ("let x;", "a variable without a value cannot be lowered"),
        ("v.map(String::len)", "a function as a value cannot be lowered"),
        ("v.map(Some)", "`Some` alone may be many things"),
        ("helper(1)", "the function `helper` cannot run in the browser"),
        ("Instant::now()", "`Instant::now` cannot run in the browser as it does here"),
        ("v[1..2].len()", "slices cannot be lowered"),
        ("b\"x\"", "bytes cannot be lowered"),
        ("let x: Vec<_> = v;", "a type with `_` in it cannot be lowered"),
        ("match x { ref y => 1 }", "`ref` patterns cannot be lowered"),
        ("match x { MAX => 1, _ => 2 }", "`MAX` in a pattern may be a variant, a const or a new variable"),
        ("match x { Err(e) => 1, _ => 2 }", "what is inside of an `Err` cannot be lowered"),
        ("#[cfg(unix)] { 1 }", "an attribute inside of a mutator cannot be lowered"),
        ("(a, b) = c;", "an assignment that takes a value apart cannot be lowered"),
        ("v.iter().collect::<Vec<_>>()", "a type with `_` in it cannot be lowered"),
    ];
    for (body, message) in cases {
        assert_eq!(refused(body), [message], "{body}");
    }
}

#[test]
fn all_that_is_refused_is_told_in_one_build() {
    assert_eq!(refused("while a { println!(\"\"); } x.unwrap(); loop {}").len(), 3);
}
