//! Which pages may connect: those of the server's own origin, and those that the app names.

use axum::http::{HeaderMap, header};

/// The origins that an app names beside its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(pub(crate) Vec<String>);

impl Origins {
    /// Tells whether a page of this origin may connect. Programs that are no browsers send none, and may.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        same_origin(origin, headers) || self.0.iter().any(|allowed| allowed == origin)
    }
}

/// Compares the origin's host and port with those that the request was sent to.
fn same_origin(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && of_origin == host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_origin_is_not_admitted_unless_named() {
        let headers = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "poll.example:3000".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        let origins = Origins(vec!["https://app.example".into()]);
        assert!(origins.admit(&headers(None)));
        assert!(origins.admit(&headers(Some("http://poll.example:3000"))));
        assert!(origins.admit(&headers(Some("https://app.example"))));
        for evil in ["http://evil.example", "http://poll.example", "null", "https://app.example.evil", ""] {
            assert!(!origins.admit(&headers(Some(evil))), "{evil}");
        }
    }
}
