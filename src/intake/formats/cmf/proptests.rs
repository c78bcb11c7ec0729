//! Tests that people written as CMF are read as the same people written as tidy CSV, and that the reader accepts any
//! bytes without a panic.

use proptest::prelude::*;

use super::tests::locus;
use crate::intake::tests::read;
use crate::intake::{Intake, Layout, Row};

const LOCI: [&str; 4] = ["D3S1358", "vWA", "FGA", "Penta D"];

/// A person: number, `true` for the mother, case, and genotypes.
type Person = (u32, bool, u8, Vec<Option<(u16, u16)>>);

fn people() -> impl Strategy<Value = Vec<Person>> {
    let genotypes = prop::collection::vec(prop::option::of((10u16..500, 10u16..500)), LOCI.len())
        .prop_filter("typed", |genotypes| genotypes.iter().any(Option::is_some));
    prop::collection::vec((any::<u32>(), any::<bool>(), 0u8..20, genotypes), 1..12).prop_map(|mut people| {
        people.sort_by_key(|person| person.0);
        people.dedup_by_key(|person| person.0);
        people
    })
}

fn allele(tenths: u16) -> String {
    let (whole, rest) = (tenths / 10, tenths % 10);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest}") }
}

fn csv(layout: Layout, people: &[Person]) -> String {
    let mut text = match layout {
        Layout::Families => "family_id,sample_id,relation,sex,agency,kit".to_owned(),
        Layout::Children => "sample_id,sex,agency,kit".to_owned(),
    };
    text += &LOCI.map(|name| format!(",{name}")).concat();
    for (id, mother, case, genotypes) in people {
        text += &match layout {
            Layout::Families => format!("\nC{case},S{id},{},,LAB,K", if *mother { "mother" } else { "father" }),
            Layout::Children => format!("\nS{id},,LAB,K"),
        };
        for genotype in genotypes {
            text += &genotype.map_or(",".to_owned(), |(a, b)| format!(",{}/{}", allele(a.min(b)), allele(a.max(b))));
        }
    }
    text
}

/// Writes the loci in rotated order, beginning at `turn`.
fn cmf(layout: Layout, people: &[Person], turn: usize) -> String {
    let mut text = "<CODISImportFile><HEADERVERSION>3.3</HEADERVERSION><MESSAGETYPE>Import</MESSAGETYPE>\
        <DESTINATIONORI>D</DESTINATIONORI><SOURCELAB>LAB</SOURCELAB><SUBMITBYUSERID>u</SUBMITBYUSERID>\
        <SUBMITDATETIME>t</SUBMITDATETIME><KIT>K</KIT>"
        .to_owned();
    for (i, (id, mother, case, genotypes)) in people.iter().enumerate() {
        let category = match (layout, mother) {
            (Layout::Children, _) => "Unidentified Person",
            (Layout::Families, true) => "Biological Mother",
            (Layout::Families, false) => "Biological Father",
        };
        text += &format!(
            "\n<SPECIMEN CASEID=\"C{case}\"><SPECIMENID>S{id}</SPECIMENID><SPECIMENCATEGORY>{category}</SPECIMENCATEGORY>"
        );
        for at in 0..LOCI.len() {
            let at = (at + turn + i) % LOCI.len();
            if let Some((a, b)) = genotypes[at] {
                let alleles = [allele(a), allele(b)];
                // A homozygote is usually written once.
                text += &locus(LOCI[at], &[&*alleles[0], &*alleles[1]][..if a == b { 1 } else { 2 }]);
            }
        }
        text += "</SPECIMEN>";
    }
    text + "</CODISImportFile>"
}

/// Returns the rows without their lines; genotypes are in the order of locus names.
fn plain(intake: Intake) -> Vec<(Row, Vec<String>)> {
    let mut order: Vec<usize> = (0..intake.loci.len()).collect();
    order.sort_by_key(|&at| intake.loci[at].name());
    let row = |row: Row| {
        let typed = |&at: &usize| Some(format!("{} {}", intake.loci[at].name(), row.profile.at(at)?));
        let genotypes = order.iter().filter_map(typed).collect();
        (Row { line: 0, profile: Default::default(), ..row }, genotypes)
    };
    intake.rows.into_iter().map(row).collect()
}

fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![Just(Layout::Families), Just(Layout::Children)]
}

proptest! {
    #[test]
    fn cmf_says_what_csv_says(layout in layout(), people in people(), turn in 0..LOCI.len()) {
        let (from_csv, from_cmf) = (read(layout, csv(layout, &people)), read(layout, cmf(layout, &people, turn)));
        let codes = |intake: &Intake| intake.problems.iter().map(|problem| (problem.line, problem.code.word())).collect::<Vec<_>>();
        // Two fathers in one case are a problem in both formats. Each person has its own lines, after the first.
        prop_assert_eq!(codes(&from_csv), codes(&from_cmf));
        prop_assert_eq!(plain(from_csv), plain(from_cmf));
    }

    #[test]
    fn a_spoilt_file_is_read_to_its_end(
        layout in layout(),
        people in people(),
        wide in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<u8>()), 0..6),
    ) {
        let text = cmf(layout, &people, 0);
        let mut bytes = match wide {
            true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            false => text.into_bytes(),
        };
        let is_spoilt = cut.is_some();
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        for (at, change, byte) in changes.iter().filter(|_| !bytes.is_empty()).copied().collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(bytes.len() - usize::from(bytes.len() > 1)),
            }
        }
        let intake = read(layout, &bytes);
        prop_assert!(intake.rows.len() <= people.len() + 1);
        prop_assert!(!(is_spoilt && changes.is_empty() && intake.problems.is_empty()), "a cut is found");
        for problem in intake.problems.iter().chain(&intake.notes) {
            prop_assert!(problem.line <= 20 && !problem.to_string().is_empty());
        }
    }
}
