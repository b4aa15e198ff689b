//! Protocol version 1: the frames of the subprotocols `realtime.v1.json` and `realtime.v1.msgpack`.

use super::{Cells, table::frames};
use crate::{Day, LaneName, Raw, Topic};

/// The protocol version of this file.
pub const VERSION: u8 = 1;

/// The largest frame that a client may send, in bytes (S47); `welcome` says it again.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

frames! {
    /// What a client sends.
    ClientFrame, CLIENT_FRAMES, "a frame of a client" {
        /// The first frame of each connection.
        1 Hello {
            /// The lowest protocol version that it speaks.
            min: u8 => "number",
            /// The highest.
            max: u8 => "number",
            /// What the authenticator wants; none for a guest's first visit.
            token: Option<String> => "string | null",
            /// Its lanes, its own first: name and day; their order is their index.
            lanes: Vec<(LaneName, Day)> => "readonly (readonly [name: string, day: number])[]",
            /// The fingerprint of each model that it was generated from, by model number.
            schema: Vec<(u16, u64)> => "readonly (readonly [model: number, fingerprint: number])[]",
        }
        /// A lane that was minted or adopted later: the next index.
        2 Lane {
            /// Its name.
            name: LaneName => "string",
            /// The day on which it was minted.
            day: Day => "number",
        }
        /// Opens a topic, or opens it again.
        3 Sub {
            /// The client's own number for the subscription, never used twice on a connection.
            id: u32 => "number",
            /// Which topic.
            topic: Topic => "string",
            /// What to see of it.
            view: u8 => "View",
            /// Its lanes with a history in this topic: index, `got`, and whether its row is wanted.
            lanes: Vec<SubLane> => "readonly (readonly [lane: number, got: number, wanted: boolean])[]",
            ?
            /// Where it stands: offset, epoch, class. Absent: a snapshot.
            resume: (u64, u32, u64) => "readonly [offset: number, epoch: number, viewClass: number]",
        }
        /// Closes a subscription.
        4 Unsub {
            /// Which.
            id: u32 => "number",
        }
        /// Asks for changes, in order of seq.
        5 Mutate {
            /// The subscription to whose topic they belong.
            sub: u32 => "number",
            /// The `count` of the `subscribed` under which they are sent (S22).
            count: u32 => "number",
            /// The lane's index.
            lane: u16 => "number",
            /// Outcomes up to here are known (S6).
            got: u64 => "number",
            /// One or more.
            entries: Vec<Entry> => "readonly Entry[]",
        }
        /// A new token for the same principal.
        6 Auth {
            /// The token.
            token: String => "string",
        }
        /// Answers `ping`.
        7 Pong {
            /// Its `t`.
            t: u64 => "number",
            /// What became known since the last one: sub id, count, lane index, `got`.
            got: Vec<(u32, u32, u16, u64)> =>
                "readonly (readonly [sub: number, count: number, lane: number, got: number])[]",
        }
    }
}

