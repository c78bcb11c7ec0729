//! Checks rows against the typing kits that they name.
//!
//! A profile that is typed at a locus outside its kit has another kit, or a shifted column. This is a note, not an
//! error: laboratories also type single loci in addition to a kit. It is reported once per kit and locus, at the first
//! row.

use std::collections::HashMap;

use crate::intake::columns::fields::Field;
use crate::intake::columns::fields::plain_name;
use crate::intake::columns::header::Header;
use crate::intake::columns::kits::{Kit, KitUse, UnknownKit};
use crate::intake::columns::loci::AMBIGUOUS;
use crate::intake::findings::Findings;
use crate::intake::rows::occurrences::Occurrences;

use crate::model::{FindingCode, SampleRecord};

/// A kit that rows name.
struct Named {
    found: Result<&'static Kit, UnknownKit>,
    rows: Occurrences,
    /// Positions of the file's loci that the kit lacks, each with the rows that are typed there.
    lacking: Vec<(usize, Option<Occurrences>)>,
}

/// Notes loci that the rows' kits lack; refuses loci whose meaning depends on an unstated kit.
pub(in crate::intake) fn check_kits(header: &Header, rows: &[SampleRecord], kits: KitUse, findings: &mut Findings) {
    let ambiguous = header.loci.iter().position(|locus| plain_name(locus.name()) == plain_name(AMBIGUOUS));
    let mut named: HashMap<&str, Named> = HashMap::new();
    for row in rows {
        let kit = row.kit.as_deref().map(|name| {
            let kit = named.entry(name).or_insert_with(|| kit_of_row(name, header, row.line));
            kit.rows.count += 1;
            for (locus, typed) in &mut kit.lacking {
                if is_typed(row, *locus) {
                    typed.get_or_insert(Occurrences::from_line(row.line)).count += 1;
                }
            }
            &*kit
        });
        if let Some(locus) = ambiguous.filter(|&locus| is_typed(row, locus))
            && !kit.is_some_and(|kit| kit.found.is_ok() && kit.lacking.iter().all(|lacking| lacking.0 != locus))
        {
            let what = format!(
                "{AMBIGUOUS} names different markers in different kits; state the kit in a column kit or with --kit, \
                 or empty the cell"
            );
            findings.problem(row.line, header.locus_column(locus), FindingCode::AmbiguousLocus, what);
        }
    }
    for Named { found, rows: Occurrences { first_line: line, count }, lacking } in named.into_values() {
        let kit = match found {
            Ok(kit) => kit,
            Err(UnknownKit { nearest }) => {
                let nearest = nearest.map_or(String::new(), |nearest| format!("; did you mean {nearest}?"));
                let what = format!("the kit is unknown (in {}){nearest}", rows_of(count));
                findings.note(line, header.field_column(Field::Kit), FindingCode::UnknownKit, what);
                continue;
            }
        };
        if !kit.is_verified() && !kits.unverified {
            let what = format!(
                "the loci of {} were not verified, so {} were not checked against them; give --unverified-kits to \
                 check them",
                kit.name(),
                rows_of(count)
            );
            findings.note(line, header.field_column(Field::Kit), FindingCode::UnverifiedKit, what);
            continue;
        }
        for (locus, Occurrences { first_line: line, count }) in
            lacking.into_iter().filter_map(|(locus, typed)| Some((locus, typed?)))
        {
            let what = format!(
                "{} of the kit {}, the first of them here, are typed at a locus that the kit does not have: the kit's name \
                 is wrong, or a column is shifted",
                rows_of(count),
                kit.name()
            );
            findings.note(line, header.locus_column(locus), FindingCode::KitLocus, what);
        }
    }
}

fn kit_of_row(name: &str, header: &Header, line: u64) -> Named {
    let found = Kit::named(name);
    let lacks = |kit: &Kit| (0..header.loci.len()).filter(|&locus| !kit.has(&header.loci[locus])).collect::<Vec<_>>();
    let lacking = found.as_ref().map_or_else(|_| Vec::new(), |kit| lacks(kit));
    Named {
        found,
        rows: Occurrences::from_line(line),
        lacking: lacking.into_iter().map(|locus| (locus, None)).collect(),
    }
}

