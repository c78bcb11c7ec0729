//! Tests that the same people give the same rows in every notation.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::text::encoding::tests::{gb18030_bytes, utf_16_bytes};
use super::*;
use crate::model::{Allele, Genotype};

const LOCI: [&str; 4] = ["vWA", "FGA", "D3S1358", "TH01"];

#[derive(Clone, Debug)]
struct Person {
    sex: Sex,
    genotypes: [Option<Genotype>; LOCI.len()],
}

fn person() -> impl Strategy<Value = Person> {
    let allele = || (10u16..=999).prop_map(|tenths| Allele::from_tenths(tenths).unwrap());
    let genotype = || prop::option::of((allele(), allele()).prop_map(|(a, b)| Genotype::new(a, b)));
    let sex = prop_oneof![Just(Sex::Male), Just(Sex::Female), Just(Sex::Unknown)];
    // Everyone is typed.
    let first = (allele(), allele()).prop_map(|(a, b)| Some(Genotype::new(a, b)));
    (sex, first, genotype(), genotype(), genotype())
        .prop_map(|(sex, a, b, c, d)| Person { sex, genotypes: [a, b, c, d] })
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    prop::collection::vec(person(), 1..8)
}

fn cell(genotype: Option<Genotype>, between: &str) -> String {
    genotype.map_or(String::new(), |one| format!("{}{between}{}", one.low(), one.high()))
}

/// Writes one column per locus; an agency makes the text Chinese.
fn tidy(people: &[Person], delimiter: &str, between: &str) -> String {
    let mut text = ["sample_id", "sex", "agency", &LOCI.join(delimiter)].join(delimiter);
    text.push('\n');
    for (i, person) in people.iter().enumerate() {
        let cells = person.genotypes.map(|genotype| cell(genotype, between)).join(delimiter);
        writeln!(text, "{}", [&format!("样{i}"), person.sex.word(), "济南市公安局", &cells].join(delimiter)).unwrap();
    }
    text
}

/// Writes two columns per locus. The second allele of a homozygote may be left out.
fn two_columns(people: &[Person], short: bool) -> String {
    let columns = LOCI.map(|locus| format!("{locus}_1,{locus}_2")).join(",");
    let mut text = format!("sample_id,sex,agency,{columns}\n");
    for (i, person) in people.iter().enumerate() {
        write!(text, "样{i},{},济南市公安局", person.sex).unwrap();
        for genotype in person.genotypes {
            match genotype {
                None => text.push_str(",,"),
                Some(one) if short && one.is_homozygous() => write!(text, ",{},", one.low()).unwrap(),
                Some(one) => write!(text, ",{},{}", one.high(), one.low()).unwrap(),
            }
        }
        text.push('\n');
    }
    text
}

/// Writes a row per sample and locus, in the order given by `order`.
fn tall(people: &[Person], order: &[Index]) -> String {
    let mut rows = Vec::new();
    for (i, person) in people.iter().enumerate() {
        for (locus, genotype) in LOCI.iter().zip(person.genotypes) {
            rows.push(format!("样{i}\t{locus}\t{}", genotype.map_or("\t".to_owned(), |one| cell(Some(one), "\t"))));
        }
    }
    for (at, other) in order.iter().enumerate().take(rows.len()) {
        let other = other.index(rows.len());
        rows.swap(at, other);
    }
    format!("Sample Name\tMarker\tAllele 1\tAllele 2\n{}\n", rows.join("\n"))
}

/// Sample, sex, region, genotypes.
type Found = (crate::model::Pseudonym, Sex, Option<String>, Vec<Option<Genotype>>);

/// Returns the rows by sample, with genotypes by locus. Lines are left out, because they differ between formats.
fn by_sample(intake: &Intake) -> Vec<Found> {
    assert_eq!(intake.problems, []);
    let at =
        |row: &Row, locus: &str| row.profile.at(intake.loci.iter().position(|known| known.name() == locus).unwrap());
    let genotypes = |row: &Row| LOCI.iter().map(|locus| at(row, locus)).collect();
    let agency = |row: &Row| row.agency.as_deref().map(str::to_owned);
    let mut rows: Vec<_> = intake.rows.iter().map(|row| (row.sample, row.sex, agency(row), genotypes(row))).collect();
    rows.sort_by_key(|row| row.0);
    rows
}

proptest! {
    #[test]
    fn encodings_and_delimiters_do_not_count(people in people()) {
        let expected = read(Layout::Children, tidy(&people, ",", "/"));
        prop_assert_eq!(&expected.problems, &[]);
        prop_assert_eq!(expected.rows.len(), people.len());
        let text = tidy(&people, ",", "/");
        for bytes in [
            utf_16_bytes(&text, true, true),
            utf_16_bytes(&text, false, true),
            utf_16_bytes(&text, true, false),
            gb18030_bytes(&text),
            text.replace('\n', "\r\n").into_bytes(),
            tidy(&people, ";", "/").into_bytes(),
            tidy(&people, ";", "-").into_bytes(),
            tidy(&people, "\t", " ; ").into_bytes(),
            gb18030_bytes(&tidy(&people, "\t", "/")),
        ] {
            let intake = read(Layout::Children, bytes);
            prop_assert_eq!(&intake.problems, &[]);
            prop_assert_eq!(&intake.rows, &expected.rows);
        }
    }

    #[test]
    fn columns_do_not_count(people in people(), short in any::<bool>()) {
        let expected = read(Layout::Children, tidy(&people, ",", "/"));
        let intake = read(Layout::Children, two_columns(&people, short));
        prop_assert_eq!(&intake.problems, &[]);
        prop_assert_eq!(&intake.rows, &expected.rows);
    }

    #[test]
    fn tall_tables_with_a_case_list_are_tidy_files(people in people(), order in prop::collection::vec(any::<Index>(), 0..32)) {
        let expected = read(Layout::Children, tidy(&people, ",", "/"));
        let mut list = String::from("sex,sample_id,agency\n");
        for (i, person) in people.iter().enumerate().rev() {
            writeln!(list, "{},样{i},济南市公安局", person.sex).unwrap();
        }
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        let request = request(Layout::Children, &panel, &pseudonymizer);
        let cases = CaseList::read("c.csv", &gb18030_bytes(&list), &request).map_err(|problems| {
            TestCaseError::fail(format!("{problems:?}"))
        })?;
        let intake = read_bytes("f.txt", tall(&people, &order).as_bytes(), &Request { cases: Some(&cases), ..request });
        prop_assert_eq!(by_sample(&intake), by_sample(&expected));
    }
}
