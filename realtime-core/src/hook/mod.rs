//! Hooks: an application's own code at the doors, and beside what happens (S46).

mod guard;
mod observe;
mod types;

use std::{fmt, future::ready};

use futures_core::future::BoxFuture;

pub(crate) use guard::Hooks;
pub(crate) use observe::Happened;
pub use types::{
    Admitting, Checking, Committed, Connecting, Disconnected, Published, Subscribing, Veto, Who,
};

/// What a hook says at a door.
pub type Verdict = Result<(), Veto>;

/// An application's own code at the doors of the server, and beside what it does.
///
/// Every method has a default that does nothing. Those that ask may wait for at most a second; an error, a panic
/// or a wait that is longer is a no for now ([`Veto::Unavailable`]). None of them holds up a topic, but
/// [`check`](Hook::check), which is pure. Those that observe run on a task of this hook's own, behind a queue of
/// 1,024: what comes while it is full is counted and left out, and what happens just before a crash may be
/// lost, so what must happen does not belong here.
pub trait Hook: fmt::Debug + Send + Sync + 'static {
    /// May this principal connect? Asked once the authenticator has said who it is. A refusal closes for good;
    /// unavailable: the client comes back.
    fn connect<'a>(&'a self, _: &'a Connecting) -> BoxFuture<'a, Verdict> {
        Box::pin(ready(Ok(())))
    }

    /// May this principal read this topic? The answer lives for 60 seconds, or until its rights are asked for anew
    /// (`auth`, [`App::reauthenticate`](crate::App)); unavailable is asked again after a second, and then later each time.
    fn subscribe<'a>(&'a self, _: &'a Subscribing) -> BoxFuture<'a, Verdict> {
        Box::pin(ready(Ok(())))
    }

    /// May this mutation run? Asked once, when it arrives. A refusal is final; unavailable defers it.
    fn admit<'a>(&'a self, _: &'a Admitting) -> BoxFuture<'a, Verdict> {
        Box::pin(ready(Ok(())))
    }

    /// May this mutation run on what is there now? Pure and quick: it is asked again whenever the mutation is run
    /// again, inside the topic's turn. A refusal is final; so is unavailable, and a panic is `rt/fault`.
    fn check(&self, _: &Checking<'_>) -> Verdict {
        Ok(())
    }

    /// A mutation was committed by this node, or refused: once for each.
    fn committed(&self, _: &Committed) {}

    /// A commit of this node changed rows, and is on its way to readers and other nodes.
    fn published(&self, _: &Published) {}

    /// A connection that had been admitted is gone.
    fn disconnected(&self, _: &Disconnected) {}
}
