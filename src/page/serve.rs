//! Accepts connections, bounds their size and time, and ends gracefully.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use futures_util::future::{Either, select};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

use super::app::{App, Said, ServeOptions, Speaker};
use super::keys;
use super::listen::Listen;
use super::router::router;
use crate::model::shown_path;
use crate::store::StoreError;

/// The most connections at a time; further ones wait.
const MOST_CONNECTIONS: usize = 128;
/// The time for the head of a request, also of the next one on an open connection.
const FOR_HEAD: Duration = Duration::from_secs(15);
/// The longest time of a connection; a browser opens another one.
const FOR_CONNECTION: Duration = Duration::from_secs(600);
/// The most bytes of the head of a request.
const HEAD: usize = 16 << 10;
/// The most headers of a request.
const HEADERS: usize = 64;
/// The most operations on the store at a time.
const THREADS: usize = 16;
/// The time between two looks whether the ledger is still used.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// The time for requests that are under way when the server ends.
const FOR_END: Duration = Duration::from_secs(10);

/// Why pages are not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server cannot listen there.
    #[error("cannot listen on {at}: {source}")]
    Listen {
        /// The address or the file.
        at: String,
        /// The reason.
        source: io::Error,
    },
    /// Something that is no socket has the name of the socket.
    #[error("{} is there already and no socket", shown_path(.0))]
    NoSocket(PathBuf),
    /// The address of the reverse proxy is not of its form.
    #[error("an origin is written as https://NAME or https://NAME:PORT, without a path")]
    Origin,
    /// The folder with the sealed keys is missing.
    #[error("{} is not a folder; the sealed key of everybody who signs in must be in it, such as R17.key", shown_path(.0))]
    NoKeys(PathBuf),
    /// The operating system refuses a thread or random numbers.
    #[error("cannot start the server: {0}")]
    Start(io::Error),
}

/// Asks a server to end, from another thread.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Stop {
    /// Asks the server to end.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }
}

/// A server that listens and does not answer yet.
pub struct Server {
    runtime: Runtime,
    listener: Listener,
    app: Arc<App>,
    address: String,
}

enum Listener {
    Port(TcpListener),
    Socket(UnixListener, PathBuf),
}

impl Server {
    /// Begins to listen.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reunite::page::{Said, ServeOptions, Server, Stop};
    ///
    /// # let options: ServeOptions = unimplemented!();
    /// let server = Server::listen(&"127.0.0.1:8700".parse()?, options, |said| {
    ///     if let Said::StartLink(link) = said {
    ///         println!("{link}");
    ///     }
    /// })?;
    /// server.run(&Stop::default())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn listen(
        listen: &Listen,
        options: ServeOptions,
        speaker: impl Fn(Said<'_>) + Send + Sync + 'static,
    ) -> Result<Self, ServeError> {
        if !options.reviewer_keys.is_dir() {
            return Err(ServeError::NoKeys(options.reviewer_keys));
        }
        let origin = options.origin.as_deref().map(checked_origin).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(THREADS)
            .build()
            .map_err(ServeError::Start)?;
        let failed = |source| ServeError::Listen { at: listen.to_string(), source };
        let (listener, mut hosts) = {
            let _inside = runtime.enter();
            match listen {
                Listen::Port(address) => {
                    let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
                    let bound = listener.local_addr().map_err(failed)?;
                    (Listener::Port(listener), vec![bound.to_string(), format!("localhost:{}", bound.port())])
                }
                Listen::Socket(path) => (Listener::Socket(bind(path)?, path.clone()), vec!["localhost".to_owned()]),
            }
        };
        let mut origins: Vec<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
        let address = origin.clone().unwrap_or_else(|| origins[0].clone());
        if let Some(origin) = origin {
            hosts.extend(origin.split_once("://").map(|(_, host)| host.to_owned()));
            // Behind a proxy, no browser uses another address.
            origins = vec![origin];
        }
        let is_closed = matches!(listener, Listener::Port(_));
        let speaker: Speaker = Arc::new(speaker);
        let app = Arc::new(App::new(options, (hosts, origins), is_closed, speaker)?);
        Ok(Self { runtime, listener, app, address })
    }

