//! Every reader answers any file with data or with findings, and never panics.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reunite::facts::Subject;
use reunite::index::{Binding, Builder, Index, IndexError};
use reunite::intake::{
    CaseList, CasePedigrees, Format, Intake, Layout, ListRequest, Request, SingleAllele, SpreadsheetNumbers,
    TableRequest, read_bytes, read_cases, read_certificates, read_claims, read_facts, read_frequency_table, read_terms,
};
use reunite::model::{Child, DropOut, Profile, Pseudonym};
use reunite::population::FrequencyTable;
use reunite::pseudonym::{CertificateHasher, ConsentHasher, Pseudonymizer, SecretKey};

use crate::corpus::readers::{sealed_index, walk_index};

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

/// Loci with their alleles, as the metadata hold them.
type Loci = Vec<(String, Vec<u16>)>;

/// The number of children and the six sections of an index, each of any bytes.
#[derive(Clone, Debug)]
struct Sections {
    children: u8,
    sections: [Vec<u8>; 6],
}

impl Sections {
    /// Returns the bytes of the file, with correct digests.
    fn file(&self) -> Vec<u8> {
        const HEADER: usize = 80 + 6 * 48 + 32;
        let mut bytes = index()[..80].to_vec();
        bytes[72..80].copy_from_slice(&u64::from(self.children).to_le_bytes());
        let mut offset = HEADER.next_multiple_of(64);
        for section in &self.sections {
            bytes.extend(offset.to_le_bytes().into_iter().chain(section.len().to_le_bytes()).chain([0; 32]));
            offset = (offset + section.len()).next_multiple_of(64);
        }
        bytes.resize(HEADER, 0);
        for section in &self.sections {
            bytes.resize(bytes.len().next_multiple_of(64), 0);
            bytes.extend(section);
        }
        sealed_index(&bytes)
    }
}

/// Any bytes: nine times in ten of the given length, otherwise of a random length.
fn section(length: usize, byte: impl Strategy<Value = u8> + Clone + 'static) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => prop::collection::vec(byte.clone(), length),
        1 => prop::collection::vec(byte, 0..300),
    ]
}

/// Some records of `size` bytes each. Most values are small, since small values are more often valid.
fn records(size: usize) -> impl Strategy<Value = Vec<u8>> {
    let small = prop_oneof![6 => Just(0_u8), 1 => 0..4_u8, 1 => any::<u8>()];
    prop_oneof![
        4 => Just(Vec::new()),
        4 => (0..3_usize).prop_flat_map(move |records| prop::collection::vec(small.clone(), records * size)),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

fn sections() -> impl Strategy<Value = Sections> {
    let sound = vec![("vWA".to_owned(), vec![140, 150, 160]), ("FGA".to_owned(), vec![220])];
    let any_loci = prop::collection::vec(("[A-Za-z0-9]{0,6}", prop::collection::vec(any::<u16>(), 0..4)), 0..4);
    let loci = prop_oneof![6 => Just(sound), 1 => any_loci];
    (0..5_u8, loci).prop_flat_map(|(children, loci): (u8, Loci)| {
        let (count, rows) = (usize::from(children), 1 + loci.iter().map(|locus| 1 + locus.1.len()).sum::<usize>());
        let metadata = bincode::serde::encode_to_vec((&loci,), bincode::config::standard()).unwrap();
        // Most codes are codes of genotypes.
        let code = prop_oneof![30 => 0..2_u8, 1 => any::<u8>()];
        let codes = prop::collection::vec((code, prop_oneof![60 => Just(0_u8), 1 => any::<u8>()]), count * loci.len());
        let codes = codes.prop_map(|codes| codes.into_iter().flat_map(|(low, high)| [low, high]).collect::<Vec<_>>());
        (
            prop_oneof![9 => Just(metadata), 1 => prop::collection::vec(any::<u8>(), 0..60)],
            section(16 * count, any::<u8>()),
            section(count.div_ceil(512) * rows * 64, any::<u8>()),
            prop_oneof![9 => codes, 1 => prop::collection::vec(any::<u8>(), 0..60)],
            records(10),
            records(12),
        )
            .prop_map(move |(a, b, c, d, e, f)| Sections { children, sections: [a, b, c, d, e, f] })
    })
}

/// Random sections behind a valid header pass the checks of the header. Each later check refuses some of them, and some
/// are read.
#[test]
fn any_bytes_as_an_index() {
    let answers = RefCell::new(BTreeMap::<String, usize>::new());
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) });
    let read = runner.run(&sections(), |sections| {
        let bytes = sections.file();
        let answer = match Index::from_bytes(&bytes) {
            Ok(_) => "read".to_owned(),
            Err(IndexError::Damaged(what)) => what.to_owned(),
            Err(error) => error.to_string(),
        };
        prop_assert_eq!(walk_index(&bytes), answer == "read");
        *answers.borrow_mut().entry(answer).or_default() += 1;
        Ok(())
    });
    read.unwrap();
    let answers = answers.into_inner();
    let expected = [
        "a section has the wrong length",
        "drop-out probabilities of children",
        "genotype codes",
        "loci or alleles",
        "metadata",
        "read",
        "unlisted alleles",
    ];
    assert!(answers.keys().eq(&expected), "{answers:?}");
}

