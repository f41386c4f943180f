//! A control port under clients that want too much of it (P23).

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tws_sim::TwsSim;
use tws_sim::control::Token;

/// Nothing here takes this long: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections that are opened, and how many of them at a time: a process may not have more descriptors than that.
const CONNECTIONS: usize = 10_000;
const AT_A_TIME: usize = 250;

/// Whether whoever knows the token is answered.
async fn answers(address: SocketAddr, token: &Token) -> bool {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.reveal()
    );
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let mut answer = Vec::new();
    let asked = async {
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_end(&mut answer).await
    };
    matches!(timeout(PATIENCE, asked).await, Ok(Ok(_))) && answer.starts_with(b"HTTP/1.1 200")
}

/// Memory of this process, MiB; 0 where the system does not tell.
fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::test(start_paused = true)]
async fn p23_ten_thousand_connections_cost_the_control_port_nothing_that_lasts() {
    let sim = TwsSim::builder().in_memory().still_markets().start().await.unwrap();
    let token = Token::random().unwrap();
    let port = sim.open_control("127.0.0.1:0".parse().unwrap(), token.clone()).await.unwrap();
    let before = memory_mib();
    for _ in 0..CONNECTIONS / AT_A_TIME {
        let mut crowd = Vec::new();
        for _ in 0..AT_A_TIME {
            crowd.push(TcpStream::connect(port.address()).await.unwrap());
        }
    }
    // The last of them are gone: whoever may come in does.
    let alive = async {
        while !answers(port.address(), &token).await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, alive).await.expect("nobody is let in any more");
    let grown = memory_mib().saturating_sub(before);
    assert!(grown < 64, "{grown} MiB");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn p23_clients_that_send_a_byte_a_minute_keep_no_place() {
    let sim = TwsSim::builder().in_memory().still_markets().start().await.unwrap();
    let token = Token::random().unwrap();
    let port = sim.open_control("127.0.0.1:0".parse().unwrap(), token.clone()).await.unwrap();
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(port.address()).await.unwrap());
    }
    let began = Instant::now();
    for byte in b"GET" {
        for slow in &mut crowd {
            let _ = slow.write_all(&[*byte]).await; // it may have been closed already
        }
        sleep(Duration::from_secs(60)).await;
    }
    for slow in &mut crowd {
        let ended = timeout(PATIENCE, async { while matches!(slow.read(&mut [0; 64]).await, Ok(1..)) {} }).await;
        assert!(ended.is_ok(), "it is still open after {:?}", began.elapsed());
    }
    assert!(answers(port.address(), &token).await);
    sim.shutdown().await;
}
