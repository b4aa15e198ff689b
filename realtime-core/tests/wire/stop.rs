//! SIGTERM: every connection is told to come back elsewhere, and the process ends, whatever hangs.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use realtime_core::prelude::*;

use super::support::{List, Server};

/// Tells this test binary that it is the server to be stopped.
const CHILD: &str = "REALTIME_TEST_STOPPED_CHILD";

#[tokio::test]
async fn c4_sigterm_says_4000_to_all_and_ends_in_time() {
    if env::var_os(CHILD).is_some() {
        return App::new().model::<List>().store(Memory::new()).serve("127.0.0.1:0").await.unwrap();
    }
    let (mut child, addr) = start();
    // A request that never ends, one that says no hello, and one who reads.
    let mut hanging = TcpStream::connect(&addr).unwrap();
    hanging.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    let server = Server::at(addr);
    let mut mute = server.connect(realtime_core::protocol::frame::Codec::Json).await;
    let (mut reader, _) = server.guest().await;
    reader.sub(1, "list/new").await;
    let stopped = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(stopped.success());
    for client in [&mut mute, &mut reader] {
        let parted = client.parted().await;
        assert_eq!((parted.code, parted.close), (4000, 4000));
    }
    drop((mute, reader));
    let ended = tokio::task::spawn_blocking(move || child.wait());
    let status = tokio::time::timeout(std::time::Duration::from_secs(20), ended).await;
    assert!(status.expect("it hangs").unwrap().unwrap().success());
}

/// Starts the child, and returns the address that it names.
fn start() -> (Child, String) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "stop::c4_sigterm_says_4000_to_all_and_ends_in_time", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let address =
        |line: std::io::Result<String>| line.unwrap().strip_prefix("listening on http://").map(str::to_owned);
    let addr = said.into_iter().find_map(address).unwrap();
    (child, addr)
}
