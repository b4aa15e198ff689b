//! Mistakes, and what the author is told: each case is named `option__mistake`. Run on the pinned toolchain.

#[test]
fn a_mistake_is_told_at_its_token_and_with_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
