//! Creates and reads the key with which an agency signs its packages and opens those of others, and the card with its
//! public half.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::pseudonym::{
    Custodian, Identity, KeyError, KeySource, line, parse_line, public_path, read_secret, write_secret,
};

/// First word of the file of an exchange key.
const SECRET_FORM: &str = "reunite-exchange-key-1";
/// First word of a card.
const CARD_FORM: &str = "reunite-exchange-card-1";
/// Most bytes of the file of an exchange key.
const MOST_BYTES: usize = 512;

/// Key of an agency for the exchange: it signs, and opens what is sealed for the agency. It is wiped from memory when
/// dropped, and never printed.
///
/// Its file has two lines: `reunite-exchange-key-1` with 64 hexadecimal digits, and an age identity.
pub struct ExchangeKey {
    sign: Box<SigningKey>,
    open: Identity,
    card: Card,
}

impl fmt::Debug for ExchangeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExchangeKey(..)")
    }
}

impl ExchangeKey {
    /// Creates a random key, and writes it to a new file of mode 0600, and its card to a file of that name with `.pub`.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if one of the files already exists; [`KeyError::Random`] and [`KeyError::Io`] if the
    /// operating system refuses.
    pub fn generate(path: &Path) -> Result<Self, KeyError> {
        let public = public_path(path);
        if let Some(file) = [path, &public].into_iter().find(|file| file.exists()) {
            return Err(KeyError::Exists(file.to_owned()));
        }
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(KeyError::Random)?;
        let (open, identity, recipient) = Identity::random();
        let key = Self::new(&bytes, open, recipient);
        let first = line(SECRET_FORM, &bytes);
        let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
        for part in [&first[..], identity.as_bytes(), b"\n"] {
            text.extend_from_slice(part);
        }
        write_secret(path, &text)?;
        write_secret(&public, format!("{}\n", key.card).as_bytes())?;
        Ok(key)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others or not an exchange key.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        let text = read_secret(source, MOST_BYTES)?;
        let form = "`reunite-exchange-key-1` with 64 hexadecimal digits, and a line with an age identity";
        let malformed = || KeyError::Malformed { path: source.path(), form };
        let end = text.iter().position(|&byte| byte == b'\n').ok_or_else(malformed)?;
        let bytes = parse_line(SECRET_FORM, &text[..end]).ok_or_else(malformed)?;
        let second = std::str::from_utf8(&text[end + 1..]).map_err(|_| malformed())?;
        let (open, recipient) = Identity::from_line(second.trim_end()).ok_or_else(malformed)?;
        Ok(Self::new(&bytes, open, recipient))
    }

    fn new(bytes: &[u8; 32], open: Identity, recipient: Custodian) -> Self {
        let sign = Box::new(SigningKey::from_bytes(bytes));
        let card = Card { verify: sign.verifying_key().to_bytes(), recipient };
        Self { sign, open, card }
    }

    /// Returns the public half, which partners need.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Returns what opens packages for this agency.
    pub(super) fn identity(&self) -> &Identity {
        &self.open
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.sign.sign(message).to_bytes()
    }
}

/// Public half of an agency's exchange key: it checks the agency's signatures, and packages are sealed for it. One line:
/// `reunite-exchange-card-1`, 64 hexadecimal digits, and an age recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    verify: [u8; 32],
    recipient: Custodian,
}

/// A text that is not a card. The error does not contain the text, which may be a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// It is an exchange key.
    #[error("it is the secret exchange key of an agency; the card is the file of that name with .pub")]
    Secret,
    /// It is something else.
    #[error(
        "it is not the card of an agency: a line of `reunite-exchange-card-1`, 64 hexadecimal digits and an age recipient"
    )]
    Form,
}

impl FromStr for Card {
    type Err = CardError;

    fn from_str(text: &str) -> Result<Self, CardError> {
        let text = text.trim();
        if text.starts_with(SECRET_FORM) || text.contains("AGE-SECRET-KEY-") {
            return Err(CardError::Secret);
        }
        let mut words = text.split(' ');
        let (Some(CARD_FORM), Some(digits), Some(recipient), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(CardError::Form);
        };
        let digits = HEXLOWER.decode(digits.as_bytes()).map_err(|_| CardError::Form)?;
        let verify: [u8; 32] = digits.try_into().map_err(|_| CardError::Form)?;
        // A weak key would accept signatures that nobody made.
        let valid = VerifyingKey::from_bytes(&verify).is_ok_and(|key| !key.is_weak());
        if !valid {
            return Err(CardError::Form);
        }
        Ok(Self { verify, recipient: recipient.parse().map_err(|_| CardError::Form)? })
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CARD_FORM} {} {}", HEXLOWER.encode(&self.verify), self.recipient)
    }
}

impl Card {
    /// Returns what names the agency in manifests: 32 hexadecimal digits, in groups of four. Partners compare it by
    /// telephone.
    ///
    /// It is the first 16 bytes of the BLAKE3 hash of the card, derived for this purpose.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = blake3::derive_key("reunite 2026 fingerprint of an exchange card v1", self.to_string().as_bytes());
        let digits = HEXLOWER.encode(&digest[..16]);
        let groups: Vec<&str> =
            digits.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        groups.join(" ")
    }

    /// Returns those for whom a package is sealed.
    pub(super) fn recipient(&self) -> &Custodian {
        &self.recipient
    }

    /// Reports whether the agency made a signature.
    pub(super) fn made(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.verify)
            .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_and_its_card_are_read_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lab.exchange");
        let made = ExchangeKey::generate(&path).unwrap();
        let read = ExchangeKey::load(&KeySource::File(path.clone())).unwrap();
        assert_eq!(made.card(), read.card());
        let card: Card = fs::read_to_string(public_path(&path)).unwrap().parse().unwrap();
        assert_eq!(&card, made.card());
        assert_eq!(card.fingerprint().len(), 39);
        assert!(card.made(b"text", &read.sign(b"text")));
        assert!(!card.made(b"other", &read.sign(b"text")));
        assert!(matches!(ExchangeKey::generate(&path), Err(KeyError::Exists(_))));
    }

    #[test]
    fn what_is_not_a_card_is_refused_and_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lab.exchange");
        let card = ExchangeKey::generate(&path).unwrap().card().to_string();
        let secret = fs::read_to_string(&path).unwrap();
        assert_eq!(secret.parse::<Card>(), Err(CardError::Secret));
        assert!(!CardError::Secret.to_string().contains(&secret[30..60]));
        let (begin, end) = card.split_at(card.len() - 1);
        let zeros = card.replace(&card[24..88], &"0".repeat(64));
        for text in
            ["", begin, &format!("{card} x"), &card.replace("card-1", "card-2"), &format!("{begin}{end}{end}"), &zeros]
        {
            assert_eq!(text.parse::<Card>(), Err(CardError::Form), "{text}");
        }
    }
}
