//! Every close code, refusal and deferral, as data: the range of a close code tells a client what to do.

/// One close code, as [`CLOSE_CODES`] lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode {
    /// 4000–4499: the client reconnects; 4500–4999: it does not. So an old client treats a new code rightly.
    pub code: u16,
    /// Its name in logs and in TypeScript.
    pub name: &'static str,
    /// What it means, and what to do about it.
    pub meaning: &'static str,
}

impl CloseCode {
    /// Tells whether the client comes back by itself.
    #[must_use]
    pub const fn reconnects(self) -> bool {
        self.code < 4500
    }
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])+ $NAME:ident = $code:literal $name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $NAME: CloseCode =
            CloseCode { code: $code, name: $name, meaning: concat!($($doc),+) };)+
        /// All of them, by number.
        pub const CLOSE_CODES: &[CloseCode] = &[$($NAME),+];
    };
}

close_codes! {
    /// The node is going away: come back after the time that `bye` names.
    DRAINING = 4000 "draining";
    /// The client read so slowly that its queue reached its limit: come back and resume.
    TOO_SLOW = 4001 "tooSlow";
    /// Nothing was heard for two heartbeats.
    SILENT = 4002 "silent";
    /// The store cannot be reached: come back later.
    UNAVAILABLE = 4003 "unavailable";
    /// The node runs an older program than the client was generated from: another node may do.
    NODE_OLDER = 4004 "nodeOlder";
    /// No `hello` came within the deadline.
    HELLO_TIMEOUT = 4005 "helloTimeout";
    /// The server failed in a way that is its own fault: come back, and report it.
    FAULT = 4006 "fault";
    /// The token has expired: come back with a new one.
    TOKEN_EXPIRED = 4007 "tokenExpired";
    /// The node has no room for another topic: come back, another node may have some.
    CROWDED = 4008 "crowded";
    /// A frame that is no frame of this protocol.
    MALFORMED = 4500 "malformed";
    /// A frame larger than the limit that `welcome` names.
    TOO_LARGE = 4501 "tooLarge";
    /// A frame that may not come at this point: `hello` twice, or anything before it.
    OUT_OF_ORDER = 4502 "outOfOrder";
    /// The authenticator said no.
    UNAUTHENTICATED = 4503 "unauthenticated";
    /// The page's origin may not connect here: add it with `App::origin`.
    ORIGIN = 4504 "origin";
    /// A number was sent again with other content, or another promise of the protocol was broken.
    MISBEHAVED = 4505 "misbehaved";
    /// More connections, lanes or subscriptions than this server allows.
    LIMIT = 4506 "limit";
    /// The client was generated from a schema that this server does not know: run `realtime generate`.
    SCHEMA = 4510 "schema";
    /// No protocol version that both sides speak.
    PROTOCOL = 4511 "protocol";
}

/// One code of the framework's own: a final refusal, or a deferral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// As it stands on the wire.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($(#[doc = $all_doc:literal])+ $ALL:ident: $($(#[doc = $doc:literal])+ $NAME:ident = $name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $NAME: &str = $name;)+
        $(#[doc = $all_doc])+
        pub const $ALL: &[Code] = &[$(Code { name: $name, meaning: concat!($($doc),+) }),+];
    };
}

codes! {
    /// The framework's refusals. Each has a slash, which no Rust name can have: they never collide with an author's.
    REFUSALS:
    /// A policy says no.
    DENIED = "rt/denied";
    /// An argument breaks a rule: `path`, `rule`, `message`.
    INVALID = "rt/invalid";
    /// The entity is absent, or not yours to read: one answer.
    MISSING = "rt/missing";
    /// An entity of this key exists.
    EXISTS = "rt/exists";
    /// Another change came first: `version`.
    STALE = "rt/stale";
    /// A limit was reached: `what`.
    LIMIT_REACHED = "rt/limit";
    /// The mutator overflowed, indexed out of range or panicked.
    MUTATOR_FAULT = "rt/fault";
    /// The client is offline and the mutation may not wait.
    OFFLINE = "rt/offline";
    /// The mutation waited longer than it may.
    EXPIRED = "rt/expired";
    /// The user discarded it.
    DISCARDED = "rt/discarded";
    /// The client is older than the server serves: `minimum`.
    UPGRADE = "rt/upgrade";
}

codes! {
    /// Why a mutation is deferred: its lane has not moved, send it again.
    DEFERRALS:
    /// Other nodes kept winning (S12).
    BUSY = "busy";
    /// The store cannot be reached (S28).
    STORE_UNAVAILABLE = "unavailable";
    /// The seq is neither a repeat nor the next, and `after` is not the row's `last` (S4).
    GAP = "gap";
    /// More than 64 unacknowledged seqs in the lane (S6), a full queue, or a limit of the connection (S47).
    FULL = "limit";
    /// The token has expired; `auth` renews it (S36).
    TOKEN = "token_expired";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_are_private_unique_and_sorted() {
        assert!(CLOSE_CODES.windows(2).all(|w| w[0].code < w[1].code));
        assert!(CLOSE_CODES.iter().all(|c| (4000..5000).contains(&c.code)));
        assert!(CLOSE_CODES.iter().all(|c| c.reconnects() == (c.code < 4500)));
    }

    #[test]
    fn refusals_cannot_collide_with_an_authors_code() {
        assert!(REFUSALS.iter().all(|c| c.name.starts_with("rt/")));
        assert!(DEFERRALS.iter().all(|c| !c.name.contains('/')));
    }
}
