//! `hello` and what the authenticator says to it: versions, schema, who it is, and for how long.

use super::{
    End, Facts, Machine,
    machine::Ask,
    state::{Kind, State},
};
use crate::{
    code,
    frame::v1::{self, Hello, Welcome},
};

impl Machine {
    /// Reads `hello`: a version that both speak, and a schema that the server knows.
    pub(super) fn greet(&mut self, mut hello: Hello, facts: &Facts<'_>) -> Result<Vec<Ask>, End> {
        if !(hello.min..=hello.max).contains(&v1::VERSION) {
            let reason = format!("this server speaks version {}: upgrade the client", v1::VERSION);
            return Err(End::new(code::PROTOCOL, reason));
        }
        // A client that was generated from another schema reads columns by the wrong numbers.
        let fits = |(number, print): &(u16, u64)| facts.catalog.knows_model(*number, *print);
        if !hello.schema.iter().all(fits) {
            let reason = format!(
                "this client was generated from another schema; the server knows {} only: run `realtime generate`",
                facts.catalog.name()
            );
            return Err(End::new(code::SCHEMA, reason));
        }
        let token = hello.token.take();
        self.due = Some(facts.now_ms.saturating_add(self.limits.hello_ms));
        self.hello = Some(hello);
        Ok(vec![Ask::Authenticate { token }])
    }

    /// The authenticator said who it is: the first time it is welcomed, later on it must be the same.
    pub(super) fn admitted(&mut self, welcome: Welcome, expires: Option<u64>) -> Result<Vec<Ask>, End> {
        if self.state == State::New {
            return Ok(Vec::new());
        }
        if self.principal.as_ref().is_some_and(|known| *known != welcome.principal_id) {
            return Err(End::new(code::MISBEHAVED, "a connection acts for one principal: open another"));
        }
        self.turn(Kind::Admitted, "")?;
        self.due = expires;
        let Some(hello) = self.hello.take() else { return Ok(vec![Ask::Renew]) };
        self.principal = Some(welcome.principal_id.clone());
        for (name, day) in hello.lanes {
            self.lane(&name, day)?;
        }
        Ok(vec![Ask::Send(welcome.into())])
    }
}
