//! All SQL of the embedded store. The file's form is that of `FORMAT`: a change of a table raises it.

/// The form of the file that this program reads and writes.
pub(super) const FORMAT: i64 = 1;

/// Marks the file as ours for `file(1)` and for us: "Rtdb".
pub(super) const APPLICATION_ID: i64 = 0x5274_6462;

/// Settings of the writing connection, on the evidence in the decision on the embedded store.
/// What is deleted is overwritten where that costs no page more. `wal_autocheckpoint` is in pages of 4 KiB; `mmap_size` stays 0, so that a fault of the disk is an error.
pub(super) const WRITER_SETTINGS: &str = "
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 16777216;
PRAGMA foreign_keys = OFF;
PRAGMA secure_delete = FAST;
PRAGMA mmap_size = 0;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
";

/// Settings of the reading connection.
pub(super) const READER_SETTINGS: &str = "
PRAGMA query_only = ON;
PRAGMA mmap_size = 0;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
";

/// The tables (sync-rules 14). `tail` and `base` are the hashes of the last record, and of the last one trimmed.
pub(super) const CREATE: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    cleared INTEGER NOT NULL,
    written INTEGER NOT NULL,
    log_bytes INTEGER NOT NULL,
    tail BLOB NOT NULL,
    base BLOB NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX topic_idle ON topic (written) WHERE cleared = 1 OR offset = 0;
