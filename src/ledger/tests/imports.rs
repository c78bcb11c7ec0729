//! Tests that an import applies all rows or none, and which rows conflict.

use super::*;
use crate::model::{DropOut, FamilyPedigree, Member, Pedigree};

#[test]
fn importing_twice_changes_nothing() {
    let (_dir, _path, mut ledger) = ledger();
    let rows = vec![child(2, 2, ["14/15", ""]), child(3, 1, ["9.3", "22"])];
    let first = import(&mut ledger, rows.clone());
    assert_eq!((first.added, first.unchanged, first.seen_before), (2, 0, None));
    let families = vec![relative(2, 9, 5, Relation::Mother), relative(3, 9, 6, Relation::Father)];
    assert_eq!(import(&mut ledger, families.clone()).added, 2);
    let generation = ledger.generation().unwrap();
    assert_eq!(generation.number, 2);
    for rows in [rows, families] {
        let again = import(&mut ledger, rows);
        assert_eq!((again.added, again.unchanged), (0, 2));
        assert!(again.seen_before.is_some());
    }
    assert_eq!(ledger.generation().unwrap(), generation);
    let counts = Counts { children: 2, families: 1, relatives: 2, candidates: 0 };
    assert_eq!(ledger.counts().unwrap(), counts);
}

/// Imports more rows than one statement and one block hold; few of them have values that the others lack.
#[test]
fn many_rows_keep_what_each_has() {
    let row = |n: u16| {
        let name = u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let plain = SampleRecord { region: None, collected_on: None, ..child(u64::from(n), 0, ["14/15", "22"]) };
        let plain = SampleRecord { sample: Pseudonym::from_bytes(name.to_be_bytes()), ..plain };
        match n {
            700 => SampleRecord { agency: Some("a".into()), ..plain },
            1400 => SampleRecord { region: Some("b".into()), kit: Some("c".into()), ..plain },
            1401 => SampleRecord { collected_on: "2024-02-29".parse().ok(), ..plain },
            2100 => SampleRecord { drop_out: DropOut::new(0.1), ..plain },
            n if n % 3 == 0 => SampleRecord { sex: Sex::Male, profile: profile(&["9.3", ""]), ..plain },
            _ => plain,
        }
    };
    for first in [701, 0] {
        let (_dir, _path, mut ledger) = ledger();
        let rows: Vec<SampleRecord> = (first..2600).map(row).collect();
        let count = rows.len() as u64;
        assert_eq!(import(&mut ledger, rows.clone()).added, count);
        assert_eq!(import(&mut ledger, rows).unchanged, count);
        assert_eq!(ledger.verify().unwrap(), [""; 0]);
    }
}

#[test]
fn profiles_come_back_in_panel_order() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 2, ["14/15", ""]), child(3, 1, ["9.3", "22"])]);
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Mother), relative(3, 9, 6, Relation::Father)]);
    let panel = Panel::new(loci(&["TPOX", "FGA", "vWA"])).unwrap();
    let mut children = Vec::new();
    let generation = ledger.children(&panel, |child| children.push(child)).unwrap();
    assert_eq!(generation, ledger.generation().unwrap());
    assert_eq!(children.iter().map(|c| c.pseudonym).collect::<Vec<_>>(), [p(1), p(2)]);
    assert!(children[0].profile == profile(&["", "22", "9.3"]));
    assert!(children[1].profile == profile(&["", "", "14/15"]));
    assert_eq!(shape(&ledger), [(p(9), vec![(Relation::Father, p(6)), (Relation::Mother, p(5))])]);
}

#[test]
fn a_conflict_refuses_the_whole_file() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["14", "22"])]);
    let generation = ledger.generation().unwrap();
    let file = batch(vec![
        child(2, 3, ["14", "22"]),
        child(3, 1, ["14", "23"]),
        SampleRecord { sex: Sex::Male, region: None, ..child(4, 2, ["14", "22"]) },
    ]);
    let expected = [(3, ConflictKind::Profile), (4, ConflictKind::Sex), (4, ConflictKind::Metadata)];
    for dry_run in [true, false] {
        assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, dry_run, TEST)), expected);
    }
    assert_eq!(ledger.generation().unwrap(), generation);
    assert_eq!(ledger.counts().unwrap().children, 2);
    let kept = ledger.import(&file, OnConflict::Keep, false, TEST).unwrap();
    assert_eq!((kept.added, kept.kept, kept.replaced, kept.conflicts.len()), (1, 2, 0, 3));
    let again = ledger.import(&file, OnConflict::Keep, false, TEST).unwrap();
    assert_eq!((again.added, again.kept, again.unchanged), (0, 2, 1));
    let replaced = ledger.import(&file, OnConflict::Replace, false, TEST).unwrap();
    assert_eq!((replaced.replaced, replaced.unchanged), (2, 1));
    let settled = ledger.import(&file, OnConflict::Refuse, false, TEST).unwrap();
    assert_eq!((settled.unchanged, settled.conflicts.len()), (3, 0));
}

