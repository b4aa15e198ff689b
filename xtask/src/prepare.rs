//! What a command needs from the machine: checked, and installed where that is ours to do.

use std::fs;
use std::path::PathBuf;

use crate::shell;

/// The oldest Node that the pinned tools run on: major and minor (vite's `engines` says so).
const NODE: (u32, u32) = (20, 19);
/// Where Debian's package puts the browser; `REALTIME_CHROMIUM` names another.
const CHROMIUM: &str = "/usr/bin/chromium";

/// One thing that must be there before a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// rustfmt and clippy, of the pinned toolchain.
    RustTools,
    /// Node and npm, and what `package-lock.json` names.
    NodeModules,
    /// The browser that the end-to-end tests drive.
    Chromium,
}

/// Checks and installs each of `needs`.
///
/// # Errors
///
/// Says what is missing and what to type.
pub(crate) fn all(needs: impl IntoIterator<Item = Need>) -> Result<(), String> {
    for need in needs {
        match need {
            Need::RustTools => rust_tools()?,
            Need::NodeModules => node_modules()?,
            Need::Chromium => chromium()?,
        }
    }
    Ok(())
}

fn rust_tools() -> Result<(), String> {
    for tool in ["fmt", "clippy"] {
        shell::output(&["cargo", tool, "--version"])
            .ok_or_else(|| format!("`cargo {tool}` is missing: `rustup component add rustfmt clippy`"))?;
    }
    Ok(())
}

/// Installs what the lock names, unless the copy of the lock in `node_modules` says that it is there.
fn node_modules() -> Result<(), String> {
    node(shell::output(&["node", "--version"]).as_deref())?;
    shell::output(&["npm", "--version"])
        .ok_or("npm is missing: it comes with Node, see https://nodejs.org")?;
    let lock = shell::root().join("package-lock.json");
    let stamp = shell::root().join("node_modules/.installed-lock.json");
    let wanted = fs::read(&lock).map_err(|e| format!("cannot read {}: {e}", lock.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    shell::run(&["npm", "ci", "--no-audit", "--no-fund"], "", &[]).map_err(|e| {
        format!("{e}\nwhere package.json and the lock disagree: `npm install`, and commit package-lock.json")
    })?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// Checks what `node --version` printed, such as `v20.20.2`.
fn node(printed: Option<&str>) -> Result<(), String> {
    let least = format!("Node {}.{} or newer is needed", NODE.0, NODE.1);
    let get = "`apt-get install nodejs npm` where that is new enough, or https://nodejs.org";
    let printed = printed.ok_or_else(|| format!("{least}, and none is on the PATH: {get}"))?;
    let mut parts = printed.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    let have = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if have >= NODE { Ok(()) } else { Err(format!("{least}, this is {printed}: {get}")) }
}

fn chromium() -> Result<(), String> {
    if let Some(named) = std::env::var_os("REALTIME_CHROMIUM") {
        let named = PathBuf::from(named);
        return if named.exists() {
            Ok(())
        } else {
            Err(format!("REALTIME_CHROMIUM names {}, which does not exist", named.display()))
        };
    }
    if PathBuf::from(CHROMIUM).exists() {
        return Ok(());
    }
    install_chromium().map_err(|e| {
        format!("{e}\nthe browser tests need {CHROMIUM}: install it by hand, or name another with REALTIME_CHROMIUM")
    })
}

fn install_chromium() -> Result<(), String> {
    if shell::output(&["apt-get", "--version"]).is_none() {
        return Err("no apt-get here".to_owned());
    }
    let root = shell::output(&["id", "-u"]).as_deref() == Some("0");
    if !root && shell::output(&["sudo", "--version"]).is_none() {
        return Err("apt-get needs root, and there is no sudo".to_owned());
    }
    let prefix: &[&str] = if root { &[] } else { &["sudo"] };
    let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    for arguments in [&["update"][..], &["install", "-y", "chromium"]] {
        shell::run(&[prefix, &apt, arguments].concat(), "", &[])?;
    }
    if PathBuf::from(CHROMIUM).exists() { Ok(()) } else { Err("apt-get succeeded without it".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::node;

    #[test]
    fn node_of_the_pinned_tools_and_newer_is_taken() {
        for version in ["v20.19.0", "v20.20.2", "v24.0.1", "v26.10.0"] {
            assert_eq!(node(Some(version)), Ok(()), "{version}");
        }
    }

    #[test]
    fn an_older_or_unreadable_node_is_named_with_what_is_needed() {
        for version in ["v18.20.4", "v20.18.9", "nonsense", ""] {
            let message = node(Some(version)).unwrap_err();
            assert!(message.contains("Node 20.19") && message.contains(version), "{message}");
        }
        assert!(node(None).unwrap_err().contains("none is on the PATH"));
    }
}