frames! {
    /// What a server sends.
    ServerFrame, SERVER_FRAMES, "a frame of a server" {
        /// Answers `hello`.
        20 Welcome {
            /// The protocol version that both will speak.
            protocol: u8 => "number",
            /// The server's clock, in milliseconds since 1970.
            now: u64 => "number",
            /// The largest frame it takes, in bytes.
            max_frame: u32 => "number",
            /// The time between its pings, in milliseconds.
            ping_every: u32 => "number",
            /// How durable an ack is: memory, process, disk, replicated or quorum.
            durability: u8 => "Durability",
            /// Who this connection acts for: the id under which lanes are kept.
            principal_id: String => "string",
            /// The same, as the author's struct.
            principal: Raw => "unknown",
            ?
            /// What to send as token next time, where the server made a guest.
            guest: String => "string",
        }
        /// Answers `sub`; comes again, with a higher count, when the topic was loaded afresh.
        21 Subscribed {
            /// The client's number.
            id: u32 => "number",
            /// How often it was answered; `mutate` names it (S22).
            count: u32 => "number",
            /// The channel whose frames follow (S16).
            channel: u32 => "number",
            /// How it goes on.
            how: u8 => "How",
            /// Of a snapshot, the offset at which it begins; of a resume, from where the server leads on: the client's own position holds.
            offset: u64 => "number",
            /// The epoch of that offset.
            epoch: u32 => "number",
            /// The end of the catch-up that follows; until then marks may lie ahead.
            until: u64 => "number",
            /// The class: resume only under an equal one (S20).
            class: u64 => "number",
            /// The truth about the lanes that were named (S22).
            lanes: Vec<LaneRow> => "readonly LaneRow[]",
            ?
            /// Why it is a snapshot, or refused: a code.
            reason: String => "string",
            ?
            /// Models of which rows may be hidden: there, absent does not mean absent (S33). Left out: none.
            partial: Vec<u16> => "readonly number[]",
        }
        /// A part of a snapshot.
        22 Page {
            /// The channel.
            channel: u32 => "number",
            /// Whole rows.
            rows: Vec<Row> => "readonly Row[]",
            /// Whether the snapshot is complete with it.
            last: bool => "boolean",
        }
        /// The change over `(to − span, to]`, absolute as of `to` (S14).
        23 Delta {
            /// The channel.
            channel: u32 => "number",
            /// The offset that it leads to.
            to: u64 => "number",
            /// How many offsets it covers.
            span: u64 => "number",
            /// What changed.
            rows: Vec<Row> => "readonly Row[]",
            ?
            /// The epoch of `to`, where a reader may stand at another.
            epoch: u32 => "number",
        }
        /// What became of mutations, before the delta that holds their effects (S13).
        25 Ack {
            /// The subscription.
            sub: u32 => "number",
            /// The mark: they show once the position has reached it.
            mark: u64 => "number",
            /// Lane index, seq, outcome.
            outcomes: Vec<(u16, u64, Outcome)> => "readonly (readonly [lane: number, seq: number, outcome: Outcome])[]",
        }
        /// Not now: the lane has not moved, send it again.
        26 Defer {
            /// The subscription.
            sub: u32 => "number",
            /// The lane's index.
            lane: u16 => "number",
            /// The first seq that was deferred; those behind it are too.
            seq: u64 => "number",
            /// Why.
            code: String => "string",
            /// How long to wait, in milliseconds.
            after: u32 => "number",
        }
        /// What the channel showed is void; a `subscribed` follows unless the reason is final.
        27 Reset {
            /// The channel.
            channel: u32 => "number",
            /// Why: `fork`, `gone`, `class`, `revoked` or `lagged`.
            reason: String => "string",
        }
        /// A heartbeat, with heads that need no delta (S27).
        28 Ping {
            /// To be answered.
            t: u64 => "number",
            /// Channels with nothing under way: their position is this head.
            heads: Vec<(u32, u64)> => "readonly (readonly [channel: number, head: number])[]",
        }
        /// The last frame; then the transport closes with the same code.
        29 Bye {
            /// The close code.
            code: u16 => "number",
            /// What to do about it, for people.
            reason: String => "string",
            ?
            /// When to come back at the earliest, in milliseconds.
            retry_after: u32 => "number",
        }
    }
}

/// A lane as `sub` names it: its index, `got`, and whether its row is wanted.
pub type SubLane = (u16, u64, bool);

/// `view` of [`Sub`]: what to see of a topic.
pub mod view {
    /// Nothing: the lanes are open, acks come, no rows (S13).
    pub const NONE: u8 = 0;
    /// Everything that may be seen.
    pub const ALL: u8 = 1;
}

/// `durability` of [`Welcome`]: what an acknowledged mutation survives.
pub mod durability {
    /// Nothing: it is in one process's memory.
    pub const MEMORY: u8 = 0;
    /// The end of the process, not of the machine.
    pub const PROCESS: u8 = 1;
    /// The end of the machine: it is on disk.
    pub const DISK: u8 = 2;
    /// The loss of one machine.
    pub const REPLICATED: u8 = 3;
    /// The loss of a minority of machines.
    pub const QUORUM: u8 = 4;
}

/// `how` of [`Subscribed`].
pub mod how {
    /// No rows will come: `view` was none.
    pub const LANES: u8 = 0;
    /// What was missed follows, as at most one delta.
    pub const RESUMED: u8 = 1;
    /// A snapshot follows; `reason` says why, where the client wanted to resume.
    pub const SNAPSHOT: u8 = 2;
    /// No rows will come: `reason` is a refusal's code. The lanes are open all the same.
    pub const REFUSED: u8 = 3;
}