#[test]
fn a_dry_run_reports_and_changes_nothing() {
    let (_dir, _path, mut ledger) = ledger();
    let file = batch(vec![child(2, 1, ["14", "22"])]);
    let report = ledger.import(&file, OnConflict::Refuse, true, TEST).unwrap();
    assert_eq!((report.added, ledger.counts().unwrap().children), (1, 0));
    assert_eq!(ledger.generation().unwrap().number, 0);
    assert_eq!(ledger.import(&file, OnConflict::Refuse, false, TEST).unwrap(), report);
}

#[test]
fn a_second_father_is_always_refused() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father)]);
    let file = batch(vec![
        relative(2, 9, 6, Relation::Father),
        relative(3, 9, 7, Relation::Mother),
        relative(4, 9, 8, Relation::FullSibling),
        relative(5, 9, 10, Relation::FullSibling),
    ]);
    for policy in [OnConflict::Refuse, OnConflict::Replace] {
        let found = conflicts(ledger.import(&file, policy, false, TEST));
        assert_eq!(found, [(2, ConflictKind::Second(Relation::Father))]);
    }
    assert_eq!(ledger.counts().unwrap().relatives, 1);
    let report = ledger.import(&file, OnConflict::Keep, false, TEST).unwrap();
    assert_eq!((report.added, report.kept), (3, 1));
    assert_eq!(shape(&ledger)[0].1[..2], [(Relation::Father, p(5)), (Relation::Mother, p(7))]);
    assert_eq!(ledger.counts().unwrap().relatives, 4, "a relative without a family is not stored");
    // The ledger also checks conflicts within one file, because it does not rely on the reader of the file.
    let two = batch(vec![relative(2, 20, 30, Relation::Mother), relative(3, 20, 31, Relation::Mother)]);
    let second = ConflictKind::Second(Relation::Mother);
    assert_eq!(conflicts(ledger.import(&two, OnConflict::Replace, false, TEST)), [(2, second), (3, second)]);
    assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn a_third_parent_is_refused() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Parent), relative(3, 9, 6, Relation::Father)]);
    let third = batch(vec![relative(2, 9, 7, Relation::Parent)]);
    let found = ledger.import(&third, OnConflict::Replace, false, TEST);
    let Err(LedgerError::Conflicts(conflicts)) = found else { panic!("{found:?}") };
    assert_eq!(conflicts[0].kind, ConflictKind::Second(Relation::Parent));
    assert!(conflicts[0].to_string().ends_with("third parent"), "{}", conflicts[0]);
    let mother = batch(vec![relative(2, 9, 7, Relation::Mother)]);
    assert!(ledger.import(&mother, OnConflict::Replace, false, TEST).is_err());
    assert_eq!(shape(&ledger)[0].1, [(Relation::Father, p(6)), (Relation::Parent, p(5))]);
    let panel = Panel::new(loci(&["FGA"])).unwrap();
    let family = &ledger.families(&panel).unwrap().0[0];
    assert_eq!(family.relations(), [Relation::Father, Relation::Mother]);
}

#[test]
fn relations_are_corrected_only_on_request() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father), relative(3, 9, 4, Relation::Mother)]);
    // The father becomes an uncle, and another sample the father: this is possible in one file, in any order.
    let file = batch(vec![relative(2, 9, 3, Relation::Father), relative(3, 9, 5, Relation::PaternalUncle)]);
    assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, false, TEST)), [(3, ConflictKind::Relation)]);
    let report = ledger.import(&file, OnConflict::Replace, false, TEST).unwrap();
    assert_eq!((report.added, report.replaced), (1, 1));
    let expected = [(Relation::Father, p(3)), (Relation::Mother, p(4)), (Relation::PaternalUncle, p(5))];
    assert_eq!(shape(&ledger), [(p(9), expected.to_vec())]);
}

