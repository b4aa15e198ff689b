//! Looks for damage when the file is opened: its pages, each row, and each topic's kept log from end to end.

use realtime_protocol::{Position, Topic};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    codec::NO_LINK,
    outbox,
    read::{self, Failure, TopicRow},
    sql,
};

/// Reads the whole file once, and the rows once more.
///
/// # Errors
///
/// The first fault: what is damaged, or why the file cannot be read.
pub(super) fn verify(db: &Connection) -> Result<(), Failure> {
    let check: String = db.query_row(sql::CHECK, [], |row| row.get(0))?;
    if check != "ok" {
        return Err(Failure::Damaged(check.trim().replace('\n', ": ")));
    }
    if let Some((table, id)) =
        db.query_row(sql::STRAY, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?
    {
        return Err(stray(db, table, id));
    }
    rows(db)?;
    lanes(db)?;
    effects(db)?;
    let mut statement = db.prepare(sql::TOPICS)?;
    let mut topics = statement.query([])?;
    while let Some(found) = topics.next()? {
        let name: String = found.get(10)?;
        let name = Topic::new(name).map_err(|e| Failure::Damaged(format!("a topic's name: {e}")))?;
        topic(db, &read::read_topic(found, 0, &name)?, &name)?;
    }
    Ok(())
}

/// A row that its topic cannot have, or whose topic is lost.
fn stray(db: &Connection, table: String, id: i64) -> Failure {
    let name = db.query_row(sql::TOPIC_NAME, [id], |row| row.get::<_, String>(0));
    match (table.as_str(), name) {
        (table, Err(_)) => {
            Failure::Damaged(format!("the row of a topic is lost: table {table} has rows of it"))
        }
        ("log", Ok(name)) => Failure::Damaged(format!("the log of {name} begins before its floor")),
        (table, Ok(name)) => Failure::Damaged(format!("table {table} has rows that {name} cannot have")),
    }
}

fn rows(db: &Connection) -> Result<(), Failure> {
    let mut statement = db.prepare(sql::ALL_ROWS)?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        read::read_row(found, found.get(5)?)?;
    }
    Ok(())
}

fn lanes(db: &Connection) -> Result<(), Failure> {
    let mut statement = db.prepare(sql::ALL_LANES)?;
    let mut lanes = statement.query([])?;
    while let Some(found) = lanes.next()? {
        read::read_lane(found, found.get(6)?)?;
    }
    Ok(())
}

fn effects(db: &Connection) -> Result<(), Failure> {
    let mut statement = db.prepare(sql::ALL_EFFECTS)?;
    let mut effects = statement.query([])?;
    while let Some(found) = effects.next()? {
        outbox::read_effect(found)?;
    }
    Ok(())
}

/// The log is dense from the floor to the head, each record as it was written, and says what the topic's row says.
fn topic(db: &Connection, row: &TopicRow, name: &Topic) -> Result<(), Failure> {
    let (mut end, mut bytes) = (None, 0);
    read::walk(db, row.id.unwrap_or(0), row, name, row.head.floor, |record| {
        end = Some(record.at);
        bytes += record.bytes.len() as u64;
        true
    })?;
    // The last record is never trimmed: only a topic without commits has no log.
    let unwritten = row.head.floor > 0 || row.tail != NO_LINK;
    let end = match end {
        None if unwritten => return Err(Failure::Damaged(format!("the log of {name} is lost"))),
        end => end.unwrap_or(Position { offset: 0, epoch: 0 }),
    };
    if end != row.head.at {
        return Err(Failure::Damaged(format!("{name} stands at {}, its log ends at {end}", row.head.at)));
    }
    if bytes != row.log_bytes {
        let told = row.log_bytes;
        return Err(Failure::Damaged(format!("the log of {name} has {bytes} bytes, its row says {told}")));
    }
    Ok(())
}
