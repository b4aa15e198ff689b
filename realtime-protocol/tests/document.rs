//! docs/PROTOCOL.md says what the code does: its tables are written from the code's own.
//!
//! `UPDATE_GENERATED=1 cargo test -p realtime-protocol` writes them anew.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use realtime_protocol::{
    code::{CLOSE_CODES, DEFERRALS, REFUSALS},
    frame::{
        FrameInfo,
        v1::{CLIENT_FRAMES, ENTRIES, LANE_ROWS, OUTCOMES, ROWS, SERVER_FRAMES},
    },
};

const BEGIN: &str = "<!-- tables: written from the code -->\n";
const END: &str = "<!-- end of the tables -->\n";

#[test]
fn the_protocol_document_has_the_codes_tables() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("docs/PROTOCOL.md has the begin marker");
    let (_, after) = rest.split_once(END).expect("docs/PROTOCOL.md has the end marker");
    let want = format!("{before}{BEGIN}\n{}\n{END}{after}", tables());
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &want).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == want,
        "run UPDATE_GENERATED=1 cargo test -p realtime-protocol"
    );
}

fn tables() -> String {
    let mut out = String::new();
    frames(&mut out, "Client to server", CLIENT_FRAMES);
    frames(&mut out, "Server to client", SERVER_FRAMES);
    frames(&mut out, "Rows of pages and deltas", ROWS);
    frames(&mut out, "Mutations of `Mutate`", ENTRIES);
    frames(&mut out, "Outcomes of `Ack` and of lanes", OUTCOMES);
    frames(&mut out, "Lanes of `Subscribed`", LANE_ROWS);
    out.push_str("### Close codes\n\n| code | name | meaning |\n|--:|---|---|\n");
    for code in CLOSE_CODES {
        let _ = writeln!(out, "| {} | `{}` | {} |", code.code, code.name, code.meaning.trim());
    }
    for (title, codes) in [("Refusals of the framework", REFUSALS), ("Deferrals", DEFERRALS)] {
        let _ = write!(out, "\n### {title}\n\n| code | meaning |\n|---|---|\n");
        for code in codes {
            let _ = writeln!(out, "| `{}` | {} |", code.name, code.meaning.trim());
        }
    }
    out
}

fn frames(out: &mut String, title: &str, frames: &[FrameInfo]) {
    let _ = write!(out, "### {title}\n\n| kind | name | for | elements |\n|--:|---|---|---|\n");
    for frame in frames {
        let fields: Vec<_> = frame
            .fields
            .iter()
            .map(|f| format!("`{}{}`: {}", f.name, if f.optional { "?" } else { "" }, f.doc.trim()))
            .collect();
        let (kind, name, doc) = (frame.kind, frame.name, frame.doc.trim());
        let _ = writeln!(out, "| {kind} | {name} | {doc} | {} |", fields.join("<br>"));
    }
    out.push('\n');
}