#[test]
fn a_relative_may_belong_to_two_families_but_is_no_child() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father), relative(3, 10, 5, Relation::Father)]);
    let further = vec![SampleRecord { sex: Sex::Male, ..relative(2, 11, 5, Relation::PaternalUncle) }];
    let report = import(&mut ledger, further);
    assert_eq!((report.added, report.unchanged), (1, 0));
    assert_eq!(ledger.counts().unwrap(), Counts { families: 3, relatives: 1, ..Counts::default() });
    let file = batch(vec![SampleRecord { sex: Sex::Male, ..child(2, 5, ["14/15", "22"]) }]);
    for policy in [OnConflict::Refuse, OnConflict::Replace] {
        assert_eq!(conflicts(ledger.import(&file, policy, false, TEST)), [(2, ConflictKind::Role)]);
    }
    let report = ledger.import(&file, OnConflict::Keep, false, TEST).unwrap();
    assert_eq!((report.kept, ledger.counts().unwrap().children), (1, 0));
}

/// Returns a pedigree of father, mother and child; the father is sample 5, the mother sample 6.
fn trio(family: u8) -> FamilyPedigree {
    let couple = Member { father: Some(0), mother: Some(1) };
    let pedigree = Pedigree::from_members(&[Member::default(), Member::default(), couple], 2, &[0, 1]).unwrap();
    FamilyPedigree { family: p(family), pedigree, samples: vec![p(5), p(6)] }
}

#[test]
fn a_pedigree_comes_back_and_its_damage_is_found() {
    let (_dir, _path, mut ledger) = ledger();
    let rows = vec![relative(2, 9, 6, Relation::Member), relative(3, 9, 5, Relation::Member)];
    let file = Batch { pedigrees: vec![trio(9)], ..batch(rows) };
    for added in [2, 0] {
        assert_eq!(ledger.import(&file, OnConflict::Refuse, false, TEST).unwrap().added, added);
    }
    let panel = Panel::new(loci(&["FGA"])).unwrap();
    let (families, _) = ledger.families(&panel).unwrap();
    assert_eq!(families[0].pedigree.as_deref(), Some(&trio(9).pedigree));
    assert_eq!(families[0].relatives.iter().map(|relative| relative.sample).collect::<Vec<_>>(), [p(5), p(6)]);
    assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
    for damage in [
        "UPDATE member SET place = 2",
        "UPDATE member SET place = NULL",
        "UPDATE member SET relation = 'father', place = 0",
        "UPDATE pedigree SET links = x'0000'",
        "DELETE FROM pedigree",
    ] {
        let tx = ledger.connection.unchecked_transaction().unwrap();
        tx.execute_batch(damage).unwrap();
        tx.commit().unwrap();
        assert!(matches!(ledger.families(&panel), Err(LedgerError::Damaged { .. })), "{damage}");
        assert!(ledger.verify().unwrap().iter().any(|finding| finding.contains(&p(9).to_string())), "{damage}");
    }
}

#[test]
fn batches_that_are_none_are_refused() {
    let (_dir, _path, mut ledger) = ledger();
    let mut import = |batch: &Batch| ledger.import(batch, OnConflict::Replace, false, TEST);
    let mut file = batch(vec![child(2, 1, ["14", "22"]), child(3, 1, ["14", "23"])]);
    assert_eq!(conflicts(import(&file)), [(3, ConflictKind::Itself)]);
    file.rows[1].family = Some((p(9), Relation::Father));
    assert!(matches!(import(&file), Err(LedgerError::Mixed(_))));
    file.rows.pop();
    file.loci.pop();
    assert!(matches!(import(&file), Err(LedgerError::Shape { line: 2, found: 2, loci: 1 })));
    file.loci = loci(&["vWA", "vWA"]);
    assert!(matches!(import(&file), Err(LedgerError::Mixed(_))));
    for (sample, relation, pedigrees) in [
        (5, Relation::Member, vec![]),
        (5, Relation::Member, vec![trio(8)]),
        (5, Relation::Father, vec![trio(9)]),
        (7, Relation::Member, vec![trio(9)]),
        (5, Relation::Member, vec![trio(9), trio(9)]),
    ] {
        let file = Batch { pedigrees, ..batch(vec![relative(2, 9, sample, relation)]) };
        assert!(matches!(import(&file), Err(LedgerError::Mixed(_))), "{sample} {relation}");
    }
}
