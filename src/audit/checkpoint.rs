//! Signs checkpoints of an audit chain, which record its length and are to be kept at another place.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use super::{Chain, PublicKey, SigningKey};

const FORM: &str = "reunite audit checkpoint 1";

/// The number of records of a chain, and the hash of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The store whose chain it is.
    pub store_id: [u8; 16],
    /// The length and head of the chain at that time.
    pub chain: Chain,
    /// Time of the signature: seconds since 1970, UTC.
    pub at: i64,
    signature: [u8; 64],
}

/// File of a checkpoint, in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    form: String,
    store_id: String,
    records: u64,
    head: String,
    at: i64,
    signature: String,
}

/// Reason why a checkpoint or a chain is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file is not a checkpoint.
    #[error("it is no checkpoint, or is damaged")]
    Malformed,
    /// The checkpoint was signed with another key, or edited since.
    #[error("its signature is not of the given public key")]
    Signature,
    /// The checkpoint is of another store.
    #[error("it is of another store")]
    OtherStore,
    /// The chain has lost its end.
    #[error("the chain has {found} records, and had {signed} when this was signed: its end was cut off")]
    Truncated {
        /// Number of records found.
        found: u64,
        /// Number of records at the time of the signature.
        signed: u64,
    },
    /// The chain was computed again.
    #[error("record {0} has another hash than when this was signed: the chain was rewritten")]
    Rewritten(u64),
}

impl Checkpoint {
    /// Signs the present length and head of a chain.
    #[must_use]
    pub fn sign(store_id: [u8; 16], chain: Chain, at: i64, key: &SigningKey) -> Self {
        let signature = key.sign(&message(&store_id, &chain, at));
        Self { store_id, chain, at, signature }
    }

    /// Returns the content of its file.
    #[must_use]
    pub fn text(&self) -> String {
        let text = Text {
            form: FORM.to_owned(),
            store_id: HEXLOWER.encode(&self.store_id),
            records: self.chain.length,
            head: HEXLOWER.encode(&self.chain.head),
            at: self.at,
            signature: HEXLOWER.encode(&self.signature),
        };
        // Numbers and texts always have a JSON form.
        serde_json::to_string_pretty(&text).unwrap_or_default() + "\n"
    }

    /// Reads a checkpoint file and checks its signature.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`], or [`CheckpointError::Signature`].
    pub fn read(text: &[u8], key: &PublicKey) -> Result<Self, CheckpointError> {
        let text: Text = serde_json::from_slice(text).map_err(|_| CheckpointError::Malformed)?;
        if text.form != FORM {
            return Err(CheckpointError::Malformed);
        }
        let read = || {
            let chain = Chain { length: text.records, head: unhex(&text.head)? };
            Some(Self { store_id: unhex(&text.store_id)?, chain, at: text.at, signature: unhex(&text.signature)? })
        };
        let checkpoint = read().ok_or(CheckpointError::Malformed)?;
        let message = message(&checkpoint.store_id, &checkpoint.chain, checkpoint.at);
        if key.verifies(&message, &checkpoint.signature) { Ok(checkpoint) } else { Err(CheckpointError::Signature) }
    }

    /// Checks the checkpoint against a chain of `length` records, in which the record with the checkpoint's number has
    /// the hash `head`.
    ///
    /// # Errors
    /// [`CheckpointError::OtherStore`], [`CheckpointError::Truncated`] or [`CheckpointError::Rewritten`].
    pub fn check(&self, store_id: &[u8; 16], length: u64, head: Option<[u8; 32]>) -> Result<(), CheckpointError> {
        let signed = self.chain.length;
        if self.store_id != *store_id {
            Err(CheckpointError::OtherStore)
        } else if length < signed {
            Err(CheckpointError::Truncated { found: length, signed })
        } else if head != Some(self.chain.head) {
            Err(CheckpointError::Rewritten(signed))
        } else {
            Ok(())
        }
    }
}

fn message(store_id: &[u8; 16], chain: &Chain, at: i64) -> Vec<u8> {
    let mut message = FORM.as_bytes().to_vec();
    message.push(0);
    message.extend_from_slice(store_id);
    message.extend_from_slice(&chain.length.to_le_bytes());
    message.extend_from_slice(&chain.head);
    message.extend_from_slice(&at.to_le_bytes());
    message
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(&dir.path().join("a")).unwrap();
        let other = SigningKey::generate(&dir.path().join("b")).unwrap();
        let chain = Chain { length: 12, head: [3; 32] };
        let checkpoint = Checkpoint::sign([1; 16], chain, 1_700_000_000, &key);
        let text = checkpoint.text();
        assert_eq!(Checkpoint::read(text.as_bytes(), &key.public()), Ok(checkpoint.clone()));
        assert_eq!(Checkpoint::read(text.as_bytes(), &other.public()), Err(CheckpointError::Signature));
        for (from, to, error) in [
            ("\"records\": 12", "\"records\": 11", CheckpointError::Signature),
            ("1700000000", "1700000001", CheckpointError::Signature),
            ("0303", "0304", CheckpointError::Signature),
            ("0101", "0102", CheckpointError::Signature),
            ("0101", "01", CheckpointError::Malformed),
            ("checkpoint 1", "checkpoint 2", CheckpointError::Malformed),
            ("{", "", CheckpointError::Malformed),
        ] {
            let edited = text.replacen(from, to, 1);
            assert_eq!(Checkpoint::read(edited.as_bytes(), &key.public()), Err(error), "{from}");
        }
        assert_eq!(checkpoint.check(&[1; 16], 14, Some([3; 32])), Ok(()));
        assert_eq!(checkpoint.check(&[2; 16], 14, Some([3; 32])), Err(CheckpointError::OtherStore));
        assert_eq!(checkpoint.check(&[1; 16], 14, Some([4; 32])), Err(CheckpointError::Rewritten(12)));
        let truncated = CheckpointError::Truncated { found: 11, signed: 12 };
        assert_eq!(checkpoint.check(&[1; 16], 11, None), Err(truncated));
    }
}
