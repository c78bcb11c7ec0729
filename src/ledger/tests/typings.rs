//! Tests further typings of known samples: which ones are joined, which ones require a decision, and which data follows
//! the sample.

use super::*;
use crate::model::{DropOut, ManyAlleles, Observed, Typing};

const LOCI: [&str; 9] = ["vWA", "FGA", "TH01", "TPOX", "CSF1PO", "D3S1358", "D8S1179", "D21S11", "D18S51"];

/// Returns a typing of child 1 by a kit, in a file of its own; cells along [`LOCI`], empty if untyped.
fn typing(file: u8, kit: &str, cells: [&str; 9]) -> Batch {
    let record = SampleRecord {
        kit: Some(kit.into()),
        profile: profile(&cells),
        many: cells.iter().enumerate().filter_map(|(at, cell)| Some((at, many(cell)?))).collect(),
        ..child(2, 1, ["", ""])
    };
    Batch { loci: loci(&LOCI), file_digest: [file; 32], ..batch(vec![record]) }
}

fn many(cell: &str) -> Option<ManyAlleles> {
    ManyAlleles::new(cell.split('/').filter_map(|allele| allele.parse().ok()).collect())
}

const A: [&str; 9] = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "13", "", ""];
/// Agrees with A at six loci, and adds one.
const B: [&str; 9] = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "", "29/30", ""];
/// Contradicts both at vWA, which drop-out may explain, and at FGA; adds D18S51.
const C: [&str; 9] = ["14", "23", "9.3", "8/11", "10/12", "15/16", "13", "29/30", "12/17"];

fn panel() -> Panel {
    Panel::new(loci(&LOCI)).unwrap()
}

fn matched(ledger: &Ledger) -> Profile {
    let mut children = Vec::new();
    ledger.children(&panel(), |child| children.push(child.profile)).unwrap();
    assert_eq!(children.len(), 1);
    children.remove(0)
}

fn add(ledger: &mut Ledger, batch: &Batch, on_conflict: OnConflict) -> ImportReport {
    let report = ledger.import(batch, on_conflict, false, TEST).unwrap();
    assert_eq!(ledger.verify().unwrap(), [""; 0]);
    report
}

#[test]
fn a_sure_typing_is_added_and_its_new_loci_are_matched_on() {
    let (_dir, _path, mut ledger) = ledger();
    add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
    let past = ledger.past(ledger.generation().unwrap().number).unwrap().unwrap();
    let report = add(&mut ledger, &typing(2, "kit B", B), OnConflict::Refuse);
    assert_eq!((report.typings, report.added, report.replaced, report.kept), (1, 0, 0, 0));
    let Comparison { shared, new, lacking, .. } = report.added_typings[0].comparison;
    assert_eq!((shared, new, lacking), (6, 1, 1));
    let joined = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "13", "29/30", ""];
    assert!(matched(&ledger) == profile(&joined));
    // Matching since then sees the changed child.
    let changed = ledger.changed_children(&panel(), &past).unwrap();
    assert_eq!(changed.iter().map(|child| &child.profile).collect::<Vec<_>>(), [&profile(&joined)]);
    let typings = &ledger.typings(None).unwrap()[&p(1)];
    let told: Vec<_> = typings.iter().map(|one| (one.import, one.kit.as_deref(), one.observed.len())).collect();
    assert_eq!(told, [(1, Some("kit A"), 7), (2, Some("kit B"), 7)]);
    assert_eq!(typings[1].observed[&"D21S11".parse().unwrap()], Observed::Genotype("29/30".parse().unwrap()));
    // Each typing is recognised again, in any file.
    let generation = ledger.generation().unwrap();
    for again in [typing(3, "kit A", A), typing(4, "kit B", B), typing(5, "kit A", A)] {
        let report = add(&mut ledger, &again, OnConflict::Refuse);
        assert_eq!((report.unchanged, report.typings), (1, 0));
    }
    assert_eq!(ledger.generation().unwrap(), generation);
}