/// `reason` of a [`Subscribed`] that brings a snapshot to a client that wanted to resume (S20).
pub mod reason {
    /// The position is of another history (S21).
    pub const FORK: &str = "fork";
    /// The log was trimmed beyond it.
    pub const TRIMMED: &str = "trimmed";
    /// The class differs: other rights, or another schema.
    pub const CLASS: &str = "class";
    /// The catch-up would be larger.
    pub const LARGE: &str = "large";
    /// The reader was too slow, and the log does not reach back to where it stands (S15).
    pub const LAGGED: &str = "lagged";
}

frames! {
    /// A row of a page or of a delta. Columns are numbered as the model's schema lists them, from 0.
    Row, ROWS, "a row" {
        /// The whole row: it replaces what was there.
        0 Put {
            /// The model's number.
            model: u16 => "number",
            /// Its key.
            key: String => "string",
            /// Every column, in order.
            values: Vec<Raw> => "readonly unknown[]",
        }
        /// Some columns of a row that is there.
        1 Columns {
            /// The model's number.
            model: u16 => "number",
            /// Its key.
            key: String => "string",
            /// Numbers, ascending, and values as of the delta's `to`, in turn.
            cells: Cells => "readonly unknown[]",
        }
        /// It is not in view any more; it may not have been.
        2 Leave {
            /// The model's number.
            model: u16 => "number",
            /// Its key.
            key: String => "string",
        }
        /// The whole row as far as this reader may see it: it replaces what was there, and what is not named is hidden.
        3 Part {
            /// The model's number.
            model: u16 => "number",
            /// Its key.
            key: String => "string",
            /// Numbers, ascending, and values, in turn.
            cells: Cells => "readonly unknown[]",
        }
    }
}

frames! {
    /// The truth about one lane (S4).
    LaneRow, LANE_ROWS, "a lane's row" {
        /// No row, and young enough to be new: `last` is 0.
        0 Fresh {
            /// The lane's index.
            lane: u16 => "number",
        }
        /// No row, and too old to know.
        1 Expired {
            /// The lane's index.
            lane: u16 => "number",
        }
        /// The row.
        2 Known {
            /// The lane's index.
            lane: u16 => "number",
            /// The highest seq that has an outcome.
            last: u64 => "number",
            /// Outcomes up to here are not kept.
            got: u64 => "number",
            /// Kept outcomes: seq, mark, outcome.
            kept: Vec<(u64, Option<u64>, Outcome)> =>
                "readonly (readonly [seq: number, mark: number | null, outcome: Outcome])[]",
        }
    }
}

frames! {
    /// The final verdict on a mutation.
    Outcome, OUTCOMES, "an outcome" {
        /// It ran.
        0 Done {
            ?
            /// What the mutator returned, unless nothing.
            value: Raw => "unknown",
        }
        /// It was refused: nothing changed.
        1 Refused {
            /// An object with `code`, and the error's fields beside it.
            error: Raw => "Refusal",
        }
        /// Another holder of the lane had the outcome (S4).
        2 Settled {}
    }
}

