//! [`Meddler`]: stands between a client and a server, and says things of its own to the client.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What is said to the client next.
enum Said {
    Bytes(Vec<u8>),
    /// Nothing more: the connection ends.
    End,
}

/// Stands between a client and a server.
pub(crate) struct Meddler {
    pub(crate) address: SocketAddr,
    said: Arc<Mutex<Option<mpsc::UnboundedSender<Said>>>>,
}

impl Meddler {
    /// Passes on what both say.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        Self::start(server, None).await
    }

    /// Answers the first connection by these bytes alone, and passes on what is said in the others.
    pub(crate) async fn instead_of(server: SocketAddr, answer: &[u8]) -> Self {
        Self::start(server, Some(answer.to_vec())).await
    }

    /// Says this to the client of the newest connection, between two messages of the server if none is on its way.
    pub(crate) fn say(&self, bytes: &[u8]) {
        self.tell(Said::Bytes(bytes.to_vec()));
    }

    /// Ends the newest connection.
    pub(crate) fn end(&self) {
        self.tell(Said::End);
    }

    fn tell(&self, said: Said) {
        let sender = self.said.lock().unwrap().clone();
        sender.expect("a client is connected").send(said).unwrap_or_else(|_| panic!("the client is gone"));
    }

    async fn start(server: SocketAddr, mut first_answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::new(Mutex::new(None));
        let newest = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                if let Some(answer) = first_answer.take() {
                    // A client that has hung up has heard enough.
                    let _ = client.write_all(&answer).await;
                    tokio::spawn(async move {
                        let _ = tokio::io::copy(&mut client, &mut tokio::io::sink()).await;
                    });
                    continue;
                }
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let (sender, receiver) = mpsc::unbounded_channel();
                *newest.lock().unwrap() = Some(sender);
                tokio::spawn(pass_on(client, server, receiver));
            }
        });
        Self { address, said }
    }
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, mut said: mpsc::UnboundedReceiver<Said>) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut bytes = vec![0; 65_536];
        loop {
            tokio::select! {
                biased;
                count = tokio::io::AsyncReadExt::read(&mut from_server, &mut bytes) => match count {
                    Ok(count) if count > 0 => to_client.write_all(&bytes[..count]).await?,
                    Ok(_) | Err(_) => return std::io::Result::Ok(()),
                },
                next = said.recv() => match next {
                    Some(Said::Bytes(bytes)) => to_client.write_all(&bytes).await?,
                    Some(Said::End) | None => return Ok(()),
                },
            }
        }
    };
    // The first end of either ends both.
    tokio::select! {
        _ = up => {}
        _ = down => {}
    }
}
