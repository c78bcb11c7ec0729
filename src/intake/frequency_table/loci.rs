//! Recognises names of loci in published tables: aliases, well-formed names, and others.

use std::sync::LazyLock;

use crate::intake::columns::loci::{KNOWN_LOCI, Named, marker_named};
use crate::model::{Locus, Panel};

/// A panel of one known locus, because names are resolved with a panel. It is never `None`: a test builds it.
static PANEL: LazyLock<Option<Panel>> =
    LazyLock::new(|| KNOWN_LOCI[0].parse().ok().and_then(|known| Panel::new(vec![known]).ok()));

/// Spellings of published tables that do not occur in files of profiles, in lower case without separators.
const SPELLINGS: [(&str, &str); 7] = [
    ("actbp2", "SE33"),
    ("csf1p0", "CSF1PO"),
    ("f13a1", "F13A01"),
    ("fesfps", "FESFPS"),
    ("vwa31a", "vWA"),
    ("vwf", "vWA"),
    ("vwfa31", "vWA"),
];

/// The meaning of a locus name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// A known locus; `alias` is set if it is spelled differently here.
    Known { locus: Locus, alias: bool },
    /// A name in the form of a marker, or one that the request keeps.
    New(Locus),
    /// A marker of a sex chromosome, or not a marker: not part of these tables.
    Elsewhere,
    /// An unknown name, possibly a misspelled one.
    Unknown { nearest: Option<String> },
}

/// Returns the meaning of a name; `keep` lists names that are accepted unchanged.
pub(super) fn meant(name: &str, keep: &[String]) -> Meant {
    if let Some(locus) = keep.iter().find(|kept| *kept == name).and_then(|kept| kept.parse().ok()) {
        return Meant::New(locus);
    }
    let Some(panel) = PANEL.as_ref() else { return Meant::Unknown { nearest: None } };
    // Statistics packages write a point in place of each space.
    let spaced = name.replace('.', "_");
    let plain: String = spaced.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let short = plain.strip_prefix("hum").unwrap_or(&plain);
    let spelled = SPELLINGS.iter().find(|(written, _)| *written == short).map(|(_, meant)| *meant);
    let candidates = [Some(spaced.as_str()), spelled, plain.strip_prefix("hum")];
    let mut nearest = None;
    for candidate in candidates.into_iter().flatten() {
        match marker_named(candidate, panel, &[]) {
            Named::Locus { locus, .. } if !KNOWN_LOCI.contains(&locus.name()) => return Meant::New(locus),
            Named::Locus { locus, .. } => {
                let alias = !locus.name().eq_ignore_ascii_case(name);
                return Meant::Known { locus, alias };
            }
            Named::Amelogenin | Named::Elsewhere => return Meant::Elsewhere,
            Named::Unknown { nearest: found } => nearest = nearest.or(found),
        }
    }
    match well_formed(&spaced).and_then(|name| name.parse().ok()) {
        Some(locus) => Meant::New(locus),
        None => Meant::Unknown { nearest },
    }
}

/// Returns the usual spelling of a name in the form of a marker: `D2S1776`, `D1GATA113`, `Penta_X`, each possibly
/// followed by a kit (`D5S2500_AGCU`); `None` for other names.
fn well_formed(name: &str) -> Option<String> {
    let name = name.trim();
    if let Some(rest) = strip_prefix_any_case(name, "penta") {
        let letter = rest.trim_start_matches(['_', '-', ' ']);
        return (letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_alphabetic()))
            .then(|| format!("Penta_{}", letter.to_ascii_uppercase()));
    }
    let (marker, kit) = match name.split_once(['_', '-']) {
        Some((marker, kit)) => (marker, Some(kit)),
        None => (name, None),
    };
    let rest = strip_prefix_any_case(marker, "d")?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (chromosome, rest) = rest.split_at(digits(rest));
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (kind, number) = rest.split_at(letters);
    let is_number = digits(number) == number.len() && (1..=5).contains(&number.len());
    let is_kind = ["s", "gata", "ata", "gaat", "gggaa", "ttta"].iter().any(|known| known.eq_ignore_ascii_case(kind));
    let is_chromosome = !chromosome.starts_with('0') && chromosome.parse().is_ok_and(|n: u8| (1..=22).contains(&n));
    let is_kit = kit.is_none_or(|kit| !kit.is_empty() && kit.bytes().all(|b| b.is_ascii_alphanumeric()));
    (is_chromosome && is_kind && is_number && is_kit).then(|| match kit {
        Some(kit) => format!("{}_{kit}", marker.to_ascii_uppercase()),
        None => marker.to_ascii_uppercase(),
    })
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<(String, bool)> {
        match meant(name, &[]) {
            Meant::Known { locus, alias } => Some((locus.name().to_owned(), alias)),
            _ => None,
        }
    }

    #[test]
    fn names_of_published_tables_are_known() {
        for (name, locus, alias) in [
            ("THO1", "TH01", true),
            ("TP0X", "TPOX", true),
            ("th01", "TH01", false),
            ("VWA", "vWA", false),
            ("Penta.D", "Penta_D", true),
            ("PENTA E", "Penta_E", true),
            ("CSF1P0", "CSF1PO", true),
            ("ACTBP2", "SE33", true),
            ("HUMVWFA31", "vWA", true),
            ("HumTH01", "TH01", true),
            ("HUMD3S1358", "D3S1358", true),
            ("FES/FPS", "FESFPS", true),
            ("F13A1", "F13A01", true),
        ] {
            assert_eq!(known(name), Some((locus.to_owned(), alias)), "{name}");
        }
    }

    #[test]
    fn names_of_a_markers_form_are_kept() {
        let new = |name: &str| match meant(name, &[]) {
            Meant::New(locus) => Some(locus.name().to_owned()),
            _ => None,
        };
        for (name, locus) in [
            ("D2S1779", "D2S1779"),
            ("d17s1299", "D17S1299"),
            ("Penta B", "Penta_B"),
            ("D5S2500_AGCU", "D5S2500_AGCU"),
            ("D9GATA64", "D9GATA64"),
        ] {
            assert_eq!(new(name).as_deref(), Some(locus), "{name}");
        }
        for name in ["D23S12", "D0S1", "D3S", "D3S123456", "Penta", "PentaXY", "comment", "D3X12", "D3S12_", "é"] {
            assert!(matches!(meant(name, &[]), Meant::Unknown { .. }), "{name}");
        }
        assert_eq!(meant("L1", &["L1".to_owned()]), Meant::New("L1".parse().unwrap()));
    }

    #[test]
    fn markers_of_sex_chromosomes_are_elsewhere() {
        for name in ["AMEL", "Amelogenin", "DYS391", "DXS7132", "Y-InDel"] {
            assert_eq!(meant(name, &[]), Meant::Elsewhere, "{name}");
        }
    }

    #[test]
    fn a_misspelled_name_gets_the_nearest() {
        assert_eq!(meant("D21S1l", &[]), Meant::Unknown { nearest: Some("D21S11".to_owned()) });
        assert!(PANEL.is_some());
    }
}
