//! Opening the file: one process only, the right kind and format, and sound.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, types::Value};

use super::{read::Failure, sql, verify};
use crate::store::{rules::FIRST_FORM, types::StoreError};

/// How long a statement waits for another connection to the file: a backup program, say.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);
/// More than all statements of `sql.rs`, so that each is prepared once.
const STATEMENTS: usize = 64;

/// The open file. The lock is let go last.
pub(super) struct Opened {
    pub(super) writer: Connection,
    pub(super) reader: Connection,
    pub(super) form: u32,
    pub(super) lock: File,
}

/// Opens the file at `path`, or makes it.
///
/// # Errors
///
/// A text that names the file, and says what to do.
pub(super) fn open(path: &Path) -> Result<Opened, String> {
    let name = path.display();
    if path.is_dir() {
        return Err(format!("{name} is a folder: name a file in it, such as {name}/realtime.db"));
    }
    let lock = lock(path)?;
    // SQLite takes a file of one byte for a new one, for the sake of an old file system.
    if fs::metadata(path).is_ok_and(|found| found.len() == 1) {
        return Err(no_database(path));
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = |e: rusqlite::Error| explain(path, &e);
    let mut writer = Connection::open_with_flags(path, flags).map_err(opened)?;
    if writer.is_readonly("main").map_err(opened)? {
        return Err(format!("{name} cannot be written: change its permissions, or choose another path"));
    }
    identify(path, &mut writer)?;
    set_up(path, &writer)?;
    let form = form(path, &writer)?;
    verify::verify(&writer).map_err(|failure| unsound(path, failure))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags).map_err(opened)?;
    reader.busy_timeout(BUSY).map_err(opened)?;
    reader.execute_batch(sql::READER_SETTINGS).map_err(opened)?;
    reader.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(Opened { writer, reader, form, lock })
}

/// Takes the lock beside the file; the operating system lets go of it with the process.
fn lock(path: &Path) -> Result<File, String> {
    let beside = lock_path(path);
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
    let mut file = options.open(&beside).map_err(|e| unwritable(path, &e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut file)),
        Err(TryLockError::Error(e)) => return Err(format!("{} cannot be locked: {e}", beside.display())),
    }
    let written = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    written.map_err(|e| unwritable(path, &e))?;
    Ok(file)
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

