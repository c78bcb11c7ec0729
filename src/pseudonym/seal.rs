//! One sealed record: who stands behind a sample, for custodians only.
//!
//! Each record is an age file of its own (X25519, armored), which the standard age tool opens, too. So a record can be
//! taken out of a batch by who cannot open it. That costs one key agreement per record and custodian, some 0.1 ms; a file
//! of 1,000,000 samples takes minutes of one processor, once, and a night's few hundred take none.
//!
//! Inside is a JSON object: `sample` and `family` with their pseudonyms, so that no record can be passed off as another,
//! `sample_id`, `family_id` and `agency` as they stood in the file, white space around them removed.

use std::fmt;
use std::io::{Read, Write};
use std::str::FromStr;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::x25519;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Pseudonymizer;
use super::private::{KeyError, KeySource, read_secret};
use crate::model::Pseudonym;

/// Most bytes of an identity file.
const MOST_IDENTITY_BYTES: usize = 64 << 10;
/// More than the plain text of a record, so that no copy is left behind by growing.
const PLAIN_BYTES: usize = 8 << 10;

/// Someone to whom original identifiers are sealed: an age recipient, `age1...`.
#[derive(Clone, PartialEq, Eq)]
pub struct Custodian(x25519::Recipient);

impl FromStr for Custodian {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // A secret key in place of a public one is not repeated by whoever reports this.
        text.parse().map(Self).map_err(|_| "a custodian is an age recipient: age1 and 58 letters and digits")
    }
}

impl fmt::Display for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a custodian opens records with. Never printed.
pub struct Identity(Vec<x25519::Identity>);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Identity {
    /// Reads an identity file, as `age-keygen` writes it.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others, or holds no identity.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        let text = read_secret(source, MOST_IDENTITY_BYTES)?;
        let form = "lines of `AGE-SECRET-KEY-1...`, as age-keygen writes them";
        let malformed = || KeyError::Malformed { path: source.path(), form };
        let text = std::str::from_utf8(&text).map_err(|_| malformed())?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities = lines.map(|line| line.parse().map_err(|_| malformed()));
        let identities: Vec<x25519::Identity> = identities.collect::<Result<_, _>>()?;
        if identities.is_empty() { Err(malformed()) } else { Ok(Self(identities)) }
    }

    /// One that opens what any of these opens.
    #[must_use]
    pub fn any(all: impl IntoIterator<Item = Self>) -> Self {
        Self(all.into_iter().flat_map(|one| one.0).collect())
    }
}

/// Why a record could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody to seal it to.
    #[error("there is no custodian to seal identifiers to")]
    NoCustodian,
    /// The identifier of this pseudonym was not read by this program run.
    #[error("the identifier of {0} is not known here")]
    Unknown(Pseudonym),
    /// age refused.
    #[error("sealing failed: {0}")]
    Sealing(String),
    /// Not sealed to this identity, or damaged.
    #[error("the record of {0} does not open: it is sealed to other custodians, or damaged")]
    Closed(Pseudonym),
    /// Opened, and not what it is said to be.
    #[error("the record of {0} holds something else: the vault was tampered with, or is damaged")]
    Exchanged(Pseudonym),
}

/// What a sealed record says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    sample: Pseudonym,
    family: Option<Pseudonym>,
    #[serde(borrow)]
    sample_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    family_id: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    agency: std::borrow::Cow<'a, str>,
}

/// The identifiers behind a sample and its family. Wiped when dropped.
pub struct Opened {
    /// The sample.
    pub sample: Pseudonym,
    /// Its family, if it is a relative's.
    pub family: Option<Pseudonym>,
    /// The sample's identifier.
    pub sample_id: Zeroizing<String>,
    /// The family's.
    pub family_id: Option<Zeroizing<String>>,
    /// Who gave them out; empty if nobody was named.
    pub agency: Zeroizing<String>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, ..)", self.sample)
    }
}

