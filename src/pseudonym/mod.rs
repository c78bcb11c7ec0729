//! Turns identifiers into pseudonyms with keyed hashes under the secret key. Only this module handles original
//! identifiers.
//!
//! Sample and case numbers have so little entropy that somebody could reverse an unkeyed hash by trying all of them.
//! Without the key a pseudonym reveals nothing; with the key, the same identifier always has the same pseudonym.

mod call_codes;
mod certificate_hash;
mod consent_hash;
mod custodian;
mod exchange_names;
mod fact_text;
mod fold;
mod former;
mod hash;
mod key;
mod originals;
mod passphrase;
mod private;
mod seal;
mod stream;
mod sub_keys;
mod vault;

pub use call_codes::{CallCode, CallCodes, CodeShift, Mistyped, SaidCode};
pub use certificate_hash::CertificateHasher;
pub use consent_hash::ConsentHasher;
pub use custodian::{Custodian, CustodianError, Identity};
pub use exchange_names::{AgencySalt, ExchangeNames};
pub use fact_text::FactText;
pub(crate) use fold::folded;
pub use former::{FormerKeys, Recognise};
pub use hash::{IdentifierError, Part, Pseudonymizer};
pub use key::{Fingerprint, SecretKey};
pub(crate) use passphrase::read_sealed;
pub use passphrase::{Passphrase, PassphraseError};
pub use private::{KeyError, KeySource};
pub(crate) use private::{MOST_BYTES, line, parse_line, public_path, read_secret, write_secret};
pub use seal::{Opened, Record, SealError, Sealed};
pub(crate) use stream::is_of_content;
pub use stream::{OpenWith, OpeningReader, SealFor, SealingWriter, StreamError};
pub use vault::{Vault, VaultError, VaultFile, VaultWriter};
