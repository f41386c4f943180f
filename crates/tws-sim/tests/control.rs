//! The control port: who is let in, what it shows, what it does.

mod peer;

use std::net::SocketAddr;
use std::time::Duration;

use peer::Peer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tws_sim::control::{ControlError, ControlPort, Token};
use tws_sim::market::Halt;
use tws_sim::{Pace, TwsSim};

struct Desk {
    sim: TwsSim,
    port: ControlPort,
    token: Token,
}

async fn desk() -> Desk {
    let sim = TwsSim::builder().in_memory().still_markets().speed(Pace::Manual).start().await.unwrap();
    let token = Token::random().unwrap();
    let port = sim.open_control("127.0.0.1:0".parse().unwrap(), token.clone()).await.unwrap();
    Desk { sim, port, token }
}

/// What comes back to bytes: the status and the body.
async fn raw(address: SocketAddr, request: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let text = String::from_utf8(answer).unwrap();
    let status = text.split_whitespace().nth(1)?.parse().unwrap();
    Some((status, text.split_once("\r\n\r\n")?.1.to_owned()))
}

impl Desk {
    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (token, length) = (self.token.reveal(), body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let (status, body) = raw(self.port.address(), request.as_bytes()).await.unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn does(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path, &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn refuses(&self, path: &str, body: &str, expected: &str) {
        let (status, answer) = self.ask("POST", path, body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(status == 400 && error.contains(expected), "{body}: {status} {error}");
    }
}

#[tokio::test]
async fn it_shows_and_moves_the_simulator() {
    let desk = desk().await;
    let (status, state) = desk.ask("GET", "/state", "").await;
    assert_eq!((status, &state["upstream"], &state["clients"]), (200, &json!("connected"), &json!([])));
    assert_eq!(state["accounts"][0]["account"], "DU1234567");
    let shown = json!({ "instrument": "IBM", "bid": 99.5, "ask": "100.25", "ask_size": 300 });
    desk.does("/market", shown).await;
    let order = json!({ "instrument": "IBM", "action": "BUY", "quantity": 100 });
    let placed = desk.does("/order", order).await;
    assert!(placed["permanent_id"].as_i64().unwrap() > 0);
    let order = json!({ "instrument": "IBM", "action": "SELL", "quantity": 100, "limit": 110 });
    let resting = desk.does("/order", order).await;
    let (_, state) = desk.ask("GET", "/state", "").await;
    assert_eq!(state["accounts"][0]["positions"][0]["quantity"], "100");
    assert_eq!(state["executions"][0]["price"], "100.25");
    assert_eq!(state["open_orders"][0]["limit"], "110");
    desk.does("/order", json!({ "cancel": resting["permanent_id"] })).await;
    assert_eq!(desk.sim.book().open_orders().count(), 0);
    desk.does("/market", json!({ "instrument": "IBM", "halt": "volatility" })).await;
    desk.does("/market", json!({ "instrument": "IBM", "halt": "none" })).await;
    desk.does("/news", json!({ "bulletin": "NYSE is closed", "kind": 2, "exchange": "NYSE" })).await;
    let article = json!({ "article": "X$1", "provider": "BRFG", "headline": "News", "symbols": ["IBM"] });
    desk.does("/news", article).await;
    desk.refuses("/news", "{\"article\":\"X$1\",\"provider\":\"BRFG\",\"headline\":\"x\"}", "already").await;
    desk.refuses("/news", "{\"article\":\"2\",\"provider\":\"XX\",\"headline\":\"x\"}", "no provider").await;
    desk.refuses("/news", "{}", "say bulletin").await;
    let now = desk.sim.now();
    let time = desk.does("/time", json!({ "advance_ms": 90_000 })).await;
    assert_eq!(time["time"]["ms"].as_i64(), Some(now.0 + 90_000));
    desk.does("/time", json!({ "pace": "60" })).await;
    assert_eq!(desk.sim.pace(), Pace::Factor(60.0));
    let faults = desk.does("/fault", json!({ "fault": "missing-status", "rate": 0.5, "client": 3 })).await;
    assert_eq!(faults["faults"][0]["fault"], "missing-status");
    desk.does("/fault", json!({ "fault": "upstream-lost" })).await;
    let (_, state) = desk.ask("GET", "/", "").await;
    assert_eq!((&state["upstream"], &state["counters"]["faults"]), (&json!("lost"), &json!(2)));
    let faults = desk.does("/fault", json!({ "clear": "all" })).await;
    assert_eq!(faults["faults"], json!([]));
    let (_, table) = desk.ask("GET", "/faults", "").await;
    assert!(table["faults"].as_array().unwrap().len() > 80);
    desk.refuses("/fault", "{\"fault\":\"nothing\"}", "there is no fault").await;
    desk.refuses("/fault", "{\"fault\":\"drop\",\"rate\":1}", "does not take rate").await;
    desk.refuses("/fault", "{\"clear\":\"nothing\"}", "there is no fault").await;
    desk.refuses("/fault", "nonsense", "not the JSON").await;
    desk.refuses("/market", "{\"instrument\":\"NOSUCH\",\"bid\":1}", "no instrument \"NOSUCH\"").await;
    desk.refuses("/market", "{\"instrument\":\"IBM\"}", "say bid and ask").await;
    desk.refuses("/market", "{\"instrument\":\"IBM\",\"bid\":\"x\"}", "not a decimal").await;
    for impossible in [
        r#""bid":1,"bid_size":-5"#,
        r#""ask":"79228162514264337593543950335""#,
        r#""bid":"-79228162514264337593543950335""#,
        r#""trade":5,"trade_size":-1"#,
        r#""trade":5,"trade_size":"79228162514264337593543950335","halt":"general""#,
    ] {
        desk.refuses("/market", &format!("{{\"instrument\":\"IBM\",{impossible}}}"), "a size is from 0").await;
    }
    let ibm = desk.sim.look(|core| core.catalogue().by_name("IBM").unwrap().contract_id);
    assert_eq!(desk.sim.look(|core| core.market(ibm).unwrap().halt()), Halt::None, "all of it or nothing");
    desk.refuses("/order", "{\"cancel\":1}", "no live order").await;
    desk.refuses("/order", "{\"instrument\":\"IBM\"}", "say instrument").await;
    desk.refuses("/time", "{\"pace\":\"slow\"}", "write real").await;
    desk.refuses("/time", "{\"advance_ms\":-1}", "from 0").await;
    desk.sim.shutdown().await;
}

#[tokio::test]
async fn it_lets_in_who_knows_the_token_and_nobody_else() {
    let desk = desk().await;
    let (address, token) = (desk.port.address(), desk.token.reveal().to_owned());
    let good = format!("Authorization: Bearer {token}\r\n");
    for (head, expected) in [
        ("GET /state HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 401),
        (format!("GET /state HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n", "0".repeat(64)), 401),
        (format!("GET /state HTTP/1.1\r\nHost: evil.example\r\n{good}"), 403),
        (format!("GET /state HTTP/1.1\r\nHost: localhost:99\r\n{good}Origin: http://localhost\r\n"), 403),
        (format!("GET /state HTTP/1.1\r\nHost: 127.0.0.1:7480\r\n{good}"), 200),
        (format!("GET /fault HTTP/1.1\r\nHost: localhost\r\n{good}"), 405),
        (format!("DELETE /state HTTP/1.1\r\nHost: localhost\r\n{good}"), 405),
        (format!("GET /elsewhere HTTP/1.1\r\nHost: localhost\r\n{good}"), 404),
        (format!("POST /state HTTP/1.1\r\nHost: localhost\r\n{good}Content-Length: 0\r\n"), 404),
    ] {
        let request = format!("{head}Connection: close\r\n\r\n");
        let (status, body) = raw(address, request.as_bytes()).await.unwrap();
        assert_eq!(status, expected, "{head}: {body}");
        serde_json::from_str::<Value>(&body).unwrap();
    }
    let long = "x".repeat(70_000);
    let head = format!("POST /fault HTTP/1.1\r\nHost: localhost\r\n{good}Connection: close\r\n");
    let request = format!("{head}Content-Length: {}\r\n\r\n{long}", long.len());
    // Told, or cut while it still sends.
    let answer = raw(address, request.as_bytes()).await;
    assert!(answer.is_none_or(|(status, _)| status == 413));
    let huge = format!("GET /state HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let answer = raw(address, huge.as_bytes()).await;
    assert!(answer.is_none_or(|(status, _)| status == 431 || status == 400));
    let (status, _) = desk.ask("GET", "/state", "").await;
    assert_eq!(status, 200);
    let wide = desk.sim.open_control("0.0.0.0:0".parse().unwrap(), desk.token.clone()).await;
    assert!(matches!(wide, Err(ControlError::NotLoopback { .. })));
    let taken = desk.sim.open_control(address, desk.token.clone()).await;
    assert!(taken.unwrap_err().to_string().contains("choose another port"));
}

#[tokio::test]
async fn a_hundred_connections_are_the_limit() {
    let desk = desk().await;
    let mut crowd = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(desk.port.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        crowd.push(stream);
    }
    let mut late = TcpStream::connect(desk.port.address()).await.unwrap();
    assert!(matches!(late.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    drop(crowd);
    let alive = async {
        loop {
            let (token, address) = (desk.token.reveal(), desk.port.address());
            let request = format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
            );
            if raw(address, request.as_bytes()).await.is_some_and(|(status, _)| status == 200) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), alive).await.unwrap();
}

/// A desk whose market moves, with a client that hears of each move.
async fn moving() -> (Desk, Peer<tokio::io::DuplexStream>) {
    let sim = TwsSim::builder().in_memory().speed(Pace::Manual).start().await.unwrap();
    let token = Token::random().unwrap();
    let port = sim.open_control("127.0.0.1:0".parse().unwrap(), token.clone()).await.unwrap();
    let mut peer = Peer::start(sim.connect(), 1).await;
    peer.watch_ibm().await;
    (Desk { sim, port, token }, peer)
}

#[tokio::test]
async fn time_that_passes_at_once_waits_for_clients_that_read() {
    let (desk, mut peer) = moving().await;
    let before = desk.sim.now();
    let reading = tokio::spawn(async move {
        let mut heard = 0_u32;
        while peer.event().await.is_some() {
            heard += 1;
        }
        heard
    });
    desk.does("/time", json!({ "advance_ms": 3_600_000 })).await;
    assert_eq!(desk.sim.now(), before.plus_ms(3_600_000));
    assert_eq!(desk.sim.counters().dropped, 0);
    desk.sim.shutdown().await;
    assert!(reading.await.unwrap() > 20_000, "every tick of the hour");
}

/// One client never reads: it is waited for once, and dropped where its queue is full. The others hear every tick.
#[tokio::test(start_paused = true)]
async fn time_that_passes_at_once_does_not_wait_for_ever_for_who_does_not_read() {
    let sim = TwsSim::builder().in_memory().speed(Pace::Manual).start().await.unwrap();
    let (mut deaf, mut peer) = (Peer::start(sim.connect(), 1).await, Peer::start(sim.connect(), 2).await);
    deaf.watch_ibm().await;
    peer.watch_ibm().await;
    let reading = tokio::spawn(async move { while peer.event().await.is_some() {} });
    let began = tokio::time::Instant::now();
    sim.advance_in_runs(Duration::from_secs(2 * 3_600)).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(sim.counters().dropped, 1);
    assert_eq!(sim.look(|core| core.clients().count()), 1);
    sim.shutdown().await;
    reading.await.unwrap();
}

#[tokio::test]
async fn years_that_pass_at_once_keep_nobody_waiting_and_end_with_the_simulator() {
    let (desk, peer) = moving().await;
    drop(peer);
    let (address, token) = (desk.port.address(), desk.token.reveal().to_owned());
    let body = json!({ "advance_ms": 10 * 365 * 86_400_000_i64 }).to_string();
    let request = format!(
        "POST /time HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut years = TcpStream::connect(address).await.unwrap();
    years.write_all(request.as_bytes()).await.unwrap();
    let served = async {
        let began = desk.sim.now();
        while desk.sim.now() == began {
            tokio::task::yield_now().await;
        }
        let (status, _) = desk.ask("GET", "/state", "").await;
        assert_eq!(status, 200);
        assert!(Peer::start(desk.sim.connect(), 2).await.is_alive().await);
    };
    tokio::time::timeout(Duration::from_secs(20), served).await.unwrap();
    drop(desk.port);
    tokio::time::timeout(Duration::from_secs(20), desk.sim.shutdown()).await.unwrap();
}