frames! {
    /// One mutation under way.
    Entry, ENTRIES, "a mutation" {
        /// A mutation of the author's, or a generic one.
        0 Call {
            /// Its number in the lane, given at the call.
            seq: u64 => "number",
            /// The mutator's number.
            mutator: u32 => "number",
            /// The schema version of the call.
            version: u32 => "number",
            /// The client's clock at the call, in milliseconds since 1970 (S45).
            now: u64 => "number",
            /// The entity, for those that have a receiver.
            key: Option<String> => "string | null",
            /// The arguments, in order; for create and patch column numbers and values in turn.
            args: Vec<Raw> => "readonly unknown[]",
            ?
            /// The entry held before it; absent: `seq − 1` (S4).
            after: u64 => "number",
            ?
            /// Where ids come from (S45): four 32-bit numbers.
            seed: (u32, u32, u32, u32) => "readonly [number, number, number, number]",
            ?
            /// For `conflict = refuse`: the confirmed offset that its author had seen (S8).
            seen: u64 => "number",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Codec;
    use serde::{Serialize, de::DeserializeOwned};
    use std::fmt;

    #[track_caller]
    fn both<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(frame: T, json: &str) {
        assert_eq!(serde_json::to_string(&frame).unwrap(), json);
        for codec in Codec::ALL {
            let bytes = codec.encode(&frame).unwrap();
            assert_eq!(codec.decode::<T>(&bytes).unwrap(), frame, "{codec:?}");
        }
    }

    fn raw<T: Serialize>(value: T) -> Raw {
        Raw::encode(&value).unwrap()
    }

    #[test]
    fn a_frame_is_an_array_that_starts_with_its_kind() {
        let call = Call {
            seq: 1,
            mutator: 77,
            version: 1,
            now: 5,
            key: Some("lunch".into()),
            args: vec![raw(1)],
            after: None,
            seed: None,
            seen: None,
        };
        let mutate = Mutate { sub: 1, count: 1, lane: 0, got: 0, entries: vec![call.into()] };
        both(ClientFrame::from(mutate), r#"[5,1,1,0,0,[[0,1,77,1,5,"lunch",[1]]]]"#);
        let refused = Outcome::from(Refused { error: raw(serde_json::json!({"code": "rt/denied"})) });
        let done = Outcome::from(Done { value: None });
        let ack = Ack { sub: 1, mark: 9, outcomes: vec![(0, 1, done), (0, 2, refused)] };
        both(ServerFrame::from(ack), r#"[25,1,9,[[0,1,[0]],[0,2,[1,{"code":"rt/denied"}]]]]"#);
    }

    #[test]
    fn optional_fields_are_left_out_at_the_end_only() {
        let call = |after, seed| {
            Entry::from(Call {
                seq: 1,
                mutator: 2,
                version: 1,
                now: 0,
                key: None,
                args: vec![],
                after,
                seed,
                seen: None,
            })
        };
        both(call(None, None), "[0,1,2,1,0,null,[]]");
        both(call(Some(3), None), "[0,1,2,1,0,null,[],3]");
        both(call(None, Some((1, 2, 3, 4))), "[0,1,2,1,0,null,[],null,[1,2,3,4]]");
    }

    #[test]
    fn what_a_later_version_adds_at_the_end_is_passed_over() {
        let frame: ClientFrame = Codec::Json.decode(br#"[4,9,"new",{"x":1}]"#).unwrap();
        assert_eq!(frame, Unsub { id: 9 }.into());
    }

    #[test]
    fn bytes_that_are_no_frame_say_what_is_wrong() {
        let deep = format!("[5,1,1,0,0,[[0,1,2,1,0,null,[{}{}]]]]", "[".repeat(40), "]".repeat(40));
        for (text, want) in [
            ("[]", "an empty frame"),
            ("[99]", "99 is no kind of a frame of a client"),
            ("[4]", "Unsub has no id"),
            ("[4,-1]", "invalid value"),
            ("{}", "invalid type"),
            ("[4,1][4,1]", "trailing characters"),
            ("[3,1,\"poll/*\",1,[]]", "percent-encode"),
            (deep.as_str(), "nested deeper"),
        ] {
            let error = Codec::Json.decode::<ClientFrame>(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
        let deep = [vec![0x91; 50], vec![0xc0]].concat();
        assert!(Codec::MessagePack.decode::<ClientFrame>(&deep).is_err());
        assert!(Codec::MessagePack.decode::<ClientFrame>(&[0x92, 4, 9, 9]).is_err());
    }

    #[test]
    fn one_changed_integer_fits_the_target() {
        let row = Columns { model: 40_000, key: "lunch".into(), cells: Cells(vec![(3, raw(1234))]) };
        let delta = ServerFrame::from(Delta {
            channel: 60_000,
            to: 70_000,
            span: 1,
            rows: vec![row.into()],
            epoch: None,
        });
        assert!(Codec::MessagePack.encode(&delta).unwrap().len() <= 28);
        assert!(Codec::Json.encode(&delta).unwrap().len() <= 90);
    }

    #[test]
    fn kinds_are_unique_across_both_directions() {
        let mut kinds: Vec<_> = CLIENT_FRAMES.iter().chain(SERVER_FRAMES).map(|f| f.kind).collect();
        kinds.sort_unstable();
        assert!(kinds.windows(2).all(|w| w[0] < w[1]));
    }
}
