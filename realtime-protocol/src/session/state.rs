//! States and events of a connection, and the table of what each event means in each state.

use crate::code::{self, CloseCode};

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It is open; nothing was heard.
    New,
    /// `hello` came, and the authenticator is asked; no frame is read meanwhile.
    Greeted,
    /// The principal is known.
    Live,
    /// Its proof has expired: it goes on reading for a while, and mutations are deferred (S36).
    Expired,
}

impl State {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::New, Self::Greeted, Self::Live, Self::Expired];

    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Greeted => "greeted",
            Self::Live => "live",
            Self::Expired => "expired",
        }
    }
}

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// The frame `hello`.
    Hello,
    /// Another frame that needs a principal: `lane`, `sub`, `unsub`, `mutate`, `pong`.
    Frame,
    /// The frame `auth`.
    Auth,
    /// The authenticator says who it is.
    Admitted,
    /// The authenticator says no.
    Denied,
    /// The authenticator cannot say just now.
    Unavailable,
    /// The deadline of the state has passed: see [`Machine::deadline`](super::Machine::deadline).
    Deadline,
}

impl Kind {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Hello,
        Self::Frame,
        Self::Auth,
        Self::Admitted,
        Self::Denied,
        Self::Unavailable,
        Self::Deadline,
    ];

    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "`hello`",
            Self::Frame => "`lane`, `sub`, `unsub`, `mutate`, `pong`",
            Self::Auth => "`auth`",
            Self::Admitted => "admitted",
            Self::Denied => "denied",
            Self::Unavailable => "authenticator unavailable",
            Self::Deadline => "deadline",
        }
    }
}

/// What comes of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The state that follows; the same one where it just goes on.
    To(State),
    /// The connection ends with this code.
    End(CloseCode),
}

/// The table: what `event` means in `state`.
#[must_use]
pub const fn next(state: State, event: Kind) -> Next {
    use Kind::{Admitted, Auth, Deadline, Denied, Frame, Hello, Unavailable};
    use State::{Expired, Greeted, Live, New};
    match (state, event) {
        (New, Hello) => Next::To(Greeted),
        (_, Hello) | (New | Greeted, Frame | Auth) => Next::End(code::OUT_OF_ORDER),
        (Live, Frame | Auth) | (Greeted | Live | Expired, Admitted) => Next::To(Live),
        (Expired, Frame | Auth) | (Live, Deadline) => Next::To(Expired),
        (New, Admitted) => Next::To(New),
        (New, Deadline) => Next::End(code::HELLO_TIMEOUT),
        (_, Denied) => Next::End(code::UNAUTHENTICATED),
        (_, Unavailable) | (Greeted, Deadline) => Next::End(code::UNAVAILABLE),
        (Expired, Deadline) => Next::End(code::TOKEN_EXPIRED),
    }
}

/// The table as docs/SESSION.md has it: written from [`next`], compared by a test.
#[must_use]
pub fn table() -> String {
    let cell = |state: State, event| match next(state, event) {
        Next::To(to) if to == state => "–".to_owned(),
        Next::To(to) => to.name().to_owned(),
        Next::End(code) => format!("{} {}", code.code, code.name),
    };
    let row = |event: Kind| {
        let cells: Vec<_> = State::ALL.into_iter().map(|state| cell(state, event)).collect();
        format!("| {} | {} |\n", event.name(), cells.join(" | "))
    };
    let names: Vec<_> = State::ALL.into_iter().map(State::name).collect();
    let head = format!("| event | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    head + &Kind::ALL.into_iter().map(row).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sv1_every_event_means_something_in_every_state() {
        for state in State::ALL {
            for event in Kind::ALL {
                if let Next::To(to) = next(state, event) {
                    let is_known = matches!(to, State::Live | State::Expired);
                    let was_known = matches!(state, State::Live | State::Expired);
                    assert!(!is_known || was_known || event == Kind::Admitted, "{state:?} {event:?}");
                }
            }
        }
        assert_eq!(table().lines().count(), 2 + Kind::ALL.len());
    }
}
