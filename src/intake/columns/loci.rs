//! Recognises locus names in the spellings of laboratories.

use crate::intake::columns::fields::plain_name;
use crate::intake::text::characters::to_ascii;
use crate::model::{Locus, Panel};

/// Every locus of the known kits, and published kinship markers of other kits, in alphabetical order.
pub const KNOWN_LOCI: [&str; 85] = [
    "CSF1PO",
    "D10S1248",
    "D10S1435",
    "D10S2325",
    "D11S2368",
    "D11S4463",
    "D12ATA63",
    "D12S391",
    "D13S305",
    "D13S317",
    "D13S325",
    "D14S1434",
    "D14S608",
    "D15S659",
    "D16S3391",
    "D16S539",
    "D17S1290",
    "D17S1301",
    "D17S974",
    "D18S1364",
    "D18S51",
    "D18S535",
    "D18S853",
    "D19S253",
    "D19S400",
    "D19S433",
    "D1GATA113",
    "D1S1627",
    "D1S1656",
    "D1S1677",
    "D1S2142",
    "D1S549",
    "D20S1082",
    "D20S161",
    "D20S470",
    "D20S482",
    "D20S85",
    "D21S11",
    "D21S1270",
    "D21S2055",
    "D22-GATA198B05",
    "D22S1045",
    "D2S1338",
    "D2S1360",
    "D2S1772",
    "D2S1776",
    "D2S441",
    "D3S1358",
    "D3S1545",
    "D3S1744",
    "D3S2459",
    "D3S3045",
    "D3S3053",
    "D3S4529",
    "D4S2364",
    "D4S2366",
    "D4S2408",
    "D5S2500",
    "D5S2800",
    "D5S818",
    "D6S1017",
    "D6S1043",
    "D6S474",
    "D6S477",
    "D7S1517",
    "D7S3048",
    "D7S820",
    "D8S1115",
    "D8S1132",
    "D8S1179",
    "D9S1122",
    "D9S2157",
    "D9S925",
    "F13A01",
    "F13B",
    "FESFPS",
    "FGA",
    "LPL",
    "Penta_C",
    "Penta_D",
    "Penta_E",
    "SE33",
    "TH01",
    "TPOX",
    "vWA",
];

/// Other spellings in use, in the form of `plain`.
const ALIASES: [(&str, &str); 13] = [
    ("tho1", "th01"),
    ("humth01", "th01"),
    ("tp0x", "tpox"),
    ("humtpox", "tpox"),
    ("vwa31", "vwa"),
    ("humvwa", "vwa"),
    ("csf", "csf1po"),
    ("humfga", "fga"),
    ("fibra", "fga"),
    ("actbp2", "se33"),
    ("humactbp2", "se33"),
    ("f13a1", "f13a01"),
    ("fes/fps", "fesfps"),
];

/// A name that denotes two different markers, depending on the kit.
pub(in crate::intake) const AMBIGUOUS: &str = "D5S2500";

/// The meaning of a column's name.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::intake) enum Named {
    /// A locus, in the panel's spelling if it is in the panel.
    Locus { locus: Locus, in_panel: bool, alias: bool },
    /// The sex marker, which is not an STR locus.
    Amelogenin,
    /// A marker on a sex chromosome, or an internal check of a kit.
    Elsewhere,
    /// An unknown name, possibly with the name of the most similar column.
    Unknown { nearest: Option<String> },
}