#[test]
fn three_typings_in_any_order_make_one_profile() {
    let joined = ["", "", "9.3", "8/11", "10/12", "15/16", "13", "29/30", "12/17"];
    let all = [("a", A), ("b", B), ("c", C)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (_dir, _path, mut ledger) = ledger();
        for (file, at) in (1..).zip(order) {
            add(&mut ledger, &typing(file, all[at].0, all[at].1), OnConflict::Add);
        }
        assert!(matched(&ledger) == profile(&joined), "{order:?}");
        let typings = &ledger.typings(Some(&[p(1)])).unwrap()[&p(1)];
        assert_eq!(typings.iter().map(|one| one.kit.as_deref()).collect::<Vec<_>>(), order.map(|at| Some(all[at].0)));
        // The sample itself has no kit, but it has the day that all typings have in common.
        let mut exported = Vec::new();
        ledger
            .export::<LedgerError>(Layout::Children, Chosen::All, &loci(&LOCI), |record| {
                exported.push((record.kit, record.collected_on));
                Ok(())
            })
            .unwrap();
        assert_eq!(exported, [(None, "2024-01-31".parse().ok())]);
    }
}

#[test]
fn disagreeing_loci_need_a_decision_and_say_what_drop_out_explains() {
    let (_dir, _path, mut ledger) = ledger();
    add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
    let Err(LedgerError::Conflicts(found)) = ledger.import(&typing(2, "kit C", C), OnConflict::Refuse, false, TEST)
    else {
        panic!()
    };
    let said = found[0].to_string();
    assert!(
        said.ends_with("has other genotypes at 2 of 7 shared loci: FGA, vWA; drop-out would explain vWA"),
        "{said}"
    );
    let report = add(&mut ledger, &typing(2, "kit C", C), OnConflict::Add);
    let differing = &report.added_typings[0].comparison.differing;
    assert_eq!(differing.iter().map(|one| one.drop_out_explains).collect::<Vec<_>>(), [false, true]);
    assert_eq!((matched(&ledger).at(0), matched(&ledger).at(1)), (None, None));
    // A third typing that agrees with the others is certain, and settles nothing.
    add(&mut ledger, &typing(3, "kit D", C), OnConflict::Refuse);
    assert_eq!(matched(&ledger).at(0), None);
}

#[test]
fn too_few_shared_loci_and_other_versions_of_one_typing_are_asked_for() {
    let few = ["14/15", "22", "9.3", "8/11", "10/12", "", "", "29/30", ""];
    let fewer = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "", "", ""];
    for (kit, cells, kind) in [
        ("kit B", few, ConflictKind::FewShared),
        // The new version of the typing lacks a locus.
        ("kit A", fewer, ConflictKind::Profile),
    ] {
        let (_dir, _path, mut ledger) = ledger();
        add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
        let file = typing(2, kit, cells);
        for dry_run in [true, false] {
            assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, dry_run, TEST)), [(2, kind)]);
        }
        let report = add(&mut ledger, &file, OnConflict::Add);
        let warned: Vec<ConflictKind> = report.conflicts.iter().map(|conflict| conflict.kind).collect();
        assert_eq!((report.typings, warned), (1, vec![kind; usize::from(kind == ConflictKind::FewShared)]));
    }
}

#[test]
fn what_is_said_of_the_person_stays_a_conflict() {
    let (_dir, _path, mut ledger) = ledger();
    add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
    let change = |change: &dyn Fn(&mut SampleRecord)| {
        let mut file = typing(2, "kit B", B);
        change(&mut file.rows[0]);
        file
    };
    for (file, kind) in [
        (change(&|row| row.sex = Sex::Male), ConflictKind::Sex),
        (change(&|row| row.region = Some("Zibo".into())), ConflictKind::Metadata),
    ] {
        for policy in [OnConflict::Refuse, OnConflict::Add] {
            let found = conflicts(ledger.import(&file, policy, false, TEST));
            assert!(found.contains(&(2, kind)), "{found:?}");
        }
    }
    let mut relative = typing(2, "kit B", B);
    (relative.layout, relative.rows[0].family) = (Layout::Families, Some((p(9), Relation::Mother)));
    assert!(conflicts(ledger.import(&relative, OnConflict::Add, false, TEST)).contains(&(2, ConflictKind::Role)));
    // The profile of another person.
    let other = ["16/17", "24", "6", "9", "11", "14", "12", "31", "20"];
    let found = conflicts(ledger.import(&typing(2, "kit B", other), OnConflict::Add, false, TEST));
    assert!(found.contains(&(2, ConflictKind::Profile)));
    // A value that a file does not state is not a conflict.
    let silent = change(&|row| (row.sex, row.region) = (Sex::Unknown, None));
    for expected in [1, 0] {
        assert_eq!(add(&mut ledger, &silent, OnConflict::Refuse).typings, expected);
    }
}

