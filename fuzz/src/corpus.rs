//! The committed corpora: `fuzz/corpus/<target>/`, one input a file, named by its content.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Reads the corpus of a target, sorted by name.
///
/// # Errors
///
/// Where it cannot be read.
pub fn read(target: &str) -> io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder(target))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    paths.iter().map(fs::read).collect()
}

/// Adds an input, and returns where it is.
///
/// # Errors
///
/// Where it cannot be written.
pub fn add(target: &str, input: &[u8]) -> io::Result<PathBuf> {
    let path = folder(target).join(name(input));
    fs::create_dir_all(folder(target))?;
    fs::write(&path, input)?;
    Ok(path)
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// FNV-1a of the content: the same input has one file.
fn name(input: &[u8]) -> String {
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", input.iter().fold(0xcbf2_9ce4_8422_2325, hash))
}
