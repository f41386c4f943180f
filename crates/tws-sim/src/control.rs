//! [`ControlPort`]: the simulator as other programs see and move it, in JSON over HTTP.
//!
//! It answers this machine only, and only who knows its token. `GET` looks, `POST` acts; the guide in
//! `docs/simulator.md` has every request with an example.

mod act;
mod http;
mod state;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::shell::TwsSim;
use crate::shell::hub::Hub;

pub use token::{Token, TokenError};

/// A control port that is open. Dropping it closes it.
#[derive(Debug)]
pub struct ControlPort {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why a control port cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The address cannot be listened at.
    #[error("cannot open the control port at {address}: {cause}; choose another port, or 0 for any free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Whoever can reach the control port and has its token moves markets and orders: this machine only.
    #[error("the control port cannot be opened at {address}: it is for this machine only, so use 127.0.0.1")]
    NotLoopback {
        /// Where.
        address: SocketAddr,
    },
}

impl TwsSim {
    /// Opens a control port for whoever has the token.
    ///
    /// # Errors
    /// [`ControlError`], where the address cannot be listened at or is not of this machine.
    pub async fn open_control(&self, address: SocketAddr, token: Token) -> Result<ControlPort, ControlError> {
        if !address.ip().is_loopback() {
            return Err(ControlError::NotLoopback { address });
        }
        let failed = |cause| ControlError::Listen { address, cause };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let bound = socket.local_addr().map_err(failed)?;
        let desk = Desk { hub: Arc::clone(self.hub()), address: self.address() };
        let task = tokio::spawn(http::run(socket, Arc::new(desk), token));
        Ok(ControlPort { address: bound, task })
    }
}

impl ControlPort {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ControlPort {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a control port controls.
#[derive(Debug)]
struct Desk {
    hub: Arc<Hub>,
    /// Where clients connect.
    address: SocketAddr,
}
