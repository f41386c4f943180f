//! [`ClientLock`]: one trader for a client id, on this machine.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{env, fmt, process};

use serde::{Deserialize, Serialize};
use tws_proto::ids::ClientId;

use crate::config::TraderConfig;

/// A note on who holds a lock is not longer than this.
const NOTE_BYTES_MAX: u64 = 16 * 1024;

/// The right of this process to be an API client at a TWS (R38): two traders that took turns at one client id would each
/// take the other's orders for their own.
///
/// The journal has a lock of its own; this one tells two traders with two journals apart. The operating system frees it
/// when the process ends in whatever way. The files stay behind, since a lock on a deleted file keeps nobody out.
#[derive(Debug)]
pub(crate) struct ClientLock {
    /// One in each folder.
    _locks: Vec<Locked>,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Its journal.
    pub journal: PathBuf,
}

/// Why a trader may not be an API client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientLockError {
    /// Another trader on this machine is that client. End it, or give this one a client id and an instance of its own.
    #[error(
        "{} on this machine is client {client_id} at {host}:{port} already; end it, or give this one a client id and an \
         instance of its own (TWS_CLIENT_ID, TWS_INSTANCE)",
        Named(holder.as_ref())
    )]
    Taken {
        /// The client id.
        client_id: ClientId,
        /// Host of TWS.
        host: String,
        /// Port of TWS.
        port: u16,
        /// The other one, where it has left a note.
        holder: Option<Holder>,
    },
    /// The file of the lock cannot be used. Make its folder writable, or choose another.
    #[error(
        "the lock {path:?} cannot be used: {source}; make the folder writable, or name another in TWS_LOCK_FOLDER, the \
         same for every trader of this machine"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A lock that is held, and the note beside it.
#[derive(Debug)]
struct Locked {
    _file: File,
    note: PathBuf,
}

impl ClientLock {
    /// Takes the lock, or says at once who has it.
    pub(crate) fn take(config: &TraderConfig) -> Result<Self, ClientLockError> {
        let name = name(&config.host, config.port, config.client_id);
        let holder = Holder { pid: process::id(), journal: absolute(&config.journal) };
        let locks = folders(config).into_iter().map(|folder| {
            let path = folder.join(&name);
            let file = open(&path).map_err(|source| ClientLockError::File { path: path.clone(), source })?;
            lock(&file, &path, config)?;
            let locked = Locked { _file: file, note: path.with_extension("holder") };
            locked.leave_note(&holder);
            Ok(locked)
        });
        Ok(Self { _locks: locks.collect::<Result<_, _>>()? })
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.take_note();
    }
}

impl Locked {
    /// Says who holds the lock. Where that fails the next one only hears that it is held.
    fn leave_note(&self, holder: &Holder) {
        self.take_note();
        let written = serde_json::to_vec(holder).map_err(io::Error::from).and_then(|note| {
            // Never a file that was there: a folder for everybody may hold somebody's link to another file.
            OpenOptions::new().write(true).create_new(true).open(&self.note)?.write_all(&note)
        });
        if let Err(error) = written {
            tracing::debug!(path = %self.note.display(), %error, "who holds the lock of the client id was not noted");
        }
    }

    fn take_note(&self) {
        // Mostly there is none.
        let _ = fs::remove_file(&self.note);
    }
}

/// The file to be locked; made where there is none, and never written to.
fn open(path: &Path) -> io::Result<File> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => {
            keep(&file);
            Ok(file)
        }
        // Also another user's, who may let others only read it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::open(path),
        Err(error) => Err(error),
    }
}

/// Lets every user lock the file, and asks those who clean up to leave it: a sticky bit means that to them.
#[cfg(unix)]
fn keep(file: &File) {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o644, 0o1644] {
        // Some systems know no sticky files; those that clean up do.
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
}

#[cfg(not(unix))]
fn keep(_file: &File) {}

fn lock(file: &File, path: &Path, config: &TraderConfig) -> Result<(), ClientLockError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(ClientLockError::Taken {
            client_id: config.client_id,
            host: config.host.clone(),
            port: config.port,
            holder: read_note(&path.with_extension("holder")),
        }),
        Err(TryLockError::Error(source)) => Err(ClientLockError::File { path: path.to_owned(), source }),
    }
}

fn read_note(path: &Path) -> Option<Holder> {
    let mut note = Vec::new();
    File::open(path).ok()?.take(NOTE_BYTES_MAX).read_to_end(&mut note).ok()?;
    serde_json::from_slice(&note).ok()
}

