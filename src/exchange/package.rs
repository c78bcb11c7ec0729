//! Writes and reads the container of a package.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use data_encoding::HEXLOWER;

use super::limits::MOST_CONTENT;
use super::{Card, ExchangeKey, Manifest, PackageFault};
use crate::pseudonym::{OpenWith, OpeningReader, SealFor, StreamError, is_of_content};

/// First bytes of an opened package; another container gets another number.
const MAGIC: &[u8; 18] = b"reunite-package-1\n";
/// What every container begins with.
const KIND: &[u8] = b"reunite-package-";
/// Domain of the signature: nothing else that a key signs begins with it.
const DOMAIN: &[u8] = b"reunite 2026 manifest of an exchange package v1\0";
/// Most bytes of a manifest.
const MOST_MANIFEST: u32 = 1 << 14;

fn message(manifest: &[u8]) -> Vec<u8> {
    [DOMAIN, manifest].concat()
}

/// Digest of a manifest, by which the next package names it.
fn digest(manifest: &[u8]) -> [u8; 32] {
    *blake3::hash(&message(manifest)).as_bytes()
}

/// Signs and seals a package. `manifest.lines`, `length` and `digest` are set here. Returns the digest of the manifest, which
/// the next package names.
///
/// # Errors
/// [`PackageFault::Large`]; [`PackageFault::Io`] if the operating system refuses.
pub fn seal(
    mut manifest: Manifest,
    content: &[u8],
    key: &ExchangeKey,
    to: &Card,
    out: impl Write,
) -> Result<[u8; 32], PackageFault> {
    manifest.length = content.len() as u64;
    if manifest.length > MOST_CONTENT {
        return Err(PackageFault::Large);
    }
    manifest.lines = memchr::memchr_iter(b'\n', content).count() as u64;
    manifest.digest = HEXLOWER.encode(blake3::hash(content).as_bytes());
    let statement = serde_json::to_vec(&manifest).map_err(|error| PackageFault::Manifest(error.to_string()))?;
    let length = u32::try_from(statement.len()).unwrap_or(u32::MAX);
    if length > MOST_MANIFEST {
        return Err(PackageFault::Manifest("it is too long".to_owned()));
    }
    let signature = key.sign(&message(&statement));
    let to = [to.recipient().clone()];
    let mut sealed = SealFor::Custodians(&to).begin(out)?;
    for part in [&MAGIC[..], &length.to_le_bytes(), &statement, &signature, content] {
        sealed.write_all(part).map_err(PackageFault::Io)?;
    }
    sealed.finish().map_err(PackageFault::Io)?;
    Ok(digest(&statement))
}

/// A package that was opened. What it states is not checked yet, not even who sent it.
pub struct Unchecked<R: Read> {
    manifest: Manifest,
    statement: Vec<u8>,
    signature: [u8; 64],
    rest: OpeningReader<R>,
}

/// A package whose sender and content were checked.
pub struct Opened {
    /// The statement.
    pub manifest: Manifest,
    /// Digest of the statement.
    pub digest: [u8; 32],
    /// The content.
    pub content: Vec<u8>,
}

/// Opens a package as far as its manifest.
///
/// # Errors
/// [`PackageFault`].
pub fn open<R: BufRead>(input: R, key: &ExchangeKey) -> Result<Unchecked<R>, PackageFault> {
    let mut rest = OpenWith::Identity(key.identity()).begin(input).map_err(|error| match error {
        // A stream with a passphrase is sealed, but not as packages are.
        StreamError::NeedsPassphrase => PackageFault::Damaged,
        error => error.into(),
    })?;
    let mut magic = [0; MAGIC.len()];
    exactly(&mut rest, &mut magic)?;
    if magic != *MAGIC {
        if let Some(number) = magic.strip_prefix(KIND) {
            let number = std::str::from_utf8(number).ok().and_then(|number| number.trim_end().parse().ok());
            return Err(PackageFault::Newer(number.unwrap_or(u64::MAX)));
        }
        return Err(PackageFault::OtherContent);
    }
    let mut length = [0; 4];
    exactly(&mut rest, &mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MOST_MANIFEST {
        return Err(PackageFault::Manifest("it is too long".to_owned()));
    }
    let mut statement = vec![0; length as usize];
    exactly(&mut rest, &mut statement)?;
    let mut signature = [0; 64];
    exactly(&mut rest, &mut signature)?;
    Ok(Unchecked { manifest: Manifest::parse(&statement)?, statement, signature, rest })
}

impl<R: Read> Unchecked<R> {
    /// Returns the fingerprint of the card that signed it, according to itself.
    #[must_use]
    pub fn claimed_sender(&self) -> &str {
        &self.manifest.sender
    }

    /// Checks that an agency, by name, signed the package for this agency, and reads its content.
    ///
    /// # Errors
    /// [`PackageFault`].
    pub fn check(mut self, sender: (&str, &Card), us: &Card) -> Result<Opened, PackageFault> {
        let (name, card) = sender;
        if self.manifest.sender != card.fingerprint() || !card.made(&message(&self.statement), &self.signature) {
            return Err(PackageFault::Signature(name.to_owned()));
        }
        if self.manifest.recipient != us.fingerprint() {
            return Err(PackageFault::NotForUs);
        }
        let length = self.manifest.length;
        if length > MOST_CONTENT {
            return Err(PackageFault::Large);
        }
        // The buffer grows with what is there, not with what is stated.
        let mut content = Vec::new();
        self.rest.by_ref().take(length + 1).read_to_end(&mut content).map_err(of_input)?;
        let is_stated = content.len() as u64 == length
            && HEXLOWER.encode(blake3::hash(&content).as_bytes()) == self.manifest.digest
            && memchr::memchr_iter(b'\n', &content).count() as u64 == self.manifest.lines;
        if !is_stated {
            return Err(PackageFault::Content);
        }
        Ok(Opened { digest: digest(&self.statement), manifest: self.manifest, content })
    }
}

fn exactly(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), PackageFault> {
    input.read_exact(bytes).map_err(of_input)
}

fn of_input(error: io::Error) -> PackageFault {
    if is_of_content(&error) || error.kind() == ErrorKind::UnexpectedEof {
        PackageFault::Damaged
    } else {
        PackageFault::Io(error)
    }
}
