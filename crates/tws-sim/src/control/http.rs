//! HTTP: who is let in, and what is asked.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Desk, Token, act, state};

/// How many connections are open at once; more are closed at once.
const CONNECTIONS_MAX: usize = 100;
/// How long a request may take to arrive: its head, and then its body.
const ARRIVAL: Duration = Duration::from_secs(10);
const BODY_BYTES_MAX: usize = 64 * 1024;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long to wait after the system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is wrong with a request.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) status: StatusCode,
    pub(super) error: String,
}

impl Wrong {
    pub(super) fn request(error: impl ToString) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: error.to_string() }
    }

    fn new(status: StatusCode, error: &str) -> Self {
        Self { status, error: error.to_owned() }
    }
}

/// Runs until it is aborted.
pub(super) async fn run(socket: TcpListener, desk: Arc<Desk>, token: Token) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let token = Arc::new(token);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = connections.join_next() => {}
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                    let (desk, token) = (Arc::clone(&desk), Arc::clone(&token));
                    connections.spawn(async move {
                        serve(stream, desk, token).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept at the control port");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn serve(stream: TcpStream, desk: Arc<Desk>, token: Arc<Token>) {
    let service = service_fn(move |request| {
        let (desk, token) = (Arc::clone(&desk), Arc::clone(&token));
        async move { Ok::<_, Infallible>(answer(request, &desk, &token).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ARRIVAL)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the control port failed");
    }
}

async fn answer(request: Request<Incoming>, desk: &Desk, token: &Token) -> Response<Full<Bytes>> {
    let (status, body) = match decide(request, desk, token).await {
        Ok(body) => (StatusCode::OK, body),
        Err(Wrong { status, error }) => (status, json!({ "error": error })),
    };
    let mut text = body.to_string();
    text.push('\n');
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
    }
    response
}

async fn decide(request: Request<Incoming>, desk: &Desk, token: &Token) -> Result<Value, Wrong> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().trim_end_matches('/');
    check_sender(&head.headers, token)?;
    let is_get = match head.method {
        Method::GET => true,
        Method::POST => false,
        _ => return Err(Wrong::new(StatusCode::METHOD_NOT_ALLOWED, "GET looks, POST acts")),
    };
    match (is_get, path) {
        (true, "" | "/state") => return Ok(state::of(desk)),
        (true, "/faults") => return Ok(state::fault_table()),
        (false, "/fault" | "/market" | "/news" | "/order" | "/time") => {}
        (true, "/fault" | "/market" | "/news" | "/order" | "/time") => {
            return Err(Wrong::new(StatusCode::METHOD_NOT_ALLOWED, "that acts: POST it"));
        }
        _ => {
            let known = "ask for GET /state or GET /faults, or POST /fault, /market, /news, /order or /time";
            return Err(Wrong::new(StatusCode::NOT_FOUND, known));
        }
    }
    let collected = tokio::time::timeout(ARRIVAL, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let late = |_| Wrong::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
    let long = |_| Wrong::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 64 KiB, or broke off");
    let body = collected.map_err(late)?.map_err(long)?.to_bytes();
    match path {
        "/fault" => act::fault(desk, &body),
        "/market" => act::market(desk, &body),
        "/news" => act::news(desk, &body),
        "/order" => act::order(desk, &body),
        _ => act::time(desk, &body).await,
    }
}

/// Lets in who knows the token, and no page of a browser.
fn check_sender(headers: &HeaderMap, token: &Token) -> Result<(), Wrong> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|digit| digit.is_ascii_digit()) { name } else { host });
    if !matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        return Err(Wrong::new(StatusCode::FORBIDDEN, "the Host is not this machine"));
    }
    if headers.contains_key(ORIGIN) {
        return Err(Wrong::new(StatusCode::FORBIDDEN, "pages of browsers are not served"));
    }
    let said = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match said.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(said) if token.is(said) => Ok(()),
        _ => Err(Wrong::new(StatusCode::UNAUTHORIZED, "send the header Authorization: Bearer TOKEN")),
    }
}
