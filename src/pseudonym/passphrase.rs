//! Seals a secret with a passphrase, as an armored age file that the standard age tool can also open.

use std::fmt;
use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::scrypt;
use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::private::{KeyError, KeySource, read_secret};

/// log2 of the work of scrypt: 128 MiB of memory and some tenths of a second for every guess.
const WORK: u8 = 17;
/// The largest work with which a file is opened; a hostile file could ask for hours.
const MOST_WORK: u8 = 20;
/// The fewest characters of a new passphrase. Keys that were sealed with a shorter one still open.
const FEWEST: usize = 12;
/// Most bytes of a file with a passphrase.
const MOST_PASSPHRASE_BYTES: usize = 1 << 10;
/// Most bytes of a sealed file.
const MOST_SEALED_BYTES: usize = 8 << 10;

/// Passphrase that seals a secret. It is wiped from memory when dropped, and never printed.
pub struct Passphrase(SecretString);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Reason why a secret could not be sealed or opened. It repeats no part of the secret or of the passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// The passphrase is empty, or has several lines.
    #[error("the passphrase must be one line that is not empty")]
    Form,
    /// The passphrase is easy to guess.
    #[error("the passphrase is too short; use at least {FEWEST} characters, better several words")]
    Short,
    /// The passphrase does not open the file, or the file is damaged.
    #[error("the passphrase does not open the key, or its file is damaged")]
    Wrong,
    /// The secret could not be sealed.
    #[error("the key could not be sealed")]
    Sealing,
}

impl Passphrase {
    /// Reads a passphrase from its text, without the line end.
    ///
    /// # Errors
    /// [`PassphraseError::Form`].
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() || text.contains(['\n', '\r', '\0']) {
            return Err(PassphraseError::Form);
        }
        Ok(Self(SecretString::from(text.to_owned())))
    }

    /// Reads a passphrase from a file that only its owner can read.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others, or does not hold one line.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        let bytes = read_secret(source, MOST_PASSPHRASE_BYTES)?;
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| Self::new(text).ok());
        text.ok_or_else(|| KeyError::Malformed { path: source.path(), form: "a passphrase in one line" })
    }

    /// Checks that a new secret may be sealed with this passphrase.
    ///
    /// # Errors
    /// [`PassphraseError::Short`].
    pub fn check_new(&self) -> Result<(), PassphraseError> {
        use age::secrecy::ExposeSecret;
        let long = self.0.expose_secret().chars().count() >= FEWEST;
        if long { Ok(()) } else { Err(PassphraseError::Short) }
    }

    /// Returns the recipient for whom this passphrase seals.
    pub(super) fn recipient(&self) -> scrypt::Recipient {
        let mut recipient = scrypt::Recipient::new(self.0.clone());
        recipient.set_work_factor(WORK);
        recipient
    }

    /// Returns the identity with which this passphrase opens.
    pub(super) fn identity(&self) -> scrypt::Identity {
        let mut identity = scrypt::Identity::new(self.0.clone());
        identity.set_max_work_factor(MOST_WORK);
        identity
    }

    /// Seals a secret.
    ///
    /// # Errors
    /// [`PassphraseError::Sealing`].
    pub(crate) fn seal(&self, secret: &[u8]) -> Result<Vec<u8>, PassphraseError> {
        let recipient = self.recipient();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|_| PassphraseError::Sealing)?;
        let seal = || {
            let mut sealed = Vec::new();
            let armored = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor)?;
            let mut writer = encryptor.wrap_output(armored)?;
            writer.write_all(secret)?;
            writer.finish()?.finish()?;
            Ok::<_, std::io::Error>(sealed)
        };
        seal().map_err(|_| PassphraseError::Sealing)
    }

    /// Opens a sealed secret of at most `most` bytes.
    ///
    /// # Errors
    /// [`PassphraseError::Wrong`].
    pub(crate) fn open(&self, sealed: &[u8], most: usize) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        let identity = self.identity();
        let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(sealed)).map_err(|_| PassphraseError::Wrong)?;
        let opened = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
        let reader = opened.map_err(|_| PassphraseError::Wrong)?;
        let mut secret = Zeroizing::new(Vec::with_capacity(most));
        reader.take(most as u64).read_to_end(&mut secret).map_err(|_| PassphraseError::Wrong)?;
        Ok(secret)
    }
}

/// Reads a sealed file, which must be readable to its owner alone.
///
/// # Errors
/// See [`read_secret`].
pub(crate) fn read_sealed(source: &KeySource) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read_secret(source, MOST_SEALED_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_passphrase_alone() {
        let right = Passphrase::new("correct horse battery\n").unwrap();
        let sealed = right.seal(b"a secret").unwrap();
        assert!(sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
        assert_eq!(&right.open(&sealed, 64).unwrap()[..], b"a secret");
        let wrong = Passphrase::new("correct horse batterie").unwrap();
        assert_eq!(wrong.open(&sealed, 64).unwrap_err(), PassphraseError::Wrong);
        assert_eq!(right.open(&sealed[..sealed.len() / 2], 64).unwrap_err(), PassphraseError::Wrong);
        assert_eq!(format!("{right:?}"), "Passphrase(..)");
    }

    #[test]
    fn a_new_file_takes_the_documented_work_and_a_file_that_asks_for_more_than_the_limit_is_not_opened() {
        let passphrase = Passphrase::new("correct horse battery").unwrap();
        let (sealed, mut file) = (passphrase.seal(b"a secret").unwrap(), Vec::new());
        ArmoredReader::new(&sealed[..]).read_to_end(&mut file).unwrap();
        let end = file.iter().enumerate().filter(|byte| *byte.1 == b'\n').nth(1).unwrap().0;
        let stanza = String::from_utf8(file[..end].to_vec()).unwrap();
        assert!(stanza.contains("-> scrypt ") && stanza.ends_with(" 17"), "{stanza}");
        assert_eq!(&passphrase.open(&file, 64).unwrap()[..], b"a secret");
        file[end - 2..end].copy_from_slice(b"21");
        assert_eq!(passphrase.open(&file, 64).unwrap_err(), PassphraseError::Wrong);
        // For its work alone, before anything is computed.
        let decryptor = age::Decryptor::new_buffered(&file[..]).unwrap();
        let refused = decryptor.decrypt(std::iter::once(&passphrase.identity() as &dyn age::Identity)).err();
        assert!(matches!(refused, Some(age::DecryptError::ExcessiveWork { required: 21, .. })), "{refused:?}");
    }

    #[test]
    fn a_new_passphrase_is_one_line_of_twelve_characters_and_shorter_ones_still_open() {
        for bad in ["", "\n", "two\nlines"] {
            assert_eq!(Passphrase::new(bad).unwrap_err(), PassphraseError::Form, "{bad:?}");
        }
        let short = Passphrase::new("eleven long").unwrap();
        assert_eq!(short.check_new(), Err(PassphraseError::Short));
        assert_eq!(&short.open(&short.seal(b"a secret").unwrap(), 64).unwrap()[..], b"a secret");
        // Characters count, not bytes.
        for (text, is_long) in
            [("twelve chars", true), ("十二个字的口令足够长了吧", true), ("十个字的口令不够长呀", false)]
        {
            assert_eq!(Passphrase::new(text).unwrap().check_new().is_ok(), is_long, "{text}");
        }
    }
}
