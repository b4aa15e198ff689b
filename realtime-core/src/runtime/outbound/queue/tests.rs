//! The queue against a socket that takes as much as a test says.

use std::time::Duration;

use bytes::Bytes;
use realtime_protocol::Position;

use super::*;
use crate::topic::rows::RowKey;

const LIMITS: Limits = Limits {
    bytes: 4000,
    frames: 40,
    behind_over: 1000,
    age: Duration::from_secs(10),
    stall: Duration::from_secs(5),
};

const RESET: Class = Class::Barrier { anew: true, answers: false };
const SNAPSHOT: Class = Class::Barrier { anew: true, answers: true };
const RESUMED: Class = Class::Barrier { anew: false, answers: true };

fn stamp(offset: u64, next: Option<&str>) -> Arc<Stamp> {
    let next = next.map(|key| RowKey::new(1, key));
    Arc::new(Stamp { at: Position { offset, epoch: 1 }, next })
}

fn data(offset: u64) -> Class {
    Class::Data { stamp: stamp(offset, None), catch_up: false }
}

fn frame(text: &str) -> Framed {
    Framed::bare(Bytes::copy_from_slice(text.as_bytes()))
}

/// A socket that takes at most so many bytes, and what it got.
struct Socket {
    room: usize,
    got: String,
}

impl Socket {
    fn with(room: usize) -> Self {
        Self { room, got: String::new() }
    }

    fn put(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).take(self.room).collect();
        if bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= bytes.len();
        self.got.push_str(std::str::from_utf8(&bytes).unwrap());
        Ok(bytes.len())
    }
}

struct Case {
    queue: Queue,
    now: Instant,
}

impl Case {
    fn new() -> Self {
        Self { queue: Queue::new(LIMITS), now: Instant::now() }
    }

    fn push(&mut self, sub: u32, text: &str, class: Class) {
        self.queue.push(Some(sub), frame(text), class, self.now);
        self.queue.relieve();
    }

    fn write(&mut self, room: usize) -> String {
        let mut socket = Socket::with(room);
        self.queue.write(self.now, |pieces| socket.put(pieces));
        socket.got
    }

    fn closed(&self) -> Option<u16> {
        self.queue.closing.as_ref().map(|closing| closing.code.code)
    }
}

#[test]
fn s13_an_ack_overtakes_deltas_and_no_barrier_of_its_own_subscription() {
    let mut case = Case::new();
    case.push(1, "delta ", data(1));
    case.push(1, "ack ", Class::Urgent);
    case.push(2, "subscribed ", SNAPSHOT);
    case.push(2, "page ", data(1));
    case.push(2, "late-ack ", Class::Urgent);
    case.push(1, "ack2 ", Class::Urgent);
    assert_eq!(case.write(1000), "ack ack2 delta subscribed page late-ack ");
    assert!(case.queue.is_empty() && case.queue.bytes() == 0);
}

#[test]
fn what_the_socket_took_in_part_is_completed_before_anything_else() {
    for room in 1..12 {
        let mut case = Case::new();
        case.push(1, "delta1 ", data(1));
        case.push(1, "delta2 ", data(2));
        let mut got = case.write(room);
        case.push(1, "ack ", Class::Urgent);
        while !case.queue.is_empty() {
            got += &case.write(room);
        }
        let expected = if room < 7 { "delta1 ack delta2 " } else { "delta1 delta2 ack " };
        let expected = if room == 7 { "delta1 ack delta2 " } else { expected };
        assert_eq!(got, expected, "{room}");
    }
}

