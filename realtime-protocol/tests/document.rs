//! docs/PROTOCOL.md says what the code does: its tables are written from the code's own.
//!
//! `UPDATE_GENERATED=1 cargo test -p realtime-protocol` writes them anew.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use realtime_protocol::{
    code::{CLOSE_CODES, DEFERRALS, REFUSALS},
    frame::{
        FrameInfo,
        v1::{CLIENT_FRAMES, ENTRIES, LANE_ROWS, MAX_FRAME_BYTES, OUTCOMES, ROWS, SERVER_FRAMES, VERSION},
    },
    lane::{MAX_OUTCOME_BYTES, WINDOW},
    session::{Limits, limit::Rate, state},
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

#[test]
fn the_session_document_has_the_codes_transition_table() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/SESSION.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- table: written from the code -->\n", "<!-- end of the table -->\n");
    let (before, rest) = text.split_once(begin).expect("docs/SESSION.md has the begin marker");
    let (_, after) = rest.split_once(end).expect("docs/SESSION.md has the end marker");
    let want = format!("{before}{begin}\n{}\n{end}{after}", state::table());
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &want).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == want,
        "run UPDATE_GENERATED=1 cargo test -p realtime-protocol"
    );
}

/// A hash of what is on the wire, so that no frame changes without the document's knowing.
fn frame_hash() -> String {
    let tables = [CLIENT_FRAMES, SERVER_FRAMES, ROWS, ENTRIES, OUTCOMES, LANE_ROWS];
    let shapes = tables.iter().flat_map(|table| table.iter()).map(|frame| {
        let fields: Vec<_> = frame
            .fields
            .iter()
            .map(|f| format!("{}{}:{}", f.name, if f.optional { "?" } else { "" }, f.ts))
            .collect();
        format!("{} {} {}\n", frame.kind, frame.name, fields.join(" "))
    });
    let hash = shapes.collect::<String>().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn tables() -> String {
    let mut out = format!(
        "Protocol version {VERSION}, frames `{}` (a hash of kinds, names, order and types).\n\n",
        frame_hash()
    );
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
    out.push_str(&limits());
    out
}

fn limits() -> String {
    let limits = Limits::new();
    let per = |rate: Rate| {
        let time = if rate.per_ms == 1_000 { "a second" } else { "a minute" };
        format!("{} {time}, {} at once", rate.units, rate.burst)
    };
    let rows = [
        ("before `hello` is answered: size of a frame", bytes(limits.hello_bytes), "close 4501"),
        ("before `hello` is answered: time", format!("{} s", limits.hello_ms / 1_000), "close 4005"),
        ("size of a frame", bytes(MAX_FRAME_BYTES), "close 4501"),
        ("subscriptions", limits.subscriptions.to_string(), "close 4506"),
        ("lanes", limits.lanes.to_string(), "close 4506"),
        ("mutations of a frame", limits.entries.to_string(), "close 4506"),
        ("mutations", per(limits.mutations), "deferred: `limit`"),
        ("mutations that wait for an answer", limits.in_flight.to_string(), "deferred: `limit`"),
        ("unacknowledged mutations of a lane", WINDOW.to_string(), "deferred: `limit`"),
        (
            "refusals of a lane",
            per(limits.refusals),
            "the lane is deferred until the excess has passed: `limit`",
        ),
        (
            "rows of lanes made by a principal, on a node",
            per(limits.lane_rows),
            "new lanes are deferred: `limit`",
        ),
        ("mutations in a row that are a `gap`", limits.gaps.to_string(), "close 4505"),
        ("resumes that end in a snapshot for `fork` or `class`", per(limits.strange_resumes), "close 4505"),
        (
            "after the token has expired: time",
            format!("{} s", limits.grace_ms / 1_000),
            "mutations are deferred: `token_expired`; then close 4007",
        ),
        ("an outcome", bytes(MAX_OUTCOME_BYTES), "refused: `rt/limit`"),
    ];
    let mut out = "\n### Limits of a connection\n\n| what | at most | then |\n|---|---|---|\n".to_owned();
    for (what, most, then) in rows {
        let _ = writeln!(out, "| {what} | {most} | {then} |");
    }
    out
}

fn bytes(n: usize) -> String {
    format!("{} KiB", n / 1_024)
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
