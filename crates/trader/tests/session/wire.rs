//! [`Wire`]: stands between a trader and a server, sees every message of the trader, and may cut the connection inside one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Message numbers of the wire.
pub(crate) const PLACE_ORDER: u32 = 3;
pub(crate) const CANCEL_ORDER: u32 = 4;
pub(crate) const REQUEST_EXECUTIONS: u32 = 7;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    On,
    /// So many bytes of it pass, then the connection is cut.
    Cut(usize),
    /// It passes, and the trader is told so many frames that say nothing.
    Spoil(usize),
}

/// A frame without room for the number of its message.
const SPOILT: [u8; 5] = [0, 0, 0, 1, 0];

type Tap = Arc<Mutex<Box<dyn FnMut(u32) -> Pass + Send>>>;

pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    tap: Tap,
}

impl Wire {
    /// Passes everything on, at first.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tap: Tap = Arc::new(Mutex::new(Box::new(|_| Pass::On)));
        let shared = Arc::clone(&tap);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                // Bytes that wait in the system while paused time passes would look like silence.
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                tokio::spawn(pass_on(client, server, Arc::clone(&shared)));
            }
        });
        Self { address, tap }
    }

    /// Asks this about every message of the trader, by its number.
    pub(crate) fn tap(&self, tap: impl FnMut(u32) -> Pass + Send + 'static) {
        *self.tap.lock().unwrap() = Box::new(tap);
    }

    /// Cuts the connection inside the `n`th message of a kind from now on, behind so many bytes of it.
    pub(crate) fn cut(&self, kind: u32, mut n: usize, bytes: usize) {
        self.tap(move |number| {
            n -= usize::from(number == kind && n > 0);
            if number == kind && n == 0 { Pass::Cut(bytes) } else { Pass::On }
        });
    }
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, tap: Tap) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let (spoil, mut spoilt) = tokio::sync::mpsc::unbounded_channel();
    let up = async {
        let mut greeting = [0; 4];
        from_client.read_exact(&mut greeting).await?;
        to_server.write_all(&greeting).await?;
        let mut is_greeted = false;
        loop {
            let frame = frame(&mut from_client).await?;
            // The first names versions; the number of all others stands in front, plus 200 where the rest is protobuf.
            let number = u32::from_be_bytes(frame[4..8].try_into().unwrap()) % 200;
            let pass = if is_greeted { (tap.lock().unwrap())(number) } else { Pass::On };
            is_greeted = true;
            match pass {
                Pass::On => to_server.write_all(&frame).await?,
                Pass::Cut(bytes) => {
                    to_server.write_all(&frame[..bytes.min(frame.len())]).await?;
                    return std::io::Result::Ok(());
                }
                Pass::Spoil(frames) => {
                    to_server.write_all(&frame).await?;
                    spoil.send(frames).unwrap();
                }
            }
        }
    };
    let down = async {
        while let Ok(frame) = frame(&mut from_server).await {
            to_client.write_all(&frame).await?;
            while let Ok(frames) = spoilt.try_recv() {
                to_client.write_all(&SPOILT.repeat(frames)).await?;
            }
        }
        std::io::Result::Ok(())
    };
    // The first end of either ends both.
    tokio::select! {
        _ = up => {}
        _ = down => {}
    }
}

/// The next frame, with its length in front.
async fn frame(from: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.resize(4 + length as usize, 0);
    from.read_exact(&mut frame[4..]).await?;
    Ok(frame)
}
