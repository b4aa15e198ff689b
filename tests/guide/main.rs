//! The guide is true: what it shows of TypeScript stands in a program that the compiler checks.
//!
//! Its Rust is compiled and run as documentation tests of `realtime-core`.

use std::{fs, path::PathBuf};

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The fenced blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("\n```{language}\n");
    let parts = text.split(&open).skip(1);
    parts.filter_map(|part| part.split_once("\n```").map(|(block, _)| block.to_owned())).collect()
}

#[test]
fn every_piece_of_typescript_in_the_guide_is_compiled() {
    let program = read("examples/guide/web/src/guide.ts");
    let pieces = blocks(&read("docs/guide/client.md"), "ts");
    assert!(pieces.len() >= 5);
    for piece in pieces {
        assert!(program.contains(&piece), "not in examples/guide/web/src/guide.ts:\n{piece}");
    }
}

#[test]
fn every_page_that_is_linked_exists() {
    let pages = [
        "README.md",
        "docs/guide/start.md",
        "docs/guide/models.md",
        "docs/guide/client.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
    ];
    for page in pages {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
        let folder = folder.parent().unwrap();
        let text = read(page);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link));
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap_or(link);
            assert!(folder.join(file).exists(), "{page} links {link}, which is not there");
        }
    }
}
