//! Whatever is in a file, a reader answers with data or with findings.

use proptest::prelude::*;
use reunite::index::{Binding, Builder, Index};
use reunite::intake::{CaseList, CasePedigrees, Format, Intake, Layout, Request, SingleAllele, read_bytes, read_cases};
use reunite::model::{Child, DropOut, Profile, Pseudonym};
use reunite::population::FrequencyTable;
use reunite::pseudonym::{Pseudonymizer, SecretKey};

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

/// Reads a file of genotypes in every way, with and without a list.
fn import(bytes: &[u8], list: &[u8]) -> Vec<Intake> {
    let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
    let mut read = Vec::new();
    for layout in [Layout::Families, Layout::Children] {
        let request = Request {
            single_allele: SingleAllele::Untyped,
            ..Request::new(layout, FrequencyTable::chinese_han_23().panel(), &pseudonymizer)
        };
        let list = CaseList::read("l.csv", list, &request).ok();
        for cases in [None, list.as_ref()] {
            for format in [None, Some(Format::Csv), Some(Format::GeneMapper)] {
                read.push(read_bytes("f.csv", bytes, &Request { format, cases, ..request }));
            }
        }
    }
    read
}

fn sound(read: &[Intake], bytes: &[u8]) -> bool {
    let lines = bytes.len() as u64 + 1;
    let findings = |intake: &Intake| {
        let all = || intake.problems.iter().chain(&intake.notes);
        all().all(|finding| finding.line <= lines && !finding.to_string().is_empty())
    };
    read.iter().all(|intake| findings(intake) && intake.rows.len() <= 2 * bytes.len())
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
    fn any_bytes_as_a_file_and_a_list(
        start in prop::sample::select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"PK\x03\x04", b"sample_id,vWA\n"]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let bytes = [start, &bytes].concat();
        prop_assert!(sound(&import(&bytes, &bytes), &bytes));
    }

    #[test]
    fn tall_tables(text in nearly_csv("Sample Name,Marker,Allele 1,Allele 2,Allele 3", "vwaFGOLMEXY0-9<?, \"")) {
        prop_assert!(sound(&import(text.as_bytes(), b"sample_id,sex\nv,m\n"), text.as_bytes()));
    }

    #[test]
    fn two_columns(text in nearly_csv("sample_id,sex,vWA_1,vWA_2,FGA", "fmOL0-9./;<?, \"")) {
        prop_assert!(sound(&import(text.as_bytes(), b"sample_id,sex\nm,m\n"), text.as_bytes()));
    }

    #[test]
    fn case_lists(text in nearly_csv("sample_id,family_id,relation,sex", "afhermot0-2, \"")) {
        let tall = b"Sample Name,Marker,Allele 1\na,vWA,14\n0,vWA,14\n";
        prop_assert!(sound(&import(tall, text.as_bytes()), tall));
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