#[test]
fn s15_the_fattest_subscription_falls_behind_and_goes_on_from_what_reached_the_socket() {
    let mut case = Case::new();
    case.push(1, "first", data(7));
    assert_eq!(case.write(5), "first");
    case.push(2, "small", data(3));
    for offset in 8..20 {
        case.push(1, &"x".repeat(100), data(offset));
    }
    case.push(1, "ack", Class::Urgent);
    assert!(case.queue.bytes() <= LIMITS.behind_over && case.closed().is_none());
    assert!(case.queue.take_dropped().frames >= 5, "it is counted");
    assert_eq!((case.queue.take_behind(), case.queue.take_behind()), (vec![1], vec![]));
    assert_eq!(case.queue.take_due(), vec![], "not before there is room");
    assert_eq!(case.write(10_000), "acksmall");
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(7, None)), 0)]);
    assert_eq!(case.queue.take_due(), vec![], "once");
    case.push(1, "delta", data(20));
    assert_eq!(case.write(10_000), "", "it follows nothing that the reader has");
    case.push(1, "catch-up ", Class::Data { stamp: stamp(20, None), catch_up: true });
    case.push(1, "delta", data(21));
    assert_eq!(case.write(10_000), "catch-up delta");
}

#[test]
fn s15_what_is_half_written_is_never_dropped_and_counts_as_where_the_reader_stands() {
    let mut case = Case::new();
    case.push(1, &"a".repeat(800), data(1));
    assert_eq!(case.write(3).len(), 3);
    case.push(1, &"b".repeat(800), data(2));
    assert_eq!(case.write(10_000), "a".repeat(797));
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(1, None)), 0)]);
}

#[test]
fn s15_after_a_barrier_the_reader_stands_nowhere_until_data_has_reached_it() {
    let mut case = Case::new();
    case.push(1, "delta ", data(1));
    case.write(1000);
    case.push(1, "reset ", RESET);
    case.push(1, &"p".repeat(950), data(9));
    assert_eq!(case.write(1000), "reset ", "the barrier stays when the page goes");
    assert_eq!(case.queue.take_due(), vec![(1, None, 0)]);
}

#[test]
fn s15_one_that_is_behind_and_resumes_goes_on_from_what_has_reached_it() {
    let mut case = Case::new();
    case.push(1, "delta ", data(1));
    case.write(1000);
    case.push(1, &"x".repeat(2_000), data(2));
    assert!(case.queue.take_behind() == [1]);
    case.push(1, "resumed ", RESUMED);
    // Its worker did not know yet, and takes it for one that has all up to 2.
    case.push(1, "catch-up ", Class::Data { stamp: stamp(3, None), catch_up: true });
    assert_eq!(case.write(1000), "resumed ", "it follows nothing that the reader has");
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(1, None)), 1)]);
    // A snapshot after it is a new beginning, even if its first page is dropped.
    case.push(1, "snapshot ", SNAPSHOT);
    case.push(1, &"p".repeat(2_000), Class::Data { stamp: stamp(9, Some("m")), catch_up: true });
    case.write(1000);
    assert_eq!(case.queue.take_due(), vec![(1, None, 2)]);
}

#[test]
fn s15_what_was_asked_under_an_older_subscribed_is_asked_again() {
    let mut case = Case::new();
    case.push(1, "delta ", data(1));
    case.write(1000);
    case.push(1, &"x".repeat(2_000), data(2));
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(1, None)), 0)]);
    // The worker was loading, and answers all anew: there was nothing to send.
    case.push(1, "resumed ", RESUMED);
    case.write(1000);
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(1, None)), 1)]);
}

#[test]
fn s27_a_ping_tells_heads_of_those_for_whom_nothing_waits() {
    let mut case = Case::new();
    case.push(1, "delta ", data(1));
    case.queue.skip(1, (7, 2));
    case.queue.skip(2, (8, 5));
    assert_eq!(case.queue.take_heads(), [(8, 5)], "the ping would overtake the delta");
    case.write(1000);
    assert_eq!(case.queue.take_heads(), [(7, 2)]);
    assert_eq!(case.queue.take_heads(), []);
    case.queue.skip(1, (7, 3));
    case.push(1, "delta ", data(4));
    case.write(1000);
    assert_eq!(case.queue.take_heads(), [], "the delta has told more");
    case.push(1, &"x".repeat(2_000), data(5));
    case.queue.skip(1, (7, 6));
    assert_eq!(case.queue.take_heads(), [], "who is behind stands nowhere yet");
}

