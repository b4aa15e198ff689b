//! Guests: a stable id per browser profile, in a token that the server signs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{host::random, principal::Guest};

/// Makes and reads guests' tokens: `<id>.<HMAC-SHA256 of id>`, both base64url.
#[derive(Clone)]
pub(crate) struct Guests {
    secret: [u8; 32],
}

impl Guests {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// Returns the guest of a token that this server signed; a new one, and its token, otherwise.
    pub(crate) fn admit(&self, token: Option<&str>) -> (Guest, Option<String>) {
        if let Some(id) = token.and_then(|token| self.read(token)) {
            return (Guest { id: id.to_owned() }, None);
        }
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<12>());
        let token = format!("{id}.{}", URL_SAFE_NO_PAD.encode(self.mac(&id).finalize().into_bytes()));
        (Guest { id }, Some(token))
    }

    fn read<'a>(&self, token: &'a str) -> Option<&'a str> {
        let (id, signature) = token.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(id).verify_slice(&signature).is_ok().then_some(id)
    }

    fn mac(&self, id: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(b"realtime guest ");
        mac.update(id.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_comes_back_as_the_same_and_nobody_can_make_up_another() {
        let guests = Guests::new([7; 32]);
        let (ann, token) = guests.admit(None);
        let token = token.unwrap();
        assert_eq!(guests.admit(Some(&token)), (ann.clone(), None));
        let (id, signature) = token.split_once('.').unwrap();
        let other = Guests::new([8; 32]).admit(None).1.unwrap();
        for forged in [format!("mallory.{signature}"), format!("{id}.AAAA"), id.to_owned(), other] {
            let (guest, fresh) = guests.admit(Some(&forged));
            assert!(guest != ann && fresh.is_some(), "{forged}");
        }
    }
}
