//! Frames of both sides in both codecs: what was read is written and read again, and is the same.

use std::fmt;

use realtime_protocol::{
    Day, LaneName, Raw, Topic,
    frame::{
        Cells, ClientFrame, Codec, ServerFrame,
        v1::{
            Ack, Auth, Bye, Call, Columns, Defer, Delta, Done, Hello, Known, Lane, Leave, Mutate, Page, Ping,
            Pong, Put, Refused, Reset, Settled, Sub, Subscribed, Unsub, Welcome,
        },
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::{reached, words};
use crate::Target;

pub(super) const CLIENT_JSON: Target = Target {
    name: "client_frame_json",
    run: |input| round::<ClientFrame>(Codec::Json, input),
    seeds: || client().iter().filter_map(|frame| encoded(Codec::Json, frame)).collect(),
};
pub(super) const CLIENT_MSGPACK: Target = Target {
    name: "client_frame_msgpack",
    run: |input| round::<ClientFrame>(Codec::MessagePack, input),
    seeds: || client().iter().filter_map(|frame| encoded(Codec::MessagePack, frame)).collect(),
};
pub(super) const SERVER_JSON: Target = Target {
    name: "server_frame_json",
    run: |input| round::<ServerFrame>(Codec::Json, input),
    seeds: || server().iter().filter_map(|frame| encoded(Codec::Json, frame)).collect(),
};
pub(super) const SERVER_MSGPACK: Target = Target {
    name: "server_frame_msgpack",
    run: |input| round::<ServerFrame>(Codec::MessagePack, input),
    seeds: || server().iter().filter_map(|frame| encoded(Codec::MessagePack, frame)).collect(),
};

fn round<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(codec: Codec, input: &[u8]) -> u64 {
    let frame: T = match codec.decode(input) {
        Ok(frame) => frame,
        Err(error) => return reached(words(&error)),
    };
    let other = match codec {
        Codec::Json => Codec::MessagePack,
        Codec::MessagePack => Codec::Json,
    };
    // NaN, bytes and some maps are values of MessagePack only: then there is an error, and no panic.
    let crosses = other.encode(&frame).map(|bytes| other.decode::<T>(&bytes).is_ok());
    match codec.encode(&frame) {
        Ok(bytes) => {
            let again: Result<T, _> = codec.decode(&bytes);
            assert_eq!(again.as_ref().ok(), Some(&frame), "{again:?}");
        }
        Err(error) => panic!("{frame:?} was read, and cannot be written: {error}"),
    }
    let shape: String = format!("{frame:?}").chars().filter(|c| c.is_ascii_uppercase()).take(24).collect();
    reached((shape, crosses.ok()))
}

fn encoded<T: Serialize>(codec: Codec, frame: &T) -> Option<Vec<u8>> {
    codec.encode(frame).ok().map(|bytes| bytes.to_vec())
}

fn raw<T: Serialize>(value: T) -> Raw {
    Raw::encode(&value).unwrap_or_else(|_| Raw::null())
}

fn client() -> Vec<ClientFrame> {
    let Ok(name) = LaneName::try_from("AAAAAAAAAAAAAAAA".to_owned()) else { return Vec::new() };
    let Ok(topic) = Topic::new("poll/lunch") else { return Vec::new() };
    let day = Day(20_000);
    let call = Call {
        seq: 7,
        mutator: 4_000_000_000,
        version: 1,
        now: 1_800_000_000_000,
        key: Some("lunch".into()),
        args: vec![
            raw(1),
            raw("text"),
            raw(1.5),
            raw(vec![Some(1), None]),
            raw(serde_json::json!({"a": [true]})),
        ],
        after: Some(5),
        seed: Some((1, 2, 3, 4)),
        seen: Some(9),
    };
    let bare = Call { key: None, args: vec![], after: None, seed: None, seen: None, ..call.clone() };
    vec![
        Hello {
            min: 1,
            max: 1,
            token: Some("token".into()),
            lanes: vec![(name.clone(), day)],
            schema: vec![(1, 9_007_199_254_740_993)],
        }
        .into(),
        Lane { name, day }.into(),
        Sub { id: 1, topic: topic.clone(), view: 1, lanes: vec![(0, 3, true)], resume: Some((9, 8, 7)) }
            .into(),
        Sub { id: 2, topic, view: 0, lanes: vec![], resume: None }.into(),
        Unsub { id: 1 }.into(),
        Mutate { sub: 1, count: 1, lane: 0, got: 6, entries: vec![call.into(), bare.into()] }.into(),
        Auth { token: "new".into() }.into(),
        Pong { t: 1, got: vec![(1, 1, 0, 6)] }.into(),
    ]
}

fn server() -> Vec<ServerFrame> {
    let refused = Refused { error: raw(serde_json::json!({"code": "rt/denied"})) };
    let outcomes =
        vec![(0, 1, Done { value: Some(raw(3)) }.into()), (0, 2, refused.into()), (1, 3, Settled {}.into())];
    let rows = vec![
        Put { model: 1, key: "a".into(), values: vec![raw("x"), raw(1.25)] }.into(),
        Columns { model: 1, key: "a".into(), cells: Cells(vec![(0, raw("y"))]) }.into(),
        Leave { model: 1, key: "b".into() }.into(),
    ];
    let known = Known { lane: 0, last: 2, got: 1, kept: vec![(2, Some(9), Done { value: None }.into())] };
    vec![
        Welcome {
            protocol: 1,
            now: 1_800_000_000_000,
            max_frame: 65_536,
            ping_every: 15_000,
            durability: 2,
            principal_id: "ann".into(),
            principal: raw(serde_json::json!({"id": "ann"})),
            guest: Some("token".into()),
        }
        .into(),
        Subscribed {
            id: 1,
            count: 1,
            channel: 70_000,
            how: 2,
            offset: 9,
            epoch: 8,
            until: 9,
            class: 7,
            lanes: vec![known.into()],
            reason: Some("fork".into()),
            partial: Some(vec![1]),
        }
        .into(),
        Page { channel: 1, rows: rows.clone(), last: true }.into(),
        Delta { channel: 1, to: 9, span: 2, rows, epoch: Some(8) }.into(),
        Ack { sub: 1, mark: 9, outcomes }.into(),
        Defer { sub: 1, lane: 0, seq: 3, code: "busy".into(), after: 1_000 }.into(),
        Reset { channel: 1, reason: "gone".into() }.into(),
        Ping { t: 1, heads: vec![(1, 9)] }.into(),
        Bye { code: 4_000, reason: "going".into(), retry_after: Some(500) }.into(),
    ]
}