/// Returns the meaning of a column's name. `columns` are the names of other columns that may be suggested.
pub(in crate::intake) fn marker_named(name: &str, panel: &Panel, columns: &[&str]) -> Named {
    let written = plain_name(name);
    if matches!(written.as_str(), "amel" | "amelogenin" | "am") {
        return Named::Amelogenin;
    }
    if is_elsewhere(&written) && !panel.loci().iter().any(|locus| plain_name(locus.name()) == written) {
        return Named::Elsewhere;
    }
    let meant = ALIASES.iter().find(|(alias, _)| *alias == written).map_or(written.as_str(), |(_, locus)| locus);
    let names = || panel.loci().iter().map(Locus::name);
    // A panel may hold loci that differ only in characters that `plain` removes; the closest spelling has priority.
    let found = names()
        .find(|known| *known == name)
        .or_else(|| names().find(|known| known.eq_ignore_ascii_case(name)))
        .or_else(|| names().find(|known| plain_name(known) == meant));
    let in_panel = found.is_some();
    match found.or_else(|| KNOWN_LOCI.into_iter().find(|known| plain_name(known) == meant)) {
        Some(known) => match known.parse() {
            Ok(locus) => Named::Locus { locus, in_panel, alias: !known.eq_ignore_ascii_case(name) },
            Err(_) => Named::Unknown { nearest: None },
        },
        None if is_well_formed(name, &written) && !is_numbered(&written, panel) => {
            match spelled(name, &written).parse() {
                Ok(locus) => Named::Locus { locus, in_panel: false, alias: false },
                Err(_) => Named::Unknown { nearest: None },
            }
        }
        None => Named::Unknown { nearest: nearest(&written, names().chain(KNOWN_LOCI).chain(columns.iter().copied())) },
    }
}

/// Reports whether a marker is one that kits type besides the autosomal loci: on a sex chromosome, or a quality sensor.
fn is_elsewhere(written: &str) -> bool {
    let number = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    ["dys", "dyf", "dxs"].iter().any(|prefix| written.strip_prefix(prefix).is_some_and(number))
        || written.strip_prefix("rs").is_some_and(|rest| rest.len() > 3 && rest.bytes().all(|b| b.is_ascii_digit()))
        || matches!(written, "hprtb" | "yindel" | "ygatah4" | "yqs" | "qs1" | "qs2" | "iqcs" | "iqcl" | "iqch" | "sry")
}

/// Reports whether a name has the form of an autosomal STR locus: `D7S3048`, `D22GATA198B05`, `Penta B`. It is not
/// treated as a misspelling of another one.
fn is_well_formed(name: &str, written: &str) -> bool {
    if let Some(letter) = written.strip_prefix("penta") {
        return matches!(letter.as_bytes(), [b'a'..=b'g']);
    }
    // `D3S1358_1` is a column of one allele.
    let has_separator = to_ascii(name).len() != written.len();
    let Some(rest) = written.strip_prefix('d') else { return false };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (chromosome, rest) = rest.split_at(digits);
    if chromosome.starts_with('0') || !chromosome.parse::<u8>().is_ok_and(|number| (1..=22).contains(&number)) {
        return false;
    }
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0')
    };
    let clone = ["gata", "gaat", "ata"].iter().find_map(|start| rest.strip_prefix(start));
    rest.strip_prefix('s').is_some_and(|number| is_number(number, 4) && !has_separator)
        || clone.is_some_and(|name| {
            name.len() <= 8
                && name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// Reports whether a name is a known locus followed by an allele number, as `D21S111` and `D21S112` for the two alleles
/// of D21S11.
fn is_numbered(written: &str, panel: &Panel) -> bool {
    let Some(base) = written.strip_suffix(['1', '2']) else { return false };
    panel.loci().iter().map(Locus::name).chain(KNOWN_LOCI).any(|known| plain_name(known) == base)
}

/// Returns a well-formed name in the usual spelling.
fn spelled(name: &str, written: &str) -> String {
    match written.strip_prefix("penta") {
        Some(letter) => format!("Penta_{}", letter.to_ascii_uppercase()),
        None if name.is_ascii() => name.trim().to_ascii_uppercase(),
        None => written.to_ascii_uppercase(),
    }
}

/// Returns the names of a header without the dye channels that OSIRIS appends to loci, as in `D8S1179-2`; `None` if
/// they have none.
///
/// Numbers that differ between loci are channels, not allele numbers: allele numbers occur in pairs, or are all equal
/// if the columns of the second alleles were left out.
pub(in crate::intake) fn without_channels<'n>(names: &[&'n str], panel: &Panel) -> Option<Vec<&'n str>> {
    let split = |name: &&'n str| -> Option<(&'n str, u8)> {
        let (base, channel) = name.rsplit_once('-')?;
        let [digit @ b'1'..=b'9'] = channel.as_bytes() else { return None };
        let is_marker = !matches!(marker_named(base, panel, &[]), Named::Unknown { .. })
            && matches!(marker_named(name, panel, &[]), Named::Unknown { .. });
        is_marker.then_some((base, *digit))
    };
    let found: Vec<(&str, u8)> = names.iter().filter_map(split).collect();
    let differ = found.iter().any(|(_, channel)| *channel != found[0].1);
    let mut bases: Vec<String> = found.iter().map(|(base, _)| plain_name(base)).collect();
    bases.sort_unstable();
    let is_once = bases.windows(2).all(|pair| pair[0] != pair[1]);
    (differ && is_once).then(|| names.iter().map(|name| split(name).map_or(*name, |(base, _)| base)).collect())
}

