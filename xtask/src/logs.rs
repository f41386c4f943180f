//! Logs on standard error, as `RUST_LOG` filters them.

use tracing_subscriber::EnvFilter;

/// Logs from now on; `usual` is the filter where the environment names none.
pub(crate) fn open(usual: &str) {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| usual.into()))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // Nobody may read them any more; to complain of that on the same stream would end the process.
        .log_internal_errors(false)
        .init();
}
