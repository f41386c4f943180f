//! Accepts connections, and stops when told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tws_proto::ServerVersion;

use super::client;
use super::hub::Hub;

/// How long to wait after the system refused to accept, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) enum Command {
    Refuse(oneshot::Sender<()>),
    Accept(oneshot::Sender<io::Result<()>>),
}

pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Runs until it is aborted; the clients' tasks end with it.
pub(crate) async fn run(
    socket: TcpListener,
    mut commands: mpsc::Receiver<Command>,
    hub: Arc<Hub>,
    version: ServerVersion,
) {
    let Ok(address) = socket.local_addr() else { return };
    let mut refusing = hub.refusing();
    let mut socket = (!*refusing.borrow_and_update()).then_some(socket);
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(Command::Refuse(done)) => {
                    socket = None;
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
                Some(Command::Accept(done)) => {
                    let result = if socket.is_some() { Ok(()) } else { bind(address).await.map(|bound| socket = Some(bound)) };
                    let _ = done.send(result);
                }
                None => return,
            },
            Ok(()) = refusing.changed() => {
                let refuses = *refusing.borrow_and_update();
                socket = if refuses { None } else { again(address).await };
            }
            Some(_) = clients.join_next() => {}
            accepted = accept(socket.as_ref()) => match accepted {
                Ok((stream, peer)) => admit(stream, peer, &hub, version, &mut clients),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// Listens again where it listened before.
async fn again(address: SocketAddr) -> Option<TcpListener> {
    match bind(address).await {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::error!(%address, %error, "cannot listen again");
            None
        }
    }
}

/// The next connection; never, while nobody listens.
async fn accept(socket: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match socket {
        Some(socket) => socket.accept().await,
        None => std::future::pending().await,
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, hub: &Arc<Hub>, version: ServerVersion, clients: &mut JoinSet<()>) {
    let Some(line) = hub.admit() else {
        // As TWS does: accepted, then closed.
        tracing::debug!(%peer, "turned away");
        return;
    };
    tracing::debug!(%peer, session = ?line.session, "connected");
    // Small messages are answered at once; where the system refuses, it is only slower.
    let _ = stream.set_nodelay(true);
    clients.spawn(client::serve(stream, line, Arc::clone(hub), version));
}
