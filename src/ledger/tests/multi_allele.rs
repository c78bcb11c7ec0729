//! Tests loci with more than two alleles: import, export, conflicts, and deletion with their sample.

use super::*;
use crate::model::{Allele, ManyAlleles};

fn many(cells: &[&str]) -> ManyAlleles {
    ManyAlleles::new(cells.iter().map(|cell| cell.parse::<Allele>().unwrap()).collect()).unwrap()
}

/// Returns a child whose FGA has more than two alleles.
fn with(line: u64, sample: u8, alleles: &[&str]) -> SampleRecord {
    SampleRecord { many: vec![(1, many(alleles))], ..child(line, sample, ["14/15", ""]) }
}

fn stored(ledger: &Ledger, sample: u8) -> Vec<(usize, ManyAlleles)> {
    ledger.many_alleles(&Panel::new(loci(&["FGA", "TPOX"])).unwrap(), p(sample)).unwrap()
}

fn rows(ledger: &Ledger) -> i64 {
    ledger.connection.query_row("SELECT count(*) FROM many_alleles", [], |row| row.get(0)).unwrap()
}

#[test]
fn they_are_kept_and_the_same_again_changes_nothing() {
    let (_dir, _path, mut ledger) = ledger();
    let file = vec![with(2, 1, &["22", "23", "24"]), child(3, 2, ["14", "22"])];
    assert_eq!(import(&mut ledger, file.clone()).added, 2);
    assert_eq!(stored(&ledger, 1), [(0, many(&["22", "23", "24"]))]);
    assert_eq!(stored(&ledger, 2), []);
    let generation = ledger.generation().unwrap();
    let again = import(&mut ledger, file);
    assert_eq!((again.added, again.unchanged), (0, 2));
    assert_eq!(ledger.generation().unwrap(), generation);
    // The profile has the locus as untyped.
    let panel = Panel::new(loci(&["FGA", "vWA"])).unwrap();
    let child = ledger.child(&panel, p(1)).unwrap().unwrap();
    assert!(child.profile == profile(&["", "14/15"]));
    assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn others_are_a_conflict_and_may_be_replaced() {
    let (_dir, _path, mut ledger) = ledger();
    // Each batch has a file of its own, because a file that was imported before would be skipped.
    let mut number = 7;
    let mut batch = |rows| {
        number += 1;
        Batch { file_digest: [number; 32], ..batch(rows) }
    };
    import(&mut ledger, vec![with(2, 1, &["22", "23", "24"])]);
    for other in [with(2, 1, &["22", "23", "25"]), child(2, 1, ["14/15", ""]), child(2, 1, ["14/15", "22/23"])] {
        let file = batch(vec![other]);
        assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, false, TEST)), [(2, ConflictKind::Profile)]);
        assert_eq!(ledger.import(&file, OnConflict::Keep, false, TEST).unwrap().kept, 1);
        assert_eq!(stored(&ledger, 1).len(), 1);
        assert_eq!(ledger.import(&file, OnConflict::Replace, true, TEST).unwrap().replaced, 1);
        assert_eq!(stored(&ledger, 1), [(0, many(&["22", "23", "24"]))], "a dry run");
    }
    let file = batch(vec![with(2, 1, &["22", "23", "25"])]);
    assert_eq!(ledger.import(&file, OnConflict::Replace, false, TEST).unwrap().replaced, 1);
    assert_eq!(stored(&ledger, 1), [(0, many(&["22", "23", "25"]))]);
    let file = batch(vec![child(2, 1, ["14/15", "22"])]);
    assert_eq!(ledger.import(&file, OnConflict::Replace, false, TEST).unwrap().replaced, 1);
    assert_eq!((stored(&ledger, 1), rows(&ledger)), (vec![], 0));
    // The reverse case: a ledger without these loci imports one.
    let file = batch(vec![with(2, 1, &["22", "23", "25"])]);
    assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, false, TEST)), [(2, ConflictKind::Profile)]);
}

#[test]
fn two_rows_of_one_sample_must_agree() {
    let (_dir, _path, mut ledger) = ledger();
    let file = batch(vec![with(2, 1, &["22", "23", "24"]), child(3, 1, ["14/15", ""])]);
    assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, false, TEST)), [(3, ConflictKind::Itself)]);
    assert_eq!(import(&mut ledger, vec![with(2, 1, &["22", "23", "24"]), with(3, 1, &["22", "23", "24"])]).added, 1);
    assert_eq!(rows(&ledger), 1);
}

#[test]
fn they_go_with_their_sample_and_damage_is_seen() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![with(2, 1, &["22", "23", "24"]), with(3, 2, &["22", "23", "24"])]);
    ledger.expunge(&Scope { samples: [p(1)].into(), ..Scope::default() }, &[], TEST).unwrap();
    assert_eq!(rows(&ledger), 1);
    for damage in [
        "UPDATE many_alleles SET alleles = x'dc00e600'",
        "UPDATE many_alleles SET alleles = x'dc00e600f000', locus_id = 1",
    ] {
        ledger.connection.execute_batch(damage).unwrap();
        let found = ledger.verify().unwrap();
        assert!(found.len() == 1 && found[0].contains(&p(2).to_string()), "{damage}: {found:?}");
    }
}

#[test]
fn a_position_beyond_the_loci_or_a_genotype_beside_is_refused() {
    let (_dir, _path, mut ledger) = ledger();
    let beyond = SampleRecord { many: vec![(2, many(&["22", "23", "24"]))], ..child(2, 1, ["14/15", ""]) };
    let beside = SampleRecord { many: vec![(0, many(&["22", "23", "24"]))], ..child(2, 1, ["14/15", ""]) };
    for record in [beyond, beside] {
        let result = ledger.import(&batch(vec![record]), OnConflict::Refuse, false, TEST);
        assert!(matches!(result, Err(LedgerError::Mixed(_))), "{result:?}");
    }
    assert_eq!(ledger.counts().unwrap().children, 0);
}
