//! Mutations that wait for their run: bounded in number and bytes, for the topic and for each connection (L11, S47).

use std::collections::{HashMap, VecDeque};

use realtime_protocol::code;

use super::{
    batch::Waiting,
    event::{ConnId, SubKey},
};

/// How many may wait in a topic; more are deferred.
const MAX_WAITING: usize = 4096;
/// How many bytes of arguments may wait in a topic.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The same for one connection, so that one that floods leaves room for the others: a full frame's entries.
const MAX_OF_CONN: usize = 256;
const MAX_BYTES_OF_CONN: usize = 1024 * 1024;

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: VecDeque<Waiting>,
    all: Share,
    by_conn: HashMap<ConnId, Share>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    count: usize,
    bytes: usize,
}

impl Share {
    fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Queue {
    /// Adds what a connection asks for, all or none of it.
    ///
    /// # Errors
    ///
    /// The code of the deferral, where there is no room: the connection's own fault, or not.
    pub(crate) fn extend(&mut self, conn: ConnId, entries: Vec<Waiting>) -> Result<(), &'static str> {
        let (count, bytes) = (entries.len(), entries.iter().map(Waiting::weight).sum::<usize>());
        let own = self.by_conn.get(&conn).copied().unwrap_or_default();
        if own.count > 0 && (own.count + count > MAX_OF_CONN || own.bytes + bytes > MAX_BYTES_OF_CONN) {
            return Err(code::FULL);
        }
        if self.all.count + count > MAX_WAITING || self.all.bytes + bytes > MAX_BYTES {
            return Err(code::BUSY);
        }
        entries.into_iter().for_each(|entry| {
            self.count_in(&entry);
            self.entries.push_back(entry);
        });
        Ok(())
    }

    /// Puts back what is to run again.
    pub(crate) fn push_front(&mut self, entry: Waiting) {
        self.count_in(&entry);
        self.entries.push_front(entry);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Waiting> {
        let entry = self.entries.pop_front()?;
        let bytes = entry.weight();
        self.all.remove(bytes);
        if let Some(own) = self.by_conn.get_mut(&entry.from.conn) {
            own.remove(bytes);
            if own.count == 0 {
                self.by_conn.remove(&entry.from.conn);
            }
        }
        Some(entry)
    }

    /// Drops what a subscription waits for.
    pub(crate) fn let_go(&mut self, key: SubKey) {
        if self.by_conn.contains_key(&key.conn) {
            let kept: Vec<_> = self.take().into_iter().filter(|entry| entry.from != key).collect();
            kept.into_iter().rev().for_each(|entry| self.push_front(entry));
        }
    }

    /// Empties it.
    pub(crate) fn take(&mut self) -> Vec<Waiting> {
        std::mem::take(self).entries.into()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn count_in(&mut self, entry: &Waiting) {
        let bytes = entry.weight();
        self.all.add(bytes);
        self.by_conn.entry(entry.from.conn).or_default().add(bytes);
    }
}