/// Splits the name of a column of one allele, such as `vWA_1`, `vWA 2`, `vWA.1`, `vWA-b`, `vWA Allele 2`: returns the
/// name of the locus, and `true` for the second allele.
pub(in crate::intake) fn allele_column(name: &str) -> Option<(&str, bool)> {
    const BETWEEN: [char; 4] = [' ', '_', '.', '-'];
    let last = name.chars().next_back()?;
    let second = match last {
        '1' | 'a' | 'A' => false,
        '2' | 'b' | 'B' => true,
        _ => return None,
    };
    let rest = &name[..name.len() - 1];
    let before = rest.trim_end_matches(BETWEEN);
    let word = before.len().checked_sub("allele".len()).filter(|&at| before.is_char_boundary(at));
    let base = match word.map(|at| before.split_at(at)) {
        Some((base, word)) if word.eq_ignore_ascii_case("allele") => base,
        _ if before.len() == rest.len() => return None,
        _ => before,
    };
    let base = base.trim_end_matches(BETWEEN);
    (!base.is_empty()).then_some((base, second))
}

pub(in crate::intake) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    const ALIKE: f64 = 0.6;
    // A longer name is not a misspelling, and comparing it takes time.
    if written.len() > 32 {
        return None;
    }
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(written, &plain_name(name)), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        // Of equal names the first is taken, so that loci of the panel have priority.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_allele_name_their_locus() {
        for (name, expected) in [
            ("vWA_1", Some(("vWA", false))),
            ("vWA 2", Some(("vWA", true))),
            ("vWA.1", Some(("vWA", false))),
            ("Penta_D-b", Some(("Penta_D", true))),
            ("Penta E a", Some(("Penta E", false))),
            ("vWA Allele 2", Some(("vWA", true))),
            ("vWA_allele1", Some(("vWA", false))),
            ("Allele 1", None),
            ("vWA", None),
            ("D3S1358", None),
            ("vWA1", None),
            ("_1", None),
            ("位点 2", Some(("位点", true))),
            ("", None),
        ] {
            assert_eq!(allele_column(name), expected, "{name}");
        }
        // No locus name may itself look like a column of one allele.
        assert!(KNOWN_LOCI.iter().all(|name| allele_column(name).is_none()));
    }

    #[test]
    fn markers_of_sex_chromosomes_and_sensors_are_known() {
        for name in ["DYS391", "dys 570", "Y indel", "Y-InDel", "DXS7132", "QS1", "IQCS"] {
            assert_eq!(marker_named(name, &panel(), &[]), Named::Elsewhere, "{name}");
        }
        assert!(matches!(marker_named("DYSx", &panel(), &[]), Named::Unknown { .. }));
    }

    fn panel() -> Panel {
        Panel::new(["D3S1358", "vWA", "Penta_D"].iter().map(|name| name.parse().unwrap()).collect()).unwrap()
    }

    fn locus(name: &str) -> Option<(String, bool)> {
        match marker_named(name, &panel(), &[]) {
            Named::Locus { locus, in_panel, .. } => Some((locus.name().to_owned(), in_panel)),
            _ => None,
        }
    }

    #[test]
    fn names_are_read_as_laboratories_spell_them() {
        for (written, meant, in_panel) in [
            ("vWA", "vWA", true),
            ("VWA", "vWA", true),
            ("vWA31", "vWA", true),
            ("Penta D", "Penta_D", true),
            ("PENTAD", "Penta_D", true),
            ("d3s1358", "D3S1358", true),
            ("THO1", "TH01", false),
            ("TP0X", "TPOX", false),
            ("CSF", "CSF1PO", false),
            ("Penta-E", "Penta_E", false),
        ] {
            assert_eq!(locus(written), Some((meant.to_owned(), in_panel)), "{written}");
        }
        assert_eq!(marker_named("AMEL", &panel(), &[]), Named::Amelogenin);
        assert_eq!(marker_named("Amelogenin", &panel(), &[]), Named::Amelogenin);
    }

    #[test]
    fn unknown_names_get_the_nearest_known_one() {
        let nearest = |name| match marker_named(name, &panel(), &["family_id"]) {
            Named::Unknown { nearest } => nearest,
            other => panic!("{other:?}"),
        };
        assert_eq!(nearest("D3S135B").as_deref(), Some("D3S1358"));
        assert_eq!(nearest("THO1x").as_deref(), Some("TH01"));
        assert_eq!(nearest("famly_id").as_deref(), Some("family_id"));
        assert_eq!(nearest("D21S1l").as_deref(), Some("D21S11"));
        assert_eq!(nearest("comment"), None);
        assert_eq!(nearest(&"D3S1358".repeat(9)), None);
    }

    #[test]
    fn well_formed_names_are_no_mistakes() {
        for (name, spelled) in [
            ("D3S1385", "D3S1385"),
            ("d7s3049", "D7S3049"),
            ("D5S2801", "D5S2801"),
            ("Penta B", "Penta_B"),
            ("D22GATA198B06", "D22GATA198B06"),
            ("D5S2800", "D5S2800"),
            ("Penta C", "Penta_C"),
        ] {
            assert_eq!(locus(name), Some((spelled.to_owned(), false)), "{name}");
        }
        for name in [
            "D23S100",
            "D0S1",
            "D3S",
            "D3S135B",
            "DS1358",
            "Penta H",
            "Penta",
            "D3S0001",
            "D3S12345",
            "D21S111",
            "D3S1385_1",
        ] {
            assert!(matches!(marker_named(name, &panel(), &[]), Named::Unknown { .. }), "{name}");
        }
    }

    #[test]
    fn channels_are_taken_off_where_they_are_no_alleles() {
        let without = |names: &[&str]| without_channels(names, &panel()).map(|names| names.join(" "));
        let expected = Some("Sample AMEL vWA D3S1358".to_owned());
        assert_eq!(without(&["Sample", "AMEL-1", "vWA-1", "D3S1358-2"]), expected);
        assert_eq!(without(&["Sample", "vWA-1", "D3S1358-1"]), None);
        assert_eq!(without(&["Sample", "vWA-1", "vWA-2"]), None);
        assert_eq!(without(&["Sample", "vWA_1", "D3S1358_2"]), None);
        assert_eq!(without(&["vWA"]), None);
    }

    #[test]
    fn the_known_loci_are_loci_and_sorted() {
        assert!(KNOWN_LOCI.is_sorted());
        assert!(KNOWN_LOCI.iter().all(|name| name.parse::<Locus>().is_ok()));
        for (_, meant) in ALIASES {
            assert!(KNOWN_LOCI.iter().any(|known| plain_name(known) == meant), "{meant}");
        }
    }
}