/// Where locks are: the folder that is configured, or that of this user and the one for everybody. A trader that a service
/// started may not know the first, one in a shell knows both.
fn folders(config: &TraderConfig) -> Vec<PathBuf> {
    match &config.lock_folder {
        Some(folder) => vec![folder.clone()],
        None => {
            let own = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
            let folders = own.into_iter().chain([env::temp_dir()]);
            // One folder under two names would be locked twice, which nobody can.
            let mut folders: Vec<_> = folders.map(|folder| fs::canonicalize(&folder).unwrap_or(folder)).collect();
            folders.dedup();
            folders
        }
    }
}

/// The name of the lock's file: one for every client at every TWS.
fn name(host: &str, port: u16, client_id: ClientId) -> String {
    let host: String = machine(host)
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '_' })
        .collect();
    format!("tws-{host}-{port}-client-{}.lock", client_id.0)
}

/// One name for the ways to say a host: those of this machine are one, for a TWS that listens does so on all of them.
fn machine(host: &str) -> String {
    const HERE: &str = "127.0.0.1";
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) if address.is_loopback() => HERE.to_owned(),
        Ok(address) if address.is_unspecified() => HERE.to_owned(),
        Ok(address) => address.to_string(),
        Err(_) if host == "localhost" => HERE.to_owned(),
        Err(_) => host,
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A holder as the subject of a sentence.
struct Named<'a>(Option<&'a Holder>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Holder { pid, journal }) => write!(f, "process {pid} (journal {journal:?})"),
            None => f.write_str("another process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path, host: &str, port: u16, client_id: i32) -> TraderConfig {
        TraderConfig {
            host: host.to_owned(),
            port,
            client_id: ClientId(client_id),
            lock_folder: Some(folder.to_owned()),
            ..TraderConfig::paper()
        }
    }

    #[test]
    fn r38_one_client_at_one_tws_is_one_trader() {
        let folder = tempfile::tempdir().unwrap();
        let config = |host: &str, port, client_id| config(folder.path(), host, port, client_id);
        let held = ClientLock::take(&config("127.0.0.1", 7497, 1)).unwrap();
        for host in ["127.0.0.1", "localhost", "LOCALHOST.", " ::1 ", "::ffff:127.0.0.1", "0.0.0.0"] {
            let error = ClientLock::take(&config(host, 7497, 1)).unwrap_err();
            let ClientLockError::Taken { holder: Some(holder), .. } = &error else { panic!("{host}: {error}") };
            assert_eq!((holder.pid, holder.journal.is_absolute()), (process::id(), true));
            assert!(error.to_string().contains(&format!("process {} ", process::id())), "{error}");
        }
        for (host, port, client_id) in
            [("127.0.0.1", 7497, 2), ("127.0.0.1", 4002, 1), ("127.0.0.2", 7497, 1), ("10.0.0.5", 7497, 1)]
        {
            ClientLock::take(&config(host, port, client_id)).unwrap();
        }
        drop(held);
        ClientLock::take(&config("localhost", 7497, 1)).unwrap();
    }

    #[test]
    fn r38_of_many_at_once_one_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "gateway.example", 4002, 9);
        let start = std::sync::Barrier::new(8);
        let taken = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        ClientLock::take(&config)
                    })
                })
                .collect();
            all.into_iter().filter_map(|one| one.join().unwrap().ok()).collect::<Vec<_>>()
        });
        assert_eq!(taken.len(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = ClientLock::take(&config(&folder.path().join("none"), "127.0.0.1", 7497, 1)).unwrap_err();
        assert!(matches!(&error, ClientLockError::File { source, .. } if source.kind() == io::ErrorKind::NotFound));
        assert!(error.to_string().contains("TWS_LOCK_FOLDER"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link_or_into_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let lock = folder.path().join(name("127.0.0.1", 7497, ClientId(1)));
        std::os::unix::fs::symlink(&victim, &lock).unwrap();
        std::os::unix::fs::symlink(&victim, lock.with_extension("holder")).unwrap();
        let held = ClientLock::take(&config(folder.path(), "127.0.0.1", 7497, 1)).unwrap();
        drop(held);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn a_note_that_is_none_is_no_holder() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "127.0.0.1", 7497, 1);
        let _held = ClientLock::take(&config).unwrap();
        fs::write(folder.path().join(name("127.0.0.1", 7497, ClientId(1))).with_extension("holder"), "{").unwrap();
        let error = ClientLock::take(&config).unwrap_err();
        assert!(matches!(error, ClientLockError::Taken { holder: None, .. }), "{error}");
        assert!(error.to_string().starts_with("another process "), "{error}");
    }
}