    /// Returns the address of the pages in a browser.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Answers requests until it is asked to stop; requests under way are answered first.
    ///
    /// # Errors
    /// [`ServeError::Start`] without random numbers.
    pub fn run(self, stop: &Stop) -> Result<(), ServeError> {
        let Self { runtime, listener, app, address } = self;
        // Without a ledger that can be read, pages say what is wrong with it.
        if app.at_work(|| keys::is_anybody_there(&app)).is_ok_and(|is_anybody| !is_anybody) {
            app.say(Said::NobodySignsIn(&app.options.reviewer_keys));
        }
        if app.is_closed {
            app.offer_link(&address).map_err(|error| ServeError::Start(io::Error::other(error.to_string())))?;
        }
        let router = router(&app, address);
        let of_closing = Arc::clone(&app);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(BETWEEN_LOOKS).await;
                let app = Arc::clone(&of_closing);
                // It is over when the server ends.
                let _ = tokio::task::spawn_blocking(move || app.close_unused()).await;
            }
        });
        let stopped = stop.0.subscribe();
        match listener {
            Listener::Port(listener) => {
                let accept = async || listener.accept().await.map(|(stream, _)| stream);
                runtime.block_on(accept_all(accept, &router, stopped));
            }
            Listener::Socket(listener, path) => {
                let accept = async || listener.accept().await.map(|(stream, _)| stream);
                runtime.block_on(accept_all(accept, &router, stopped));
                // A server that was killed leaves it, and the next one removes it.
                let _ = fs::remove_file(path);
            }
        }
        app.running().stop();
        // A match that is asked to stop ends soon; if not, the store survives the end of the process, too.
        let begun = Instant::now();
        while app.running().is_busy() && begun.elapsed() < FOR_END {
            std::thread::sleep(Duration::from_millis(20));
        }
        app.close();
        runtime.shutdown_timeout(FOR_END);
        Ok(())
    }
}

/// Accepts connections until the server is asked to stop, and then waits for those that are open.
async fn accept_all<S>(accept: impl AsyncFn() -> io::Result<S>, router: &Router, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let asked = stopped.clone();
        let next = async {
            // Never closed, so there always is a place at some time.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (accept().await, place)
        };
        let wait = pin!(stopped.wait_for(|stop| *stop));
        let (accepted, place) = match select(pin!(next), wait).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => break,
        };
        match accepted {
            Ok(stream) => {
                let router = router.clone();
                tokio::spawn(async move {
                    converse(stream, router, asked).await;
                    drop(place);
                });
            }
            // Too many open files, for example: others will be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    let all = u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX);
    // Connections that do not end by then are cut off.
    let _ = tokio::time::timeout(FOR_END, places.acquire_many(all)).await;
}

/// Answers the requests of one connection.
async fn converse<S>(stream: S, router: Router, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(FOR_HEAD)
        .max_buf_size(HEAD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let over = async {
        let limit = pin!(tokio::time::sleep(FOR_CONNECTION));
        let wait = pin!(stopped.wait_for(|stop| *stop));
        select(wait, limit).await;
    };
    // An error ends the connection, and nobody is left to hear of it.
    if let Either::Right(((), _)) = select(connection.as_mut(), pin!(over)).await {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(FOR_END, connection).await;
    }
}

/// Makes a socket that only this account and its group can use.
fn bind(path: &Path) -> Result<UnixListener, ServeError> {
    let failed = |source| ServeError::Listen { at: shown_path(path), source };
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(ServeError::NoSocket(path.to_owned())),
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            return Err(failed(io::ErrorKind::AddrInUse.into()));
        }
        // A server that was killed left it.
        Ok(_) => fs::remove_file(path).map_err(failed)?,
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

/// Returns an origin in the form in which browsers send it.
fn checked_origin(text: &str) -> Result<String, ServeError> {
    let text = text.to_ascii_lowercase();
    let host = text.strip_prefix("https://").ok_or(ServeError::Origin)?;
    let (name, port) = host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_port =
        port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number != 443 && number.to_string() == port));
    if name.is_empty() || !name.chars().all(is_name) || !is_port {
        return Err(ServeError::Origin);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for good in ["https://reunite.lab", "https://10.1.2.3:8443", "HTTPS://Reunite.Lab"] {
            assert_eq!(checked_origin(good).ok(), Some(good.to_ascii_lowercase()));
        }
        for bad in [
            "http://reunite.lab",
            "reunite.lab",
            "https://",
            "https://a/b",
            "https://a:443",
            "https://a:x",
            "https://a b",
        ] {
            assert!(checked_origin(bad).is_err(), "{bad}");
        }
    }
}
