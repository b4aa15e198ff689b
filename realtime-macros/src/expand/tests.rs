//! Whole outputs, printed and compared with committed files; with `UPDATE=1` in the environment they are written.

use std::{env, fs, path::Path};

use proc_macro2::TokenStream;
use syn::Item;

use super::{derive, mutations, principal, sync_error, sync_model, sync_type};

/// Expands the one item of a file as the attribute or derive that stands on it would.
fn expand(source: &str) -> TokenStream {
    let file: syn::File = syn::parse_str(source).unwrap();
    let [item] = file.items.as_slice() else { panic!("one item") };
    if let Item::Impl(item) = item {
        let mut item = item.clone();
        item.attrs.retain(|attr| !attr.path().is_ident("mutations"));
        return mutations(TokenStream::new(), quote::quote!(#item));
    }
    let attrs = match item {
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        _ => panic!("a struct, an enum or an impl"),
    };
    let name = attrs.iter().find(|a| a.path().is_ident("derive")).unwrap();
    let name = name.parse_args::<syn::Ident>().unwrap().to_string();
    let make = match name.as_str() {
        "SyncModel" => sync_model,
        "SyncType" => sync_type,
        "SyncError" => sync_error,
        "Principal" => principal,
        _ => panic!("no derive of ours: {name}"),
    };
    derive(quote::quote!(#item), make)
}

#[test]
fn what_is_written_is_what_was_reviewed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let mut compared = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".expanded.rs") {
            continue;
        }
        let tokens = expand(&fs::read_to_string(&path).unwrap());
        let file = syn::parse2(tokens).unwrap();
        let printed = format!(
            "// What {} becomes.\n{}",
            path.file_name().unwrap().display(),
            prettyplease::unparse(&file)
        );
        let expected = path.with_extension("expanded.rs");
        if env::var_os("UPDATE").is_some() {
            fs::write(&expected, &printed).unwrap();
        }
        let committed = fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            printed == committed,
            "{} differs: run with UPDATE=1 and review\n{printed}",
            expected.display()
        );
        compared += 1;
    }
    assert!(compared >= 8, "{compared} cases");
}
