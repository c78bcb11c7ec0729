//! Whatever is in a file, a reader answers with data or with findings.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use reunite::index::{Binding, Builder, Index};
use reunite::intake::{CasePedigrees, read_cases};
use reunite::model::{Child, DropOut, Profile, Pseudonym};
use reunite::population::FrequencyTable;

/// Text that looks enough like CSV to get past the first checks.
fn nearly_csv(header: &'static str, alphabet: &'static str) -> impl Strategy<Value = String> {
    let cell = prop::string::string_regex(&format!("[{alphabet}]{{0,5}}")).unwrap();
    let row = prop::collection::vec(cell, 0..9);
    let line_end = prop::sample::select(vec!["\n", "\r\n", "\r", ""]);
    (any::<bool>(), prop::collection::vec(row, 0..12), line_end).prop_map(move |(with_header, rows, line_end)| {
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        let header = if with_header { header } else { "" };
        format!("{header}{line_end}{}", rows.join(line_end))
    })
}

fn index() -> Vec<u8> {
    let table = FrequencyTable::chinese_han_23();
    let loci = table.panel().loci().iter().zip(table.loci()).take(3);
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    for number in 0..40 {
        let genotypes = vec!["15/16".parse().ok(), "14/99".parse().ok().filter(|_| number > 30), None];
        builder.push(Child {
            pseudonym: Pseudonym::from_bytes([number; 16]),
            profile: Profile::new(genotypes),
            drop_out: DropOut::new(0.1).filter(|_| number > 35),
        });
    }
    builder.finish(&Binding { alleles: [0; 32], stamp: [0; 16], generation: 1 }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn frequency_tables(text in nearly_csv("locus,allele,frequency,individuals", "A-C0-9.,\"#\\- ")) {
        if let Err(errors) = FrequencyTable::read("f.csv", &text) {
            prop_assert!(!errors.errors.is_empty() && errors.to_string().contains("f.csv"));
        }
    }

    #[test]
    fn any_text_as_a_frequency_table(text in any::<String>()) {
        let _ = FrequencyTable::read("f.csv", &text);
    }

    #[test]
    fn cases(text in nearly_csv("case,person,relation,sex,locus,allele1,allele2", "a-z0-9.,\"\\- ")) {
        let panel = FrequencyTable::chinese_han_23().panel();
        if let Err(problems) = read_cases("c.csv", text.as_bytes(), panel, None) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn pedigrees(text in nearly_csv("case,person,father,mother,sex,missing", "a-cyes,")) {
        if let Err(problems) = CasePedigrees::read("p.csv", text.as_bytes()) {
            prop_assert!(!problems.is_empty());
        }
    }

    /// Any links among few persons: read, or refused with a line.
    #[test]
    fn any_links(links in prop::collection::vec(("[a-e]{0,1}", "[a-e]{0,1}"), 1..=5), missing in 0..5_usize) {
        let row = |(i, (father, mother)): (usize, &(String, String))| {
            let person = ["a", "b", "c", "d", "e"][i];
            format!("k,{person},{father},{mother},,{}\n", if i == missing { "yes" } else { "" })
        };
        let rows: String = links.iter().enumerate().map(row).collect();
        if let Err(problems) = CasePedigrees::read("p.csv", format!("case,person,father,mother,sex,missing\n{rows}").as_bytes()) {
            prop_assert!(problems.iter().all(|problem| problem.line > 1 && problem.code != "pedigree"));
        }
    }

    #[test]
    fn any_bytes_as_cases(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_cases("c.csv", &bytes, FrequencyTable::chinese_han_23().panel(), None);
    }

    #[test]
    fn any_bytes_as_an_index(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Index::from_bytes(&bytes).is_err());
    }

    #[test]
    fn an_index_with_bytes_written_over(at in any::<prop::sample::Index>(), patch in prop::collection::vec(any::<u8>(), 1..40)) {
        let sound = index();
        let mut bytes = sound.clone();
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + patch.len());
        bytes[at..end].copy_from_slice(&patch[..end - at]);
        // Only the padding between sections may differ without notice, and it is not read.
        if let Ok(index) = Index::from_bytes(&bytes) {
            let original = Index::from_bytes(&sound).unwrap();
            prop_assert_eq!(index.codes(), original.codes());
            prop_assert_eq!(index.planes(), original.planes());
            prop_assert_eq!(index.unlisted(), original.unlisted());
            prop_assert_eq!(index.drop_outs(), original.drop_outs());
            prop_assert_eq!(index.binding(), original.binding());
        }
    }
}