#[test]
fn the_largest_drop_out_counts_and_another_one_is_asked_for() {
    let (_dir, _path, mut ledger) = ledger();
    let with = |file, kit, cells, drop_out| {
        let mut batch = typing(file, kit, cells);
        batch.rows[0].drop_out = DropOut::new(drop_out);
        batch
    };
    add(&mut ledger, &with(1, "kit A", A, 0.1), OnConflict::Refuse);
    let second = with(2, "kit B", B, 0.02);
    assert!(conflicts(ledger.import(&second, OnConflict::Refuse, false, TEST)).contains(&(2, ConflictKind::Profile)));
    add(&mut ledger, &second, OnConflict::Add);
    let child = ledger.child(&panel(), p(1)).unwrap().unwrap();
    assert_eq!(child.drop_out, DropOut::new(0.1));
}

#[test]
fn more_than_two_alleles_are_joined_and_disputed_as_genotypes_are() {
    let with = |last| ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "13", "29/30", last];
    for (last, kept) in [("12/13/14", true), ("12/13", false), ("12/13/15", false)] {
        let (_dir, _path, mut ledger) = ledger();
        add(&mut ledger, &typing(1, "kit A", with("12/13/14")), OnConflict::Refuse);
        add(&mut ledger, &typing(2, "kit B", with(last)), OnConflict::Add);
        assert_eq!(ledger.many_alleles(&panel(), p(1)).unwrap().len(), usize::from(kept), "{last}");
        assert_eq!(matched(&ledger).at(8), None);
        let shown = |typing: &Typing| typing.observed[&"D18S51".parse().unwrap()].clone();
        assert_eq!(shown(&ledger.typings(None).unwrap()[&p(1)][0]), Observed::Many(many("12/13/14").unwrap()));
    }
}

#[test]
fn a_replacement_takes_the_place_of_its_typing_or_of_all() {
    let corrected = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "", "30", ""];
    for (kit, kits) in [("kit B", 2), ("kit D", 0)] {
        let (_dir, _path, mut ledger) = ledger();
        add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
        add(&mut ledger, &typing(2, "kit B", B), OnConflict::Refuse);
        let report = add(&mut ledger, &typing(3, kit, corrected), OnConflict::Replace);
        assert_eq!((report.replaced, report.typings), (1, 0));
        assert_eq!(ledger.typings(None).unwrap().get(&p(1)).map_or(0, Vec::len), kits);
        assert_eq!(matched(&ledger).at(7), "30".parse().ok());
        assert_eq!(matched(&ledger).at(6), if kits == 2 { "13".parse().ok() } else { None });
        assert_eq!(add(&mut ledger, &typing(3, kit, corrected), OnConflict::Refuse).unchanged, 1);
    }
}

#[test]
fn candidates_go_and_families_are_unchecked_when_a_typing_changes_the_profile() {
    let (_dir, _path, mut ledger) = ledger();
    add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Mother)]);
    let record = run(&ledger);
    let before = ledger.standing().unwrap();
    ledger.record_run(&record, &[candidate(9, 1, 4.0)], &before, TEST).unwrap();
    // There is no new locus, so the data used in matching stays the same.
    let same = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "", "", ""];
    assert_eq!(add(&mut ledger, &typing(2, "kit B", same), OnConflict::Refuse).candidates_deleted, 0);
    assert_eq!(add(&mut ledger, &typing(3, "kit C", B), OnConflict::Refuse).candidates_deleted, 1);
}

