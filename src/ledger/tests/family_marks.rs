//! Tests the checks of families, and the changes that invalidate them.

use super::*;
use Relation::{Father, FullSibling, Mother};

/// Returns the families that are unchecked under these settings.
fn waiting(ledger: &Ledger, under: &str) -> Vec<Pseudonym> {
    let panel = Panel::new(loci(&["FGA"])).unwrap();
    ledger.unchecked(&panel, under).unwrap().iter().map(|family| family.pseudonym).collect()
}

/// Families 20 and 21 share the father, sample 1; family 22 is by itself.
fn families() -> Vec<SampleRecord> {
    vec![
        relative(2, 20, 1, Father),
        relative(3, 20, 2, Mother),
        relative(4, 21, 1, Father),
        relative(5, 21, 3, FullSibling),
        relative(6, 22, 4, Mother),
    ]
}

#[test]
fn what_changes_a_family_makes_it_wait_for_a_check() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, families());
    assert_eq!(waiting(&ledger, "a"), [p(20), p(21), p(22)]);
    ledger.set_marks("a", &[p(20), p(21), p(22)], &[(p(21), "same-person")], TEST).unwrap();
    assert_eq!(waiting(&ledger, "a"), []);
    // The same import again changes nothing.
    import(&mut ledger, families());
    assert_eq!(waiting(&ledger, "a"), []);

    // The file names only one of the two families that share the sample.
    let mut replaced = relative(2, 20, 1, Father);
    replaced.profile = profile(&["16", "22"]);
    let batch_of = |row: &SampleRecord| batch(vec![row.clone()]);
    ledger.import(&batch_of(&replaced), OnConflict::Keep, false, TEST).unwrap();
    assert_eq!(waiting(&ledger, "a"), []);
    ledger.import(&batch_of(&replaced), OnConflict::Replace, true, TEST).unwrap();
    assert_eq!(waiting(&ledger, "a"), []);
    ledger.import(&batch_of(&replaced), OnConflict::Replace, false, TEST).unwrap();
    assert_eq!(waiting(&ledger, "a"), [p(20), p(21)]);
    // Until the next check, the family keeps the mark.
    assert_eq!(ledger.marks().unwrap(), [(p(21), "same-person".to_owned())]);
    ledger.set_marks("a", &[p(21)], &[], TEST).unwrap();
    assert_eq!((waiting(&ledger, "a"), ledger.marks().unwrap()), (vec![p(20)], vec![]));
    ledger.set_marks("a", &[p(20)], &[], TEST).unwrap();

    // A further relative, and another relation.
    import(&mut ledger, vec![relative(2, 22, 5, FullSibling)]);
    assert_eq!(waiting(&ledger, "a"), [p(22)]);
    ledger.set_marks("a", &[p(22)], &[], TEST).unwrap();
    ledger.import(&batch(vec![relative(2, 20, 2, FullSibling)]), OnConflict::Replace, false, TEST).unwrap();
    assert_eq!(waiting(&ledger, "a"), [p(20)]);
}

#[test]
fn other_settings_make_all_wait_and_withdrawn_families_do_not() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, families());
    ledger.set_marks("a", &[p(20), p(21), p(22)], &[(p(20), "same-person")], TEST).unwrap();
    assert_eq!(waiting(&ledger, "b"), [p(20), p(21), p(22)]);
    ledger.withdraw(&[p(21)], Some("found"), TEST).unwrap();
    assert_eq!(waiting(&ledger, "b"), [p(20), p(22)]);
    ledger.set_marks("b", &[p(22)], &[], TEST).unwrap();
    assert_eq!(waiting(&ledger, "b"), [p(20)]);
    assert_eq!(waiting(&ledger, "a"), [p(20), p(22)]);
    ledger.withdraw(&[p(21)], None, TEST).unwrap();
    assert_eq!(waiting(&ledger, "b"), [p(20), p(21)]);
}