fn in_use(path: &Path, lock: &mut File) -> String {
    let mut pid = String::new();
    let name = path.display();
    match lock.read_to_string(&mut pid).ok().and_then(|_| pid.trim().parse::<u32>().ok()) {
        Some(pid) if pid == std::process::id() => {
            format!("{name} is open already in this process: use one store for all apps")
        }
        Some(pid) => {
            format!("{name} is in use by another process (pid {pid}): stop it, or choose another path")
        }
        None => format!("{name} is in use by another process: stop it, or choose another path"),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    let name = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if fs::metadata(folder).is_ok_and(|meta| meta.is_dir()) {
        return format!(
            "{name} cannot be written: {error}: change the folder's permissions, or choose another path"
        );
    }
    format!("{name} cannot be made: there is no folder {}: make it, or choose another path", folder.display())
}

/// Refuses what is not ours or of a newer program; makes the tables of a new file.
fn identify(path: &Path, db: &mut Connection) -> Result<(), String> {
    let name = path.display();
    let failed = |e: rusqlite::Error| explain(path, &e);
    db.busy_timeout(BUSY).map_err(failed)?;
    let id: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    let tables: i64 = db.query_row(sql::HAS_TABLES, [], |row| row.get(0)).map_err(failed)?;
    if tables == 0 && id == 0 {
        return create(db).map_err(failed);
    }
    let meta: i64 = db.query_row(sql::HAS_META, [], |row| row.get(0)).map_err(failed)?;
    let format =
        if meta == 1 && id == sql::APPLICATION_ID { number(db, "format").map_err(failed)? } else { None };
    match format {
        Some(format) if format > sql::FORMAT => Err(format!(
            "{name} was written by realtime {} (format {format}), this is {} (format {}): upgrade, or restore a copy",
            program(db),
            env!("CARGO_PKG_VERSION"),
            sql::FORMAT,
        )),
        Some(sql::FORMAT) => Ok(()),
        Some(_) | None => Err(format!(
            "{name} is a database, but not of realtime: choose another path; it was left as it is"
        )),
    }
}

/// Makes the tables, in one transaction: a file that was cut short in it is a new one.
fn create(db: &mut Connection) -> rusqlite::Result<()> {
    let new = db.transaction()?;
    new.execute_batch(sql::CREATE)?;
    new.execute(sql::PUT_META, ("format", sql::FORMAT))?;
    new.execute(sql::PUT_META, ("form", FIRST_FORM))?;
    new.execute(sql::PUT_META, ("program", env!("CARGO_PKG_VERSION")))?;
    new.pragma_update(None, "application_id", sql::APPLICATION_ID)?;
    new.commit()
}

fn set_up(path: &Path, db: &Connection) -> Result<(), String> {
    let failed = |e: rusqlite::Error| explain(path, &e);
    let mode: String =
        db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let name = path.display();
        return Err(format!(
            "{name} is on a file system without shared memory: choose a path on a local disk"
        ));
    }
    db.execute_batch(sql::WRITER_SETTINGS).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn form(path: &Path, db: &Connection) -> Result<u32, String> {
    let form = number(db, "form").map_err(|e| explain(path, &e))?;
    form.and_then(|form| u32::try_from(form).ok()).ok_or_else(|| damaged(path, "it does not say its form"))
}

fn number(db: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let value = db.query_row(sql::META, [name], |row| row.get::<_, Value>(0)).optional()?;
    Ok(value.and_then(|value| match value {
        Value::Integer(number) => Some(number),
        _ => None,
    }))
}

fn program(db: &Connection) -> String {
    db.query_row(sql::META, ["program"], |row| row.get(0))
        .unwrap_or_else(|_| "of an unknown version".to_owned())
}

/// Says what an error of SQLite's at the start means for the operator.
fn explain(path: &Path, error: &rusqlite::Error) -> String {
    let name = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => no_database(path),
        Some(ErrorCode::DatabaseCorrupt) => damaged(path, error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{name} is in use by another program: stop it, or choose another path")
        }
        Some(ErrorCode::DiskFull) => format!("{name} cannot be written: the disk is full"),
        _ => format!("{name} cannot be opened: {error}: look at the disk, or choose another path"),
    }
}

fn no_database(path: &Path) -> String {
    let name = path.display();
    format!(
        "{name} is not a database: choose another path, or restore a copy if it was one; it was left as it is"
    )
}

/// Says what was found when the file was looked through.
fn unsound(path: &Path, failure: Failure) -> String {
    match failure {
        Failure::Damaged(what) => damaged(path, &what),
        Failure::Refused(error) => damaged(path, &error),
        Failure::Sql(error) => match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen,
            ) => explain(path, &error),
            // A table or a column that is not there, or of another type.
            _ => damaged(path, &error),
        },
    }
}

/// Says that the file is damaged, and what to do.
pub(super) fn damaged(path: &Path, what: &(impl std::fmt::Display + ?Sized)) -> String {
    let name = path.display();
    format!("{name} is damaged: {what}: keep {name}, {name}-wal as they are for a look, and restore a copy")
}

/// Says what an error of SQLite's at work means: whether the call may be tried again.
pub(super) fn at_work(path: &Path, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Unusable(damaged(path, error).into())
        }
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            StoreError::Invalid(format!("{}: {error}", path.display()).into())
        }
        Some(ErrorCode::DiskFull) => {
            let what = "the disk is full: make room on it, and commits are kept again";
            StoreError::Unavailable(format!("{}: {what}", path.display()).into())
        }
        _ => StoreError::Unavailable(format!("{}: {error}", path.display()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_what_is_acked_reached_the_disk_by_the_settings_of_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let opened = open(&folder.path().join("set.db")).unwrap();
        let text =
            |name: &str| opened.writer.pragma_query_value(None, name, |row| row.get::<_, Value>(0)).unwrap();
        assert_eq!(text("journal_mode"), Value::Text("wal".into()));
        assert_eq!(text("synchronous"), Value::Integer(2), "FULL: the log is synced at each commit");
        assert_eq!(text("foreign_keys"), Value::Integer(0));
        assert_eq!(text("wal_autocheckpoint"), Value::Integer(1000));
        let mapped = opened.writer.pragma_query_value(None, "mmap_size", |row| row.get::<_, i64>(0));
        assert_eq!(mapped.unwrap_or(0), 0, "a fault of the disk is an error, not a signal");
        assert!(opened.reader.is_readonly("main").unwrap());
    }
}