#[test]
fn a_relative_of_two_families_has_its_typings_in_both() {
    let (_dir, _path, mut ledger) = ledger();
    let of = |file, kit, cells, families: &[u8]| {
        let mut batch = typing(file, kit, cells);
        let row = batch.rows.remove(0);
        batch.layout = Layout::Families;
        let rows = (2..).zip(families);
        batch.rows = rows
            .map(|(line, &family)| SampleRecord { line, family: Some((p(family), Relation::Mother)), ..row.clone() })
            .collect();
        batch
    };
    add(&mut ledger, &of(1, "kit A", A, &[8, 9]), OnConflict::Refuse);
    let past = ledger.past(ledger.generation().unwrap().number).unwrap().unwrap();
    let report = add(&mut ledger, &of(2, "kit B", B, &[8, 9]), OnConflict::Refuse);
    assert_eq!((report.typings, report.added_typings.len()), (2, 1));
    let changed = ledger.changed_families(&panel(), &past).unwrap();
    assert_eq!(changed.len(), 2);
    assert!(changed.iter().all(|family| family.relatives[0].profile.at(7) == "29/30".parse().ok()));
}

#[test]
fn a_superseded_file_is_skipped_unless_it_is_asked_for() {
    let (_dir, _path, mut ledger) = ledger();
    let wrong = ["14/15", "22", "9.3", "8/11", "10/12", "15/16", "12", "", ""];
    let yesterday = typing(1, "kit A", wrong);
    add(&mut ledger, &yesterday, OnConflict::Refuse);
    // Read in another way, the file conflicts with its own earlier import.
    let other_way = typing(1, "kit A", ["14", "22", "9.3", "8/11", "10/12", "15/16", "12", "", ""]);
    assert_eq!(conflicts(ledger.import(&other_way, OnConflict::Refuse, false, TEST)), [(2, ConflictKind::Profile)]);
    add(&mut ledger, &typing(2, "kit A", A), OnConflict::Replace);
    let generation = ledger.generation().unwrap();
    for policy in [OnConflict::Refuse, OnConflict::Add] {
        let report = add(&mut ledger, &yesterday, policy);
        assert!(report.superseded && report.seen_before.is_some());
        assert_eq!((report.kept, report.typings, report.replaced), (1, 0, 0));
    }
    assert_eq!(ledger.generation().unwrap(), generation);
    // For another file with the same rows, nobody has decided yet.
    let other = typing(9, "kit A", wrong);
    assert_eq!(conflicts(ledger.import(&other, OnConflict::Refuse, false, TEST)), [(2, ConflictKind::Profile)]);
    let back = add(&mut ledger, &yesterday, OnConflict::Replace);
    assert_eq!((back.replaced, back.superseded), (1, false));
}

#[test]
fn typings_follow_their_sample_to_another_key_and_out_of_the_ledger() {
    let (_dir, path, mut ledger) = ledger();
    ledger.bind_key([1; 8], TEST).unwrap();
    add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
    add(&mut ledger, &typing(2, "kit B", B), OnConflict::Refuse);
    let renamed = Renamed { samples: [(p(1), p(21))].into(), ..Renamed::default() };
    ledger.rekey([2; 8], key().as_ref(), &renamed, &[], TEST).unwrap();
    assert_eq!(ledger.verify().unwrap(), [""; 0]);
    let typings = ledger.typings(None).unwrap();
    assert_eq!(typings.iter().map(|of| (*of.0, of.1.len())).collect::<Vec<_>>(), [(p(21), 2)]);
    let scope = ledger.scope(&[p(21)]).unwrap();
    ledger.expunge(&scope, &[], TEST).unwrap();
    ledger.compact().unwrap();
    let left: i64 = ledger.connection.query_row("SELECT count(*) FROM typing", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    drop(ledger);
    if !ENCRYPTS {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"kit B"));
    }
}

#[test]
fn damaged_typings_are_found_and_named() {
    for damage in [
        "DELETE FROM typing WHERE kit = 'kit B'",
        "UPDATE typing SET profile = zeroblob(10) WHERE kit = 'kit B'",
        "UPDATE typing SET drop_out = 0.1",
        "UPDATE typing SET many = x'0100'",
        "UPDATE typing SET profile = (SELECT profile FROM typing WHERE kit = 'kit A')",
    ] {
        let (_dir, _path, mut ledger) = ledger();
        add(&mut ledger, &typing(1, "kit A", A), OnConflict::Refuse);
        add(&mut ledger, &typing(2, "kit B", B), OnConflict::Refuse);
        ledger.connection.execute_batch(damage).unwrap();
        let findings = ledger.verify().unwrap();
        assert!(findings.len() == 1 && findings[0].contains(&p(1).to_string()), "{damage}: {findings:?}");
    }
}