fn list_request<'a>(hasher: &'a CertificateHasher, names: &'a Pseudonymizer) -> ListRequest<'a> {
    ListRequest { hasher, names, spreadsheet_numbers: SpreadsheetNumbers::Refuse, sheet: None, encoding: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn birth_certificates(text in nearly_csv("certificate,birth_date,birth_place,sex,mother,sample_id", "Q370-9年/无 男\"")) {
        let key = SecretKey::from_bytes([1; 32]);
        let (hasher, names) = (CertificateHasher::new(&key), Pseudonymizer::new(&key));
        let request = list_request(&hasher, &names);
        let registry = read_certificates("f.csv", text.as_bytes(), &request);
        let claims = read_claims("f.csv", text.as_bytes(), &request, false);
        let findings = [registry.problems, registry.notes, claims.problems, claims.notes].concat();
        prop_assert!(findings.iter().all(|finding| finding.line <= text.len() as u64 + 1));
        prop_assert!(registry.rows.len() + claims.rows.len() <= 2 * text.len());
    }

    #[test]
    fn facts_about_children(text in nearly_csv(
        "sample_id,family_id,found_on,found_place,apparent_age,age_from,birth_to,marks,dialect,certificate",
        "0-9-年岁月~左脸疤痕;scar 吴语/无\"",
    )) {
        let key = SecretKey::from_bytes([1; 32]);
        let (hasher, names) = (CertificateHasher::new(&key), Pseudonymizer::new(&key));
        let request = ListRequest {
            hasher: &hasher,
            names: &names,
            spreadsheet_numbers: SpreadsheetNumbers::Take,
            sheet: None,
            encoding: None,
        };
        for subject in [Subject::Found, Subject::Missing] {
            let text = match subject {
                Subject::Found => text.replace("family_id", "sex"),
                Subject::Missing => text.replace("sample_id", "sex"),
            };
            let read = read_facts("f.csv", text.as_bytes(), &request, subject);
            let findings = [read.problems, read.notes].concat();
            prop_assert!(findings.iter().all(|finding| finding.line <= text.len() as u64 + 1));
            prop_assert!(read.rows.iter().all(|row| row.1.facts.subject() == subject));
        }
    }

    #[test]
    fn terms_of_keeping(
        text in nearly_csv("sample_id,legal_basis,purposes,consent_kind,consent_on,born_on,keep_until", "a-kmn~20-9年月约 寻亲\""),
        rows in prop::collection::vec(("[a-c]", "(consent|同意|x)", "(search|kin|寻亲|x| ){0,3}", "(own|撤回|)", "[0-9~年月-]{0,9}"), 0..6),
    ) {
        let key = SecretKey::from_bytes([1; 32]);
        let (consents, hasher) = (ConsentHasher::new(&key, &[2; 32]), CertificateHasher::new(&key));
        let names = Pseudonymizer::new(&key);
        let request = list_request(&hasher, &names);
        let header = "sample_id,legal_basis,purposes,consent_kind,consent_on,born_on,keep_until\n";
        let row = |row: &(String, String, String, String, String)| {
            format!("{},{},{},{},{4},{4},{4}\n", row.0, row.1, row.2, row.3, row.4)
        };
        let likely = header.to_owned() + &rows.iter().map(row).collect::<String>();
        for text in [text, likely] {
            let read = read_terms("f.csv", text.as_bytes(), &consents, &request);
            let findings = [read.problems, read.notes].concat();
            prop_assert!(findings.iter().all(|finding| finding.line <= text.len() as u64 + 1));
            prop_assert!(read.rows.len() <= text.len());
        }
    }

    #[test]
    fn frequency_tables(text in nearly_csv("locus,allele,frequency,individuals", "A-C0-9.,\"#\\- ")) {
        if let Err(problems) = read_frequency_table("f.csv", text.as_bytes(), &TableRequest::default()) {
            prop_assert!(!problems.is_empty() && problems[0].to_string().contains("f.csv"));
        }
    }

    #[test]
    fn any_text_as_a_frequency_table(text in any::<String>()) {
        let _ = read_frequency_table("f.csv", text.as_bytes(), &TableRequest::default());
        let _ = FrequencyTable::from_csv(&text);
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

    /// Any parents among a few persons are read, or refused with a line.
    #[test]
    fn any_links(links in prop::collection::vec(("[a-e]{0,1}", "[a-e]{0,1}"), 1..=5), missing in 0..5_usize) {
        let row = |(i, (father, mother)): (usize, &(String, String))| {
            let person = ["a", "b", "c", "d", "e"][i];
            format!("k,{person},{father},{mother},,{}\n", if i == missing { "yes" } else { "" })
        };
        let rows: String = links.iter().enumerate().map(row).collect();
        if let Err(problems) = CasePedigrees::read("p.csv", format!("case,person,father,mother,sex,missing\n{rows}").as_bytes()) {
            prop_assert!(problems.iter().all(|problem| problem.line > 1 && problem.code.word() != "pedigree"));
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
    fn any_bytes_are_refused_as_an_index(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Index::from_bytes(&bytes).is_err());
    }

    #[test]
    fn an_overwritten_index_is_refused_or_reads_the_same(at in any::<prop::sample::Index>(), patch in prop::collection::vec(any::<u8>(), 1..40)) {
        let sound = index();
        let mut bytes = sound.clone();
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + patch.len());
        bytes[at..end].copy_from_slice(&patch[..end - at]);
        // With digests of the changed bytes, the reader reaches what the digests cover.
        walk_index(&sealed_index(&bytes));
        // Only the padding between sections may differ without notice, and no reader uses it.
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
