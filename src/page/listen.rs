//! Says where the server may listen: on this machine only.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use crate::model::shown_path;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port of a loopback address; port 0 for any free port.
    Port(SocketAddr),
    /// A Unix socket, to which a reverse proxy connects.
    Socket(PathBuf),
}

/// Why the server does not listen there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// The text is not an address with a port.
    #[error("an address is written as 127.0.0.1:PORT or [::1]:PORT")]
    NotAnAddress,
    /// Other machines could reach the address.
    #[error("{0} can be reached from other machines; only addresses of this machine are served: 127.0.0.1 and [::1]")]
    NotLoopback(SocketAddr),
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let address: SocketAddr = text.parse().map_err(|_| ListenError::NotAnAddress)?;
        // An IPv4 address within IPv6 is not a loopback address by its form.
        if address.ip().is_loopback() { Ok(Self::Port(address)) } else { Err(ListenError::NotLoopback(address)) }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(address) => address.fmt(f),
            Self::Socket(path) => f.write_str(&shown_path(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_served() {
        for good in ["127.0.0.1:8700", "127.8.9.1:1", "[::1]:0"] {
            assert!(matches!(good.parse(), Ok(Listen::Port(_))), "{good}");
        }
        for bad in ["0.0.0.0:8700", "[::]:8700", "192.168.1.5:80", "10.0.0.1:80", "[::ffff:10.0.0.1]:80", "128.0.0.1:1"]
        {
            assert!(matches!(bad.parse::<Listen>(), Err(ListenError::NotLoopback(_))), "{bad}");
        }
        for bad in
            ["", "localhost:80", "127.0.0.1", "127.0.0.1:65536", "127.1:80", "http://127.0.0.1:80", "0x7f.0.0.1:80"]
        {
            assert_eq!(bad.parse::<Listen>(), Err(ListenError::NotAnAddress), "{bad}");
        }
    }
}
