//! The secret key and the keyed hashes: the only place that sees an original identifier.
//!
//! Sample and case numbers have so little entropy that an unkeyed hash is reversed by listing them all. Without the
//! key a pseudonym says nothing; with it, the same identifier always gives the same pseudonym.

mod custodian;
mod fold;
mod former;
mod hash;
mod key;
mod originals;
mod private;
mod seal;
mod sub_keys;
mod vault;

pub use custodian::{Custodian, CustodianError, Identity};
pub(crate) use fold::folded;
pub use former::{FormerKeys, Recognise};
pub use hash::{IdentifierError, Part, Pseudonymizer};
pub use key::{Fingerprint, SecretKey};
pub use private::{KeyError, KeySource};
pub(crate) use private::{MOST_BYTES, line, parse_line, read_secret, write_secret};
pub use seal::{Opened, Record, SealError, Sealed};
pub use vault::{Vault, VaultError, VaultFile, VaultWriter};
