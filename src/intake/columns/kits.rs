//! Lists typing kits and the loci that each of them types.

use std::sync::LazyLock;

use crate::intake::columns::fields::plain_name;
use crate::intake::columns::loci;
use crate::intake::text::lines::split_fields;
use crate::model::Locus;

const KITS: &str = include_str!("../../../fixtures/kits.csv");

/// A typing kit, or a named set of loci, as in `fixtures/kits.csv`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kit {
    name: String,
    loci: Vec<Locus>,
    verified: bool,
}

/// The error that no known kit has a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kit is unknown")]
#[non_exhaustive]
pub struct UnknownKit {
    /// The name of the most similar kit, if there is a similar one.
    pub nearest: Option<String>,
}

/// Settings about kits, in addition to the cells of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KitUse {
    /// The kit of all rows that do not name one.
    pub stated: Option<&'static Kit>,
    /// `true` if rows are also checked against kits whose loci were not verified.
    pub unverified: bool,
}

impl Kit {
    /// Returns every known kit, in the order of the file.
    #[must_use]
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Kit>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled in, and read by a test")]
            KITS.lines().skip(1).map(|line| Kit::read(line).expect("the kits are sound")).collect()
        });
        &ALL
    }

    /// Reads the line `kit,autosomal_loci,loci,verified`; the loci are separated by spaces.
    fn read(line: &str) -> Option<Self> {
        let mut fields = Vec::new();
        split_fields(line, b',', &mut fields).ok()?;
        let [name, count, loci, verified] = fields.as_slice() else { return None };
        let loci: Vec<Locus> = loci.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        let verified = match &**verified {
            "yes" => true,
            "no" => false,
            _ => return None,
        };
        (count.parse() == Ok(loci.len())).then(|| Self { name: name.clone().into_owned(), loci, verified })
    }

    /// Returns the kit with this name; case, spaces, hyphens and underscores are ignored.
    ///
    /// # Errors
    /// [`UnknownKit`] if no kit has this name.
    pub fn named(name: &str) -> Result<&'static Self, UnknownKit> {
        let written = plain_name(name);
        let known = Self::all().iter().find(|kit| plain_name(&kit.name) == written);
        known.ok_or_else(|| UnknownKit { nearest: loci::nearest(&written, Self::all().iter().map(Self::name)) })
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the autosomal STR loci that the kit types.
    #[must_use]
    pub fn loci(&self) -> &[Locus] {
        &self.loci
    }

    /// Reports whether the loci were verified against a source.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verified
    }

    /// Reports whether the kit types a locus, in any spelling.
    #[must_use]
    pub fn has(&self, locus: &Locus) -> bool {
        let plain = plain_name(locus.name());
        self.loci.iter().any(|own| plain_name(own.name()) == plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_kits_are_sound() {
        assert_eq!(Kit::all().len(), KITS.lines().count() - 1);
        for kit in Kit::all() {
            let mut names: Vec<&str> = kit.loci().iter().map(Locus::name).collect();
            assert!(names.iter().all(|name| loci::KNOWN_LOCI.contains(name)), "{}", kit.name());
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), kit.loci().len(), "{}: a locus twice", kit.name());
            assert_eq!(Kit::named(kit.name()).unwrap(), kit);
        }
        let with_ambiguous = Kit::all().iter().filter(|kit| kit.has(&loci::AMBIGUOUS.parse().unwrap()));
        assert_eq!(with_ambiguous.map(Kit::name).collect::<Vec<_>>(), ["AGCU 21+1 (non-CODIS)"], "or it must be keyed");
    }

    #[test]
    fn kits_are_found_as_laboratories_write_them() {
        let name = |written| Kit::named(written).map(Kit::name);
        assert_eq!(name("globalfiler"), Ok("GlobalFiler"));
        assert_eq!(name("AGCU-EX22"), Ok("AGCU EX22"));
        assert_eq!(name("29-plex (Yu, Li 2021)"), Ok("29-plex (Yu, Li 2021)"));
        assert_eq!(name("Goldeneye 20B"), Err(UnknownKit { nearest: Some("Goldeneye 20A".to_owned()) }));
        assert_eq!(name("370102199001011234"), Err(UnknownKit { nearest: None }));
        let kit = Kit::named("GlobalFiler").unwrap();
        assert!(kit.is_verified() && kit.has(&"VWA".parse().unwrap()) && !kit.has(&"Penta D".parse().unwrap()));
        assert!(!Kit::named("Sinofiler").unwrap().is_verified());
        assert_eq!(Kit::read("A,2,vWA FGA,yes").map(|kit| kit.loci.len()), Some(2));
        assert_eq!(Kit::read("A,3,vWA FGA,yes"), None);
        assert_eq!(Kit::read("A,2,vWA FGA,perhaps"), None);
    }
}
