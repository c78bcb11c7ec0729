//! Digests of what a decision is based on, so that a later change is noticed and named.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::words::BasisPart;
use crate::model::{Child, DropOut, Family, Panel, Profile};

/// A BLAKE3 hash, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a digest is 64 hexadecimal digits")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        HEXLOWER.encode(&digest.0)
    }
}

/// What a decision is based on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Digest of the child's profile.
    pub profiles: Digest,
    /// Digest of the relatives, with their relations and profiles.
    pub relatives: Digest,
    /// Digest of the model and the allele frequencies.
    pub model: Digest,
    /// log10 of the likelihood ratio; `None` if it is not a finite number.
    pub log10_lr: Option<f64>,
    /// The run in which the pair is a candidate; `None` if it is not one.
    pub run: Option<i64>,
    /// The digest of that run.
    pub run_digest: Option<Digest>,
}

impl Basis {
    /// Returns the parts that differ. The likelihood ratio and the run follow from these parts, so they do not count.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> Vec<BasisPart> {
        [
            (BasisPart::Profiles, self.profiles != other.profiles),
            (BasisPart::Relatives, self.relatives != other.relatives),
            (BasisPart::Model, self.model != other.model),
        ]
        .into_iter()
        .filter_map(|(part, differs)| differs.then_some(part))
        .collect()
    }
}

/// A digest under construction, keyed with the salt of a case: values are preceded by their length.
struct Keyed(blake3::Hasher);

impl Keyed {
    fn new(case: &Case, of: &str) -> Self {
        Self(blake3::Hasher::new_keyed(&case.salt)).with(of)
    }

    fn with(mut self, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.0.update(&(value.len() as u64).to_le_bytes()).update(value);
        self
    }

    fn digest(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

/// Returns the typed loci of a profile and the drop-out probability of its sample, as bytes.
fn profile_bytes(panel: &Panel, profile: &Profile, drop_out: Option<DropOut>) -> Vec<u8> {
    let mut bytes = drop_out.map_or(u64::MAX, |probability| probability.get().to_bits()).to_le_bytes().to_vec();
    for (locus, genotype) in panel.loci().iter().zip(profile.genotypes()) {
        if let Some(genotype) = genotype {
            bytes.extend((locus.name().len() as u64).to_le_bytes());
            bytes.extend(locus.name().bytes());
            bytes.extend(genotype.low().tenths().to_le_bytes());
            bytes.extend(genotype.high().tenths().to_le_bytes());
        }
    }
    bytes
}

/// Returns the digest of a child's profile in a case. It does not depend on the pseudonym, which a change of the key
/// replaces.
#[must_use]
pub fn profile_digest(case: &Case, panel: &Panel, child: &Child) -> Digest {
    Keyed::new(case, "profile").with(profile_bytes(panel, &child.profile, child.drop_out)).digest()
}

/// Returns the digest of the relatives of a family in a case, in whatever order they are. It does not depend on
/// pseudonyms.
#[must_use]
pub fn relatives_digest(case: &Case, panel: &Panel, family: &Family) -> Digest {
    let places = family.pedigree.as_ref().map(|pedigree| pedigree.relatives());
    let relative = |(at, relative): (usize, &crate::model::Relative)| {
        let place = places.and_then(|places| places.get(at).copied()).map_or(u64::MAX, |place| place as u64);
        let profile = profile_bytes(panel, &relative.profile, relative.drop_out);
        (relative.relation.word(), place, profile)
    };
    let mut relatives: Vec<_> = family.relatives.iter().enumerate().map(relative).collect();
    relatives.sort();
    let keyed = relatives.iter().fold(Keyed::new(case, "relatives"), |keyed, (relation, place, profile)| {
        keyed.with(relation).with(place.to_le_bytes()).with(profile)
    });
    let Some(pedigree) = &family.pedigree else { return keyed.digest() };
    let number = |person: Option<usize>| person.map_or(u64::MAX, |person| person as u64).to_le_bytes();
    let keyed = keyed.with(number(Some(pedigree.child())));
    let members = pedigree.members().iter();
    members.fold(keyed, |keyed, member| keyed.with(number(member.father)).with(number(member.mother))).digest()
}

/// Returns the digest of a model, given as texts that describe it completely.
#[must_use]
pub fn model_digest(parts: &[&str]) -> Digest {
    let mut hash = blake3::Hasher::new_derive_key("reunite 2026 review model v1");
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    Digest(*hash.finalize().as_bytes())
}