#[test]
fn s23_a_snapshot_goes_on_when_its_pages_are_written() {
    let mut case = Case::new();
    case.push(1, "subscribed ", SNAPSHOT);
    case.push(1, "page ", Class::Data { stamp: stamp(5, Some("m")), catch_up: true });
    assert_eq!(case.queue.take_due(), vec![]);
    assert_eq!(case.write(15), "subscribed page");
    assert_eq!(case.queue.take_due(), vec![], "a byte is missing");
    case.write(1);
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(5, Some("m"))), 1)]);
    case.push(1, "last ", data(5));
    case.write(100);
    assert_eq!(case.queue.take_due(), vec![]);
}

#[test]
fn l11_control_frames_alone_over_the_limit_end_the_connection_and_it_may_come_back() {
    let mut case = Case::new();
    case.push(1, "delta", data(1));
    while case.closed().is_none() {
        case.push(1, "ack", Class::Urgent);
    }
    assert!(case.queue.bytes() <= LIMITS.bytes && case.queue.is_empty());
    assert_eq!(case.closed(), Some(4001));
    assert!(case.queue.may_part());
    case.push(1, "more", Class::Urgent);
    assert!(case.queue.is_empty(), "nothing is queued after the end");
}

#[test]
fn l11_frames_count_too() {
    let mut case = Case::new();
    (0..11).for_each(|offset| case.queue.push(Some(1), frame(""), data(offset), case.now));
    assert!(case.queue.is_over() && case.queue.bytes() > LIMITS.behind_over);
    let mut case = Case::new();
    case.queue.limits.behind_over = usize::MAX;
    (0..11).for_each(|offset| case.queue.push(Some(1), frame(""), data(offset), case.now));
    case.queue.relieve();
    assert!(case.queue.is_empty(), "more than a quarter of the frames: behind");
}

#[test]
fn l11_data_that_waits_too_long_is_dropped_and_a_socket_that_takes_nothing_ends() {
    let mut case = Case::new();
    case.push(1, "abc", data(1));
    assert_eq!(case.write(1), "a");
    case.push(1, "old", data(2));
    case.push(2, "ack", Class::Urgent);
    case.queue.limits.stall = Duration::from_secs(30);
    assert_eq!(case.queue.deadline(), Some(case.now + LIMITS.age));
    case.now += LIMITS.age;
    case.queue.tick(case.now);
    assert_eq!(case.write(100), "bcack", "the half-written one and the ack stay");
    assert_eq!(case.queue.deadline(), None);
    assert_eq!(case.queue.take_due(), vec![(1, Some(stamp(1, None)), 0)]);
    case.push(1, "catch-up", Class::Data { stamp: stamp(3, None), catch_up: true });
    assert_eq!(case.write(1), "c");
    case.queue.limits.stall = LIMITS.stall;
    case.now += Duration::from_secs(4);
    case.queue.tick(case.now);
    assert_eq!(case.closed(), None);
    assert_eq!(case.write(1), "a", "that it took something counts");
    case.now += Duration::from_secs(4);
    case.queue.tick(case.now);
    assert_eq!(case.closed(), None);
    case.now += Duration::from_secs(1);
    case.queue.tick(case.now);
    assert_eq!(case.closed(), Some(4001));
    case.queue.finish(vec![frame("!bye")], case.now);
    assert_eq!(case.write(100), "tch-up!bye", "what is under way is completed, then comes the goodbye");
}

#[test]
fn s16_frames_of_a_subscription_that_is_no_more_go_with_it() {
    let mut case = Case::new();
    case.push(1, "one", data(1));
    case.push(2, "two", data(1));
    case.queue.forget(1);
    assert_eq!(case.write(100), "two");
    assert_eq!(case.queue.take_dropped(), Dropped::default(), "nobody misses them");
}
