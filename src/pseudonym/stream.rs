//! Seals a stream of any length for custodians or with a passphrase, as a binary age file, and opens it again.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor};

use super::{Custodian, Identity, Passphrase};

/// Those who can open a sealed stream.
#[derive(Clone, Copy, Debug)]
pub enum SealFor<'a> {
    /// Each of these custodians.
    Custodians(&'a [Custodian]),
    /// Whoever has the passphrase.
    Passphrase(&'a Passphrase),
}

/// Secret that opens a sealed stream.
#[derive(Clone, Copy, Debug)]
pub enum OpenWith<'a> {
    /// The identity of a custodian.
    Identity(&'a Identity),
    /// The passphrase.
    Passphrase(&'a Passphrase),
}

/// Reason why a stream could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// There is nobody to seal it for.
    #[error("there is nobody to seal it for")]
    Nobody,
    /// It is not an age file, or its beginning is damaged.
    #[error("it is not an age file, or is damaged or cut short")]
    Damaged,
    /// The identity is not that of one of its recipients.
    #[error("it is sealed for other recipients: this identity does not open it")]
    OtherRecipients,
    /// The passphrase does not open it.
    #[error("the passphrase does not open it")]
    OtherPassphrase,
    /// It is sealed with a passphrase, and an identity was given.
    #[error("it is sealed with a passphrase, not for recipients")]
    NeedsPassphrase,
    /// It is sealed for recipients, and a passphrase was given.
    #[error("it is sealed for recipients, not with a passphrase")]
    NeedsIdentity,
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A stream that is being sealed. Without [`Self::finish`] it cannot be opened.
pub struct SealingWriter<W: Write>(StreamWriter<W>);

/// A stream that is being opened. Each part is checked before it is returned.
pub struct OpeningReader<R: Read>(StreamReader<R>);

impl SealFor<'_> {
    /// Begins to seal what is written.
    ///
    /// # Errors
    /// [`StreamError::Nobody`], [`StreamError::Io`].
    pub fn begin<W: Write>(self, output: W) -> Result<SealingWriter<W>, StreamError> {
        let encryptor = match self {
            Self::Custodians(all) => {
                let all = all.iter().map(|custodian| &custodian.0 as &dyn age::Recipient);
                Encryptor::with_recipients(all)
            }
            Self::Passphrase(passphrase) => {
                Encryptor::with_recipients(std::iter::once(&passphrase.recipient() as &dyn age::Recipient))
            }
        };
        Ok(SealingWriter(encryptor.map_err(|_| StreamError::Nobody)?.wrap_output(output)?))
    }
}

impl<W: Write> SealingWriter<W> {
    /// Ends the stream, and returns the output.
    ///
    /// # Errors
    /// An I/O error of the operating system.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for SealingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl OpenWith<'_> {
    /// Begins to open a stream.
    ///
    /// # Errors
    /// [`StreamError`].
    pub fn begin<R: BufRead>(self, input: R) -> Result<OpeningReader<R>, StreamError> {
        let decryptor = Decryptor::new_buffered(input).map_err(|error| self.refused(error))?;
        let reader = match self {
            Self::Identity(_) if decryptor.is_scrypt() => return Err(StreamError::NeedsPassphrase),
            Self::Passphrase(_) if !decryptor.is_scrypt() => return Err(StreamError::NeedsIdentity),
            Self::Identity(identity) => decryptor.decrypt(identity.0.iter().map(|one| one as &dyn age::Identity)),
            Self::Passphrase(passphrase) => {
                decryptor.decrypt(std::iter::once(&passphrase.identity() as &dyn age::Identity))
            }
        };
        Ok(OpeningReader(reader.map_err(|error| self.refused(error))?))
    }

    fn refused(self, error: DecryptError) -> StreamError {
        match (error, self) {
            (DecryptError::Io(error), _) if !is_of_content(&error) => StreamError::Io(error),
            (
                DecryptError::NoMatchingKeys
                | DecryptError::DecryptionFailed
                | DecryptError::KeyDecryptionFailed
                | DecryptError::ExcessiveWork { .. },
                of,
            ) => match of {
                Self::Identity(_) => StreamError::OtherRecipients,
                Self::Passphrase(_) => StreamError::OtherPassphrase,
            },
            _ => StreamError::Damaged,
        }
    }
}

/// Reports whether an error of reading an opened stream is one of its content: it was changed or is cut short.
pub(crate) fn is_of_content(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

impl<R: Read> Read for OpeningReader<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

#[cfg(test)]
mod tests {
    use age::x25519;

    use super::*;

    fn sealed(to: SealFor<'_>, text: &[u8]) -> Vec<u8> {
        let mut writer = to.begin(Vec::new()).unwrap();
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn opened(with: OpenWith<'_>, sealed: &[u8]) -> Result<Vec<u8>, StreamError> {
        let mut text = Vec::new();
        with.begin(sealed)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_stream_opens_for_each_recipient_and_nobody_else() {
        let (one, other) = (x25519::Identity::generate(), x25519::Identity::generate());
        let to = [Custodian(one.to_public()), Custodian(other.to_public())];
        let text = vec![7; 200_000];
        let file = sealed(SealFor::Custodians(&to), &text);
        for identity in [one, other] {
            assert_eq!(opened(OpenWith::Identity(&Identity(vec![identity])), &file).unwrap(), text);
        }
        let third = Identity(vec![x25519::Identity::generate()]);
        assert!(matches!(opened(OpenWith::Identity(&third), &file), Err(StreamError::OtherRecipients)));
        let passphrase = Passphrase::new("a passphrase of ours").unwrap();
        assert!(matches!(opened(OpenWith::Passphrase(&passphrase), &file), Err(StreamError::NeedsIdentity)));
        assert!(matches!(SealFor::Custodians(&[]).begin(Vec::new()), Err(StreamError::Nobody)));
        for garbage in [&b""[..], b"reunite-key-1", &file[..30]] {
            assert!(matches!(opened(OpenWith::Identity(&third), garbage), Err(StreamError::Damaged)));
        }
    }

    #[test]
    fn a_stream_opens_with_its_passphrase_alone() {
        let passphrase = Passphrase::new("a passphrase of ours").unwrap();
        let file = sealed(SealFor::Passphrase(&passphrase), b"text");
        assert_eq!(opened(OpenWith::Passphrase(&passphrase), &file).unwrap(), b"text");
        let other = Passphrase::new("another passphrase").unwrap();
        assert!(matches!(opened(OpenWith::Passphrase(&other), &file), Err(StreamError::OtherPassphrase)));
        let identity = Identity(vec![x25519::Identity::generate()]);
        assert!(matches!(opened(OpenWith::Identity(&identity), &file), Err(StreamError::NeedsPassphrase)));
    }

    #[test]
    fn every_change_of_a_stream_is_an_error() {
        let identity = x25519::Identity::generate();
        let file = sealed(SealFor::Custodians(&[Custodian(identity.to_public())]), &[7; 300]);
        let identity = Identity(vec![identity]);
        for at in 0..file.len() {
            assert!(opened(OpenWith::Identity(&identity), &file[..at]).is_err(), "{at} bytes");
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(opened(OpenWith::Identity(&identity), &changed).is_err(), "byte {at}");
        }
        assert!(opened(OpenWith::Identity(&identity), &[&file[..], b"x"].concat()).is_err());
    }
}