impl Pseudonymizer {
    /// Seals the identifiers behind a sample, and its family if it is a relative's, to all custodians. They must have been
    /// read through this [`Pseudonymizer`] since it [`Pseudonymizer::remembers`]. Gives an armored age file.
    ///
    /// # Errors
    /// [`SealError`]; nothing was sealed then.
    pub fn seal(
        &self,
        sample: Pseudonym,
        family: Option<Pseudonym>,
        custodians: &[Custodian],
    ) -> Result<String, SealError> {
        let original = |pseudonym| self.original(pseudonym).ok_or(SealError::Unknown(pseudonym));
        let of_sample = original(sample)?;
        let of_family = family.map(original).transpose()?;
        seal(
            sample,
            family,
            &of_sample.id,
            of_family.as_ref().map(|one| one.id.as_str()),
            &of_sample.agency,
            custodians,
        )
    }
}

impl Opened {
    /// The same identifiers under the pseudonyms of another key. If the present key is given, they must be those of this one.
    ///
    /// # Errors
    /// [`SealError::Exchanged`] if they are others.
    pub fn under(&self, key: &Pseudonymizer, present: Option<&Pseudonymizer>) -> Result<Self, SealError> {
        let other = || SealError::Exchanged(self.sample);
        let names = |key: &Pseudonymizer| {
            let agency = Some(self.agency.as_str());
            let family = self.family_id.as_ref().map(|id| key.family(agency, id)).transpose();
            key.sample(agency, &self.sample_id).and_then(|sample| Ok((sample, family?))).map_err(|_| other())
        };
        if present.is_some_and(|present| names(present).ok() != Some((self.sample, self.family))) {
            return Err(other());
        }
        let (sample, family) = names(key)?;
        let (sample_id, family_id) = (self.sample_id.clone(), self.family_id.clone());
        Ok(Self { sample, family, sample_id, family_id, agency: self.agency.clone() })
    }

    /// Seals it again, to other custodians or under other pseudonyms.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, custodians: &[Custodian]) -> Result<String, SealError> {
        let family_id = self.family_id.as_ref().map(|id| id.as_str());
        seal(self.sample, self.family, &self.sample_id, family_id, &self.agency, custodians)
    }
}

