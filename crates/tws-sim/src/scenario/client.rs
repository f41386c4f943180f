//! The scripted client of scenarios: it does what the script says and remembers what it hears.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;
use tws_proto::connection::Client;
use tws_proto::handshake::{ClientHandshake, Progress};
use tws_proto::ids::ClientId;
use tws_proto::message::{Message, StartApi};
use tws_proto::{ClientMessage, Connection, Event, Missing, ServerMessage, ServerVersion};

/// How long a simulator may take to let it in.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client heard, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) messages: Vec<ServerMessage>,
    pub(super) bad_frames: usize,
    pub(super) connected: bool,
}

/// A client that does what the script says.
#[derive(Debug)]
pub(super) struct ScriptedClient {
    log: Arc<Mutex<Log>>,
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    writer: WriteHalf<DuplexStream>,
    version: ServerVersion,
    reader: JoinHandle<()>,
}

impl ScriptedClient {
    pub(super) fn new() -> Self {
        Self { log: Arc::default(), line: None }
    }

    /// Shakes hands and starts the API; where it is not let in, it stays unconnected.
    pub(super) async fn connect(&mut self, stream: DuplexStream, client: i32, version: ServerVersion) {
        self.disconnect();
        let Ok(Some((connection, stream))) = tokio::time::timeout(PATIENCE, greet(stream, version)).await else {
            return;
        };
        let version = connection.version();
        let (reader, writer) = tokio::io::split(stream);
        self.log().connected = true;
        let reader = tokio::spawn(listen(reader, connection, Arc::clone(&self.log)));
        self.line = Some(Line { writer, version, reader });
        self.say(StartApi { client_id: ClientId(client), ..StartApi::default() }).await;
    }

    pub(super) fn disconnect(&mut self) {
        if let Some(line) = self.line.take() {
            line.reader.abort();
        }
        self.log().connected = false;
    }

    /// Says something; tells what speaks against it.
    pub(super) async fn say(&mut self, message: impl Into<ClientMessage>) -> Option<String> {
        let Some(line) = &mut self.line else { return Some("the client is not connected".to_owned()) };
        let mut bytes = BytesMut::new();
        if let Err(refused) = message.into().write(line.version, Missing::Refuse, &mut bytes) {
            return Some(refused.to_string());
        }
        // Where the connection is gone, the reader notes it.
        let _ = tokio::time::timeout(PATIENCE, line.writer.write_all(&bytes)).await;
        None
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn greet(mut stream: DuplexStream, version: ServerVersion) -> Option<(Connection<Client>, DuplexStream)> {
    let (mut handshake, greeting) = ClientHandshake::start(version, "").ok()?;
    stream.write_all(&greeting).await.ok()?;
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes).await.ok().filter(|count| *count > 0)?;
        match handshake.handle_input(&bytes[..count]).ok()? {
            Progress::More(more) => handshake = more,
            Progress::Done((connection, _)) => return Some((connection, stream)),
        }
    }
}

async fn listen(mut reader: ReadHalf<DuplexStream>, mut connection: Connection<Client>, log: Arc<Mutex<Log>>) {
    let lock = || log.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        loop {
            match connection.poll_event() {
                Ok(Some(Event::Message(message))) => lock().messages.push(message),
                Ok(Some(Event::BadFrame(_))) => lock().bad_frames += 1,
                Ok(None) => break,
                Err(_) => {
                    lock().connected = false;
                    return; // out of step: a client closes
                }
            }
        }
        match reader.read_buf(connection.input()).await {
            Ok(count) if count > 0 => {}
            Ok(_) | Err(_) => {
                lock().connected = false;
                return;
            }
        }
    }
}
