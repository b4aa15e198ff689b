//! Effects in the file: put and taken by commits, leased and removed by whoever carries them out.

use realtime_protocol::{Position, Topic};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    codec,
    commit::NotKept,
    read::{self, Failure, signed},
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
        let sum = sum(topic, at, effect);
        let values = (topic, signed(at.offset), at.epoch, effect.index, due, name, body, sum);
        db.prepare_cached(sql::ADD_EFFECT)?.execute(values)?;
    }
    Ok(())
}

/// Leases what is due.
pub(super) fn lease(db: &Connection, now_ms: u64, max: u32, until_ms: u64) -> Result<Leased, Failure> {
    let mut leased = Vec::new();
    let mut statement = db.prepare_cached(sql::DUE)?;
    let mut rows = statement.query((signed(now_ms), max))?;
    while let Some(found) = rows.next()? {
        let (topic, at, effect) = read_effect(found)?;
        let of = Topic::new(found.get::<_, String>(8)?)
            .map_err(|e| Failure::Damaged(format!("a topic's name: {e}")))?;
        leased.push((topic, EffectId { topic: of, at, index: effect.index }, effect));
    }
    drop(rows);
    for (topic, id, _) in &leased {
        let (topic, offset, epoch, index) = key(*topic, id);
        db.prepare_cached(sql::LEASE)?.execute((topic, offset, epoch, index, signed(until_ms)))?;
    }
    Ok(leased.into_iter().map(|(_, id, effect)| (id, effect)).collect())
}

/// Returns an effect, and the topic and the commit that put it, if it is as it was written.
pub(super) fn read_effect(found: &rusqlite::Row<'_>) -> Result<(i64, Position, Effect), Failure> {
    let topic: i64 = found.get(0)?;
    let at = Position { offset: read::unsigned(found, 1)?, epoch: found.get(2)? };
    let name = found.get::<_, Option<Vec<u8>>>(5)?.map(Into::into);
    let (due_ms, body) = (read::unsigned(found, 4)?, found.get::<_, Vec<u8>>(6)?.into());
    let effect = Effect { index: found.get(3)?, due_ms, name, body };
    if sum(topic, at, &effect) != found.get::<_, i64>(7)? {
        return Err(Failure::Damaged("an effect is not as it was written".into()));
    }
    Ok((topic, at, effect))
}

fn sum(topic: i64, at: Position, effect: &Effect) -> i64 {
    let within = u64::from(at.epoch) << 16 | u64::from(effect.index);
    let name = effect.name.as_deref().unwrap_or_default();
    codec::sum(topic, [at.offset, within, effect.due_ms], name, &effect.body)
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