fn is_typed(row: &SampleRecord, locus: usize) -> bool {
    row.profile.at(locus).is_some() || row.many.iter().any(|many| many.0 == locus)
}

fn rows_of(count: u64) -> String {
    format!("{count} row{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use crate::intake::tests::{panel, pseudonymizer, request};
    use crate::intake::{Intake, Kit, KitUse, Layout, Request, read_bytes};

    fn read(text: &str, kits: KitUse) -> Intake {
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        read_bytes("f.csv", text.as_bytes(), &Request { kits, ..request(Layout::Children, &panel, &pseudonymizer) })
    }

    fn notes(intake: &Intake) -> Vec<(u64, usize, &'static str)> {
        let kits = intake.notes.iter().filter(|note| note.code.word().contains("kit"));
        kits.map(|note| {
            (note.line, note.column.as_ref().and_then(|column| column.number).unwrap_or(0), note.code.word())
        })
        .collect()
    }

    #[test]
    fn loci_that_a_kit_does_not_have_are_noted_once() {
        let head = "sample_id,sex,kit,vWA,Penta D\n";
        let rows =
            "S1,m,GlobalFiler,14,\nS2,m,GlobalFiler,14,9\nS3,m,globalfiler,14,9\nS4,m,,14,9\nS5,m,AGCU EX22,14,9\n";
        let intake = read(&format!("{head}{rows}"), KitUse::default());
        assert_eq!(intake.problems, []);
        assert_eq!(notes(&intake), [(3, 5, "kit-locus"), (4, 5, "kit-locus")]);
        let stated = KitUse { stated: Kit::named("GlobalFiler").ok(), unverified: false };
        let intake = read(&format!("{head}{rows}"), stated);
        let note = intake.notes.iter().find(|note| note.line == 3).unwrap();
        assert!(note.what.starts_with("2 rows of the kit GlobalFiler"), "{note}");
        assert_eq!(intake.rows[3].kit.as_deref(), Some("GlobalFiler"));
        assert_eq!(intake.rows[4].kit.as_deref(), Some("AGCU EX22"));
    }

    #[test]
    fn unknown_and_unverified_kits_are_named_and_cells_are_not() {
        let text = "sample_id,sex,kit,vWA,Penta D\nS1,m,ZHANGSAN,14,9\nS2,m,Sinofiller,14,9\nS3,m,Sinofiler,14,9\n";
        let intake = read(text, KitUse::default());
        assert_eq!(notes(&intake), [(2, 3, "unknown-kit"), (3, 3, "unknown-kit"), (4, 3, "unverified-kit")]);
        let all: String = intake.notes.iter().map(ToString::to_string).collect();
        assert!(!all.contains("ZHANGSAN") && !all.contains("Sinofiller") && all.contains("did you mean Sinofiler?"));
        let intake = read(text, KitUse { stated: None, unverified: true });
        assert_eq!(notes(&intake)[2], (4, 5, "kit-locus"));
    }

    #[test]
    fn an_ambiguous_locus_needs_its_kit() {
        let text = "sample_id,sex,kit,vWA,D5S2500\nS1,m,,14,9\nS2,m,AGCU EX22,14,9\nS3,m,AGCU 21+1 (non-CODIS),,9\nS4,m,,14,\n";
        let intake = read(text, KitUse::default());
        let places: Vec<_> = intake.problems.iter().map(|p| (p.line, p.code.word())).collect();
        assert_eq!(places, [(2, "ambiguous-locus"), (3, "ambiguous-locus")]);
        assert_eq!(intake.rows.len(), 2);
        let stated = KitUse { stated: Kit::named("AGCU 21+1 (non-CODIS)").ok(), unverified: false };
        assert_eq!(read(&text.replace("S2,m,AGCU EX22", "S2,m,"), stated).problems, []);
    }
}