CREATE TABLE entity (
    topic INTEGER NOT NULL,
    model INTEGER NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    columns BLOB NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (topic, model, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
    topic INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    prev_epoch INTEGER NOT NULL,
    time INTEGER NOT NULL,
    record BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (topic, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE lane (
    topic INTEGER NOT NULL,
    lane BLOB NOT NULL,
    last INTEGER NOT NULL,
    got INTEGER NOT NULL,
    kept BLOB NOT NULL,
    moved INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (topic, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX lane_moved ON lane (moved);
CREATE TABLE outbox (
    topic INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    due INTEGER NOT NULL,
    name BLOB,
    body BLOB NOT NULL,
    sum INTEGER NOT NULL,
    leased INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (topic, offset, epoch, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due);
CREATE UNIQUE INDEX outbox_name ON outbox (topic, name) WHERE name IS NOT NULL;
";

pub(super) const PUT_META: &str = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
pub(super) const SET_META: &str = "UPDATE meta SET value = ?2 WHERE name = ?1";
pub(super) const META: &str = "SELECT value FROM meta WHERE name = ?1";
pub(super) const HAS_TABLES: &str = "SELECT count(*) FROM sqlite_schema";
pub(super) const HAS_META: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'";

pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
pub(super) const SAVE: &str = "SAVEPOINT one";
pub(super) const RELEASE: &str = "RELEASE one";
pub(super) const UNDO: &str = "ROLLBACK TO one";

pub(super) const TOPIC: &str = "SELECT id, offset, epoch, floor, cleared, log_bytes, tail, base, written, sum FROM topic WHERE name = ?1";
pub(super) const TOPICS: &str =
    "SELECT id, offset, epoch, floor, cleared, log_bytes, tail, base, written, sum, name FROM topic";
pub(super) const QUIET: &str = "SELECT name, offset, epoch FROM topic
    WHERE name > ?1 AND written < ?2 AND cleared = 0 AND offset > 0 ORDER BY name LIMIT ?3";
pub(super) const TOPIC_NAME: &str = "SELECT name FROM topic WHERE id = ?1";
pub(super) const ADD_TOPIC: &str = "INSERT INTO topic
    (name, offset, epoch, floor, cleared, written, log_bytes, tail, base, sum)
    VALUES (?1, 0, 0, 0, 0, 0, 0, ?2, ?2, 0)";
pub(super) const SET_TOPIC: &str = "UPDATE topic SET offset = ?2, epoch = ?3, floor = ?4, cleared = ?5,
    written = ?6, log_bytes = ?7, tail = ?8, base = ?9, sum = ?10 WHERE id = ?1";
pub(super) const IDLE_TOPICS: &str = "SELECT id FROM topic
    WHERE (cleared = 1 OR offset = 0) AND written < ?1
    AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.topic = topic.id)
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.topic = topic.id) LIMIT ?2";
pub(super) const DROP_TOPIC: &str = "DELETE FROM topic WHERE id = ?1";
pub(super) const DROP_LOG: &str = "DELETE FROM log WHERE topic = ?1";

pub(super) const ROW: &str =
    "SELECT version, columns, sum FROM entity WHERE topic = ?1 AND model = ?2 AND id = ?3";
pub(super) const ADD_ROW: &str = "INSERT INTO entity (topic, model, id, version, columns, sum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
pub(super) const SET_ROW: &str =
    "UPDATE entity SET version = ?4, columns = ?5, sum = ?6 WHERE topic = ?1 AND model = ?2 AND id = ?3";
pub(super) const DROP_ROW: &str = "DELETE FROM entity WHERE topic = ?1 AND model = ?2 AND id = ?3";
pub(super) const DROP_ROWS: &str = "DELETE FROM entity WHERE topic = ?1";
pub(super) const SCAN: &str = "SELECT model, id, version, columns, sum FROM entity
    WHERE topic = ?1 AND (model, id) >= (?2, ?3) ORDER BY model, id";
pub(super) const SCAN_MODEL: &str = "SELECT model, id, version, columns, sum FROM entity
    WHERE topic = ?1 AND model = ?2 AND id >= ?3 ORDER BY id";

pub(super) const ADD_RECORD: &str = "INSERT INTO log
    (topic, offset, epoch, prev_epoch, time, record, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
pub(super) const HASH: &str = "SELECT hash FROM log WHERE topic = ?1 AND offset = ?2";
pub(super) const RECORDS: &str = "SELECT offset, epoch, prev_epoch, time, record, hash FROM log
    WHERE topic = ?1 AND offset > ?2 ORDER BY offset";
pub(super) const OLDEST: &str = "SELECT time, length(record), hash FROM log WHERE topic = ?1 AND offset = ?2";
pub(super) const DROP_RECORD: &str = "DELETE FROM log WHERE topic = ?1 AND offset = ?2";

pub(super) const LANE: &str =
    "SELECT lane, last, got, kept, moved, sum FROM lane WHERE topic = ?1 AND lane = ?2";
pub(super) const SET_LANE: &str = "INSERT INTO lane (topic, lane, last, got, kept, moved, sum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET last = excluded.last, got = excluded.got,
    kept = excluded.kept, moved = excluded.moved, sum = excluded.sum";
pub(super) const DROP_OLD_LANES: &str = "DELETE FROM lane WHERE (topic, lane) IN
    (SELECT topic, lane FROM lane WHERE moved < ?1 ORDER BY moved LIMIT ?2)";

pub(super) const ADD_EFFECT: &str = "INSERT INTO outbox
    (topic, offset, epoch, idx, due, name, body, sum, leased, tries)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0)";
pub(super) const DROP_EFFECT: &str =
    "DELETE FROM outbox WHERE topic = ?1 AND offset = ?2 AND epoch = ?3 AND idx = ?4";
pub(super) const HAS_EFFECT: &str =
    "SELECT 1 FROM outbox WHERE topic = ?1 AND offset = ?2 AND epoch = ?3 AND idx = ?4";
pub(super) const DROP_NAMED: &str = "DELETE FROM outbox WHERE topic = ?1 AND name = ?2";
pub(super) const DUE: &str = "SELECT o.topic, o.offset, o.epoch, o.idx, o.due, o.name, o.body, o.sum, t.name
    FROM outbox o JOIN topic t ON t.id = o.topic
    WHERE o.due <= ?1 AND o.leased <= ?1 ORDER BY o.due, o.topic, o.offset, o.idx LIMIT ?2";
pub(super) const LEASE: &str = "UPDATE outbox SET leased = ?5, tries = tries + 1
    WHERE topic = ?1 AND offset = ?2 AND epoch = ?3 AND idx = ?4";

/// Every page and every index; one line of the first fault, or `ok`.
pub(super) const CHECK: &str = "PRAGMA integrity_check(1)";
pub(super) const ALL_LANES: &str = "SELECT lane, last, got, kept, moved, sum, topic FROM lane";
pub(super) const ALL_EFFECTS: &str = "SELECT topic, offset, epoch, idx, due, name, body, sum FROM outbox";
pub(super) const ALL_ROWS: &str = "SELECT model, id, version, columns, sum, topic FROM entity";
/// A table, and the number of a topic that it has rows of but should not.
pub(super) const STRAY: &str = "
SELECT 'log', l.topic FROM log l LEFT JOIN topic t ON t.id = l.topic WHERE t.id IS NULL OR l.offset <= t.floor
UNION ALL
SELECT 'entity', e.topic FROM entity e LEFT JOIN topic t ON t.id = e.topic
    WHERE t.id IS NULL OR t.cleared <> 0 OR e.version NOT BETWEEN 1 AND t.offset
UNION ALL
SELECT 'lane', a.topic FROM lane a LEFT JOIN topic t ON t.id = a.topic WHERE t.id IS NULL
UNION ALL
SELECT 'outbox', o.topic FROM outbox o LEFT JOIN topic t ON t.id = o.topic
    WHERE t.id IS NULL OR o.offset NOT BETWEEN 1 AND t.offset
LIMIT 1";