fn seal(
    sample: Pseudonym,
    family: Option<Pseudonym>,
    sample_id: &str,
    family_id: Option<&str>,
    agency: &str,
    custodians: &[Custodian],
) -> Result<String, SealError> {
    let failed = |error: &dyn fmt::Display| SealError::Sealing(error.to_string());
    let plain = Plain {
        sample,
        family,
        sample_id: sample_id.into(),
        family_id: family_id.map(Into::into),
        agency: agency.into(),
    };
    let mut text = Zeroizing::new(Vec::with_capacity(PLAIN_BYTES));
    serde_json::to_writer(&mut *text, &plain).map_err(|error| failed(&error))?;
    if custodians.is_empty() {
        return Err(SealError::NoCustodian);
    }
    let to = custodians.iter().map(|custodian| &custodian.0 as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(to).map_err(|error| failed(&error))?;
    let write = || -> std::io::Result<Vec<u8>> {
        let armor = ArmoredWriter::wrap_output(Vec::with_capacity(1024), Format::AsciiArmor)?;
        let mut sealed = encryptor.wrap_output(armor)?;
        sealed.write_all(&text)?;
        sealed.finish()?.finish()
    };
    let armored = write().map_err(|error| failed(&error))?;
    String::from_utf8(armored).map_err(|error| failed(&error))
}

/// Opens a sealed record of a sample.
///
/// # Errors
/// [`SealError::Closed`] if it does not open, [`SealError::Exchanged`] if it is another sample's.
pub fn open(
    sample: Pseudonym,
    family: Option<Pseudonym>,
    armored: &str,
    identity: &Identity,
) -> Result<Opened, SealError> {
    let closed = || SealError::Closed(sample);
    let decryptor = age::Decryptor::new(ArmoredReader::new(armored.as_bytes())).map_err(|_| closed())?;
    let with = identity.0.iter().map(|one| one as &dyn age::Identity);
    let mut reader = decryptor.decrypt(with).map_err(|_| closed())?;
    let mut text = Zeroizing::new(Vec::with_capacity(PLAIN_BYTES));
    reader.read_to_end(&mut text).map_err(|_| closed())?;
    let plain: Plain<'_> = serde_json::from_slice(&text).map_err(|_| SealError::Exchanged(sample))?;
    if (plain.sample, plain.family) != (sample, family) || plain.family.is_some() != plain.family_id.is_some() {
        return Err(SealError::Exchanged(sample));
    }
    Ok(Opened {
        sample,
        family,
        sample_id: Zeroizing::new(plain.sample_id.into_owned()),
        family_id: plain.family_id.map(|id| Zeroizing::new(id.into_owned())),
        agency: Zeroizing::new(plain.agency.into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use age::secrecy::ExposeSecret;

    use super::*;
    use crate::pseudonym::SecretKey;

    fn custodian(dir: &tempfile::TempDir, name: &str) -> (Custodian, Identity) {
        let identity = x25519::Identity::generate();
        let path = dir.path().join(name);
        fs::write(&path, format!("# a comment\n{}\n", identity.to_string().expose_secret())).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        (Custodian(identity.to_public()), Identity::load(&KeySource::File(path)).unwrap())
    }

    #[test]
    fn any_custodian_opens_it_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let [(first, a), (second, b), (_, stranger)] = ["a", "b", "c"].map(|name| custodian(&dir, name));
        let names = Pseudonymizer::new(&SecretKey::from_bytes([9; 32])).remembering();
        let sample = names.sample(Some("鲁"), " S-\"1\" ").unwrap();
        let family = names.family(Some("鲁"), "F-1").unwrap();
        let both = [first, second];
        let sealed = names.seal(sample, Some(family), &both).unwrap();
        assert!(sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"), "{sealed}");
        for identity in [&a, &b] {
            let opened = open(sample, Some(family), &sealed, identity).unwrap();
            assert_eq!((opened.sample_id.as_str(), opened.agency.as_str()), ("S-\"1\"", "鲁"));
            assert_eq!(opened.family_id.as_ref().map(|id| id.as_str()), Some("F-1"));
            let again = opened.seal(&both[..1]).unwrap();
            assert!(open(sample, Some(family), &again, &a).is_ok());
            assert!(matches!(open(sample, Some(family), &again, &b), Err(SealError::Closed(_))));
        }
        assert!(matches!(open(sample, Some(family), &sealed, &stranger), Err(SealError::Closed(_))));
        assert!(matches!(open(family, Some(family), &sealed, &a), Err(SealError::Exchanged(_))));
        assert!(matches!(open(sample, None, &sealed, &a), Err(SealError::Exchanged(_))));
        let middle = sealed.len() / 2;
        let flipped = if sealed.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let damaged = format!("{}{flipped}{}", &sealed[..middle], &sealed[middle + 1..]);
        assert!(matches!(open(sample, Some(family), &damaged, &a), Err(SealError::Closed(_))));
        assert!(matches!(names.seal(sample, None, &[]), Err(SealError::NoCustodian)));
    }

    #[test]
    fn only_what_was_read_since_can_be_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let (custodian, identity) = custodian(&dir, "a");
        let names = Pseudonymizer::new(&SecretKey::from_bytes([9; 32]));
        let sample = names.sample(None, "S").unwrap();
        let to = [custodian];
        assert!(matches!(names.seal(sample, None, &to), Err(SealError::Unknown(_))));
        let names = names.remembering();
        assert!(matches!(names.seal(sample, None, &to), Err(SealError::Unknown(_))));
        names.sample(None, "S").unwrap();
        let sealed = names.seal(sample, None, &to).unwrap();
        assert_eq!(open(sample, None, &sealed, &identity).unwrap().sample_id.as_str(), "S");
        names.forget();
        assert!(matches!(names.seal(sample, None, &to), Err(SealError::Unknown(_))));
    }

    #[test]
    fn what_is_no_custodian_or_identity_is_refused_and_not_repeated() {
        let secret = x25519::Identity::generate().to_string();
        let error = secret.expose_secret().parse::<Custodian>().unwrap_err();
        assert!(!error.contains(&secret.expose_secret()[..20]));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        for text in ["", "# nothing\n", "AGE-SECRET-KEY-1QQQQ\n", "age1qqqq\n"] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let error = Identity::load(&KeySource::File(path.clone())).unwrap_err();
            assert!(matches!(error, KeyError::Malformed { .. }) && !error.to_string().contains("QQQQ"), "{text}");
        }
        fs::write(&path, secret.expose_secret()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Identity::load(&KeySource::File(path)), Err(KeyError::Permissions { .. })));
    }
}
