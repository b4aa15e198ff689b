//! The handshake (RFC 6455, section 4.2), within any axum application, and the stream that comes of it.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, Version, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade::downcast};
use realtime_protocol::frame::Codec;
use sha1::{Digest as _, Sha1};
use tokio::net::TcpStream;

/// What every server appends to the client's key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a request to upgrade asks for.
pub(super) struct Asked {
    pub(super) on_upgrade: OnUpgrade,
    /// The first subprotocol of ours that the client offers.
    pub(super) codec: Option<Codec>,
    accept: String,
}

/// What carries the frames.
pub(super) enum Stream {
    /// Plain TCP: anybody who holds it may write.
    Tcp(TcpStream),
    /// TLS, or a listener of another kind.
    Other(Box<TokioIo<Upgraded>>),
}

/// Checks the request.
///
/// # Errors
///
/// The answer to one that is no handshake.
pub(super) fn ask(request: &mut Request) -> Result<Asked, Box<Response>> {
    let headers = request.headers();
    let is = |name, value: &str| {
        headers.get(name).is_some_and(|got| got.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    if request.method() != Method::GET || request.version() > Version::HTTP_11 {
        return Err(refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "a WebSocket is asked for with GET, over HTTP/1.1",
        ));
    }
    if !names(headers, header::CONNECTION, "upgrade") || !is(header::UPGRADE, "websocket") {
        return Err(refusal(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket: ask for an upgrade"));
    }
    if !is(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(refusal(StatusCode::UPGRADE_REQUIRED, "this server speaks version 13 of WebSocket"));
    }
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
        return Err(refusal(StatusCode::BAD_REQUEST, "`sec-websocket-key` is missing"));
    };
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    let offered = |codec: &Codec| names(headers, header::SEC_WEBSOCKET_PROTOCOL, codec.subprotocol());
    let codec = Codec::ALL.into_iter().find(offered);
    match request.extensions_mut().remove::<OnUpgrade>() {
        Some(on_upgrade) => Ok(Asked { on_upgrade, codec, accept: STANDARD.encode(digest) }),
        None => Err(refusal(StatusCode::UPGRADE_REQUIRED, "this connection cannot be upgraded")),
    }
}

/// Tells whether a list of words in a header has this one.
fn names(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let values =
        headers.get_all(name).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    values.map(<[u8]>::trim_ascii).any(|value| value.eq_ignore_ascii_case(word.as_bytes()))
}

fn refusal(status: StatusCode, says: &'static str) -> Box<Response> {
    let mut response = Response::new(Body::from(says));
    *response.status_mut() = status;
    if status == StatusCode::UPGRADE_REQUIRED {
        response.headers_mut().insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    }
    Box::new(response)
}

impl Asked {
    /// Returns the answer that switches protocols.
    pub(super) fn answer(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        let set = |headers: &mut HeaderMap, name, value: &str| {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        };
        set(headers, header::CONNECTION, "upgrade");
        set(headers, header::UPGRADE, "websocket");
        set(headers, header::SEC_WEBSOCKET_ACCEPT, &self.accept);
        if let Some(codec) = self.codec {
            set(headers, header::SEC_WEBSOCKET_PROTOCOL, codec.subprotocol());
        }
        response
    }
}

/// Returns the stream, and what the client sent before it was ours. A plain socket is taken out of hyper's hands.
///
/// # Errors
///
/// The client left.
pub(super) async fn stream(on_upgrade: OnUpgrade) -> Result<(Stream, Bytes), hyper::Error> {
    let upgraded = on_upgrade.await?;
    let upgraded = match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => return Ok(tcp(parts.io.into_inner(), parts.read_buf)),
        Err(upgraded) => upgraded,
    };
    // A server that drives hyper's HTTP/1 by itself has it one layer up.
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Ok(tcp(parts.io.into_inner(), parts.read_buf)),
        Err(upgraded) => Ok((Stream::Other(Box::new(TokioIo::new(upgraded))), Bytes::new())),
    }
}

fn tcp(socket: TcpStream, early: Bytes) -> (Stream, Bytes) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a socket keeps Nagle's algorithm");
    }
    (Stream::Tcp(socket), early)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method("GET").uri("/ws");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn what_is_no_handshake_is_answered_with_what_is_missing() {
        let whole = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
        ];
        for (headers, status) in [(&whole[..1], 426), (&whole[..2], 426), (&whole[..3], 400)] {
            let refused = ask(&mut request(headers)).err().unwrap();
            assert_eq!(refused.status().as_u16(), status);
        }
        let mut post = request(&whole);
        *post.method_mut() = Method::POST;
        assert_eq!(ask(&mut post).err().unwrap().status().as_u16(), 405);
        // Hyper gives no upgrade here.
        let with_key = [&whole[..], &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]].concat();
        assert_eq!(ask(&mut request(&with_key)).err().unwrap().status().as_u16(), 426);
    }
}
