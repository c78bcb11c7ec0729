//! Checks that every likelihood ratio agrees with established kinship software, row by row.
//!
//! `fixtures/reference` holds a selection of cases. If `REUNITE_REFERENCE` names a folder with the whole set
//! (`genotypes.csv` and `expected.csv`), the test compares that set instead.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use reunite::kinship::{Calculator, Evidence};
use reunite::model::{Allele, Genotype, Locus, Relation};
use reunite::population::{Convention, FrequencyTable, Model, Mutation, MutationRates};

/// Genotypes of the relatives and of the child, by locus.
#[derive(Default)]
struct Case {
    relatives: BTreeMap<String, (Relation, HashMap<Locus, Genotype>)>,
    child: HashMap<Locus, Genotype>,
}

fn rows(path: &Path) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    (reader.headers().unwrap().clone(), reader.records().map(Result::unwrap).collect())
}

fn cases(path: &Path) -> HashMap<String, Case> {
    let mut cases: HashMap<String, Case> = HashMap::new();
    for row in rows(path).1 {
        let case = cases.entry(row[0].to_owned()).or_default();
        let locus: Locus = row[4].parse().unwrap();
        let genotype = Genotype::new(row[5].parse::<Allele>().unwrap(), row[6].parse::<Allele>().unwrap());
        if &row[2] == "child" {
            case.child.insert(locus, genotype);
        } else {
            let entry = || (row[2].parse().unwrap(), HashMap::new());
            case.relatives.entry(row[1].to_owned()).or_insert_with(entry).1.insert(locus, genotype);
        }
    }
    cases
}

fn model(name: &str, convention: &str, theta: f64) -> Model {
    let rates = |male, female| MutationRates { male, female };
    let stepwise = |rates| Mutation::Stepwise { rates, range: 0.1, microvariant_rate: 1e-6 };
    let mutation = match name {
        "none" => Mutation::None,
        "equal" => Mutation::Equal(rates(0.002, 0.002)),
        "proportional" => Mutation::Proportional(rates(0.002, 0.002)),
        "stepwise" => stepwise(rates(0.002, 0.002)),
        "stepwise_mf" => stepwise(rates(0.003, 0.001)),
        other => panic!("model {other}"),
    };
    let convention: Convention = convention.parse().unwrap();
    Model { mutation, convention, theta, ..Model::default() }
}

#[test]
fn every_row_agrees_to_1e_9() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference");
    let whole = std::env::var_os("REUNITE_REFERENCE").map(PathBuf::from);
    let folder = whole.as_ref().unwrap_or(&shipped);
    let cases = cases(&folder.join("genotypes.csv"));
    let (header, expected) = rows(&folder.join("expected.csv"));
    let column = |name: &str| header.iter().position(|column| column == name);
    let [case, kind, theta, convention, locus, value] =
        ["case", "mutation_model", "theta", "convention", "locus", "log10_lr"].map(|name| column(name).unwrap());
    let mut calculators: HashMap<(String, String, String), Calculator> = HashMap::new();
    let (mut compared, mut left_out, mut largest) = (0_usize, 0_usize, 0.0_f64);
    let mut by_model: BTreeMap<(String, String, String), (usize, f64)> = BTreeMap::new();
    for row in &expected {
        let table = FrequencyTable::chinese_han_23();
        let key = (row[kind].to_owned(), row[convention].to_owned(), row[theta].to_owned());
        let build =
            || Calculator::new(table, model(&row[kind], &row[convention], row[theta].parse().unwrap())).unwrap();
        let calculator = calculators.entry(key.clone()).or_insert_with(build);
        let name: Locus = row[locus].parse().unwrap();
        let this = &cases[&row[case]];
        let relatives = this.relatives.values().map(|(relation, typed)| (*relation, typed.get(&name).copied()));
        let evidence = Evidence::new(relatives, calculator.model().convention);
        let position = table.panel().position(&name).unwrap();
        let ours = calculator.log10_lr(position, &evidence, this.child.get(&name).copied()).unwrap();
        if !evidence.is_informative() {
            // By our convention the ratio is exactly 1; the reference's `full` differs slightly there.
            assert_eq!(ours, 0.0);
            left_out += 1;
            continue;
        }
        let theirs: f64 = row[value].replace("-Inf", "-inf").parse().unwrap();
        let difference = if ours == theirs { 0.0 } else { (ours - theirs).abs() };
        assert!(difference < 1e-9, "{} {key:?} {name}: {ours} but {theirs}", &row[case]);
        compared += 1;
        largest = largest.max(difference);
        let entry = by_model.entry(key).or_default();
        *entry = (entry.0 + 1, entry.1.max(difference));
    }
    println!("{compared} rows compared, {left_out} without a typed relative, largest difference {largest:.2e}");
    for ((model, convention, theta), (rows, largest)) in by_model {
        println!("{model:>13} {convention:>7} theta {theta:>4} {rows:>6} rows, largest difference {largest:.2e}");
    }
    assert!(compared > 13_000, "the reference set is there");
}
