//! Effects in the file: put and taken by commits, leased and removed by whoever carries them out.

use realtime_protocol::{Position, Topic};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    commit::NotKept,
    read::{Failure, signed},
    sql,
};
use crate::store::types::{CommitError, Effect, EffectId, Leased};

/// Tells of effects that are to be taken, and are gone (C2).
pub(super) fn check_taken(db: &Connection, topic: Option<i64>, ids: &[EffectId]) -> Result<(), NotKept> {
    let mut gone = Vec::new();
    for id in ids {
        let there = match topic {
            Some(topic) => db.prepare_cached(sql::HAS_EFFECT)?.exists(key(topic, id))?,
            None => false,
        };
        if !there {
            gone.push(id.clone());
        }
    }
    if gone.is_empty() { Ok(()) } else { Err(CommitError::Taken { ids: gone }.into()) }
}

pub(super) fn take(db: &Connection, topic: i64, ids: &[EffectId]) -> rusqlite::Result<()> {
    for id in ids {
        db.prepare_cached(sql::DROP_EFFECT)?.execute(key(topic, id))?;
    }
    Ok(())
}

/// Keeps effects; one with a name replaces the one that has it.
pub(super) fn put(db: &Connection, topic: i64, at: Position, effects: &[Effect]) -> rusqlite::Result<()> {
    for effect in effects {
        if let Some(name) = &effect.name {
            db.prepare_cached(sql::DROP_NAMED)?.execute((topic, name.as_ref()))?;
        }
        let name = effect.name.as_ref().map(AsRef::<[u8]>::as_ref);
        let (due, body) = (signed(effect.due_ms), effect.body.as_ref());
        let values = (topic, signed(at.offset), at.epoch, effect.index, due, name, body);
        db.prepare_cached(sql::ADD_EFFECT)?.execute(values)?;
    }
    Ok(())
}

/// Leases what is due.
pub(super) fn lease(db: &Connection, now_ms: u64, max: u32, until_ms: u64) -> Result<Leased, Failure> {
    let mut leased = Vec::new();
    let mut statement = db.prepare_cached(sql::DUE)?;
    let mut rows = statement.query((signed(now_ms), max))?;
    while let Some(row) = rows.next()? {
        let (topic, offset, epoch, index): (i64, i64, u32, u16) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let name = row.get::<_, Option<Vec<u8>>>(5)?.map(Into::into);
        let due_ms = u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0);
        let effect = Effect { index, due_ms, name, body: row.get::<_, Vec<u8>>(6)?.into() };
        let of = Topic::new(row.get::<_, String>(7)?)
            .map_err(|e| Failure::Damaged(format!("a topic's name: {e}")))?;
        let at = Position { offset: u64::try_from(offset).unwrap_or(0), epoch };
        leased.push((topic, EffectId { topic: of, at, index }, effect));
    }
    drop(rows);
    for (topic, id, _) in &leased {
        let (topic, offset, epoch, index) = key(*topic, id);
        db.prepare_cached(sql::LEASE)?.execute((topic, offset, epoch, index, signed(until_ms)))?;
    }
    Ok(leased.into_iter().map(|(_, id, effect)| (id, effect)).collect())
}

/// Removes what was carried out.
pub(super) fn done(db: &Connection, ids: &[EffectId]) -> Result<(), Failure> {
    for id in ids {
        let topic =
            db.prepare_cached(sql::TOPIC)?.query_row([id.topic.as_str()], |row| row.get(0)).optional()?;
        if let Some(topic) = topic {
            take(db, topic, std::slice::from_ref(id))?;
        }
    }
    Ok(())
}

fn key(topic: i64, id: &EffectId) -> (i64, i64, u32, u16) {
    (topic, signed(id.at.offset), id.at.epoch, id.index)
}
