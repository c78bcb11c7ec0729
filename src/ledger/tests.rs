//! What an import, a run and a crash leave behind.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::model::{Locus, Panel, Profile, Pseudonym, Relation, Sex};

fn p(n: u8) -> Pseudonym {
    Pseudonym::from_bytes([n; 16])
}

fn loci(names: &[&str]) -> Vec<Locus> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn profile(cells: &[&str]) -> Profile {
    Profile::new(cells.iter().map(|cell| cell.parse().ok()).collect())
}

fn child(line: u64, sample: u8, cells: [&str; 2]) -> Record {
    Record {
        line,
        sample: p(sample),
        family: None,
        sex: Sex::Female,
        agency: None,
        region: Some("Jinan".into()),
        kit: None,
        collected_on: Some("2024-01-31".to_owned()),
        profile: profile(&cells),
    }
}

fn relative(line: u64, family: u8, sample: u8, relation: Relation) -> Record {
    let sex = relation.sex().unwrap_or(Sex::Unknown);
    Record { family: Some((p(family), relation)), sex, ..child(line, sample, ["14/15", "22"]) }
}

fn batch(rows: Vec<Record>) -> Batch {
    let holds = if rows.iter().all(|row| row.family.is_some()) { Holds::Families } else { Holds::Children };
    Batch { holds, file_digest: [7; 32], loci: loci(&["vWA", "FGA"]), rows }
}

fn ledger() -> (TempDir, PathBuf, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let ledger = Ledger::create(&path).unwrap();
    (dir, path, ledger)
}

fn import(ledger: &mut Ledger, rows: Vec<Record>) -> ImportReport {
    ledger.import(&batch(rows), OnConflict::Refuse, false).unwrap()
}

fn conflicts(result: Result<ImportReport, LedgerError>) -> Vec<(u64, ConflictKind)> {
    match result {
        Err(LedgerError::Conflicts(conflicts)) => conflicts.iter().map(|c| (c.line, c.kind)).collect(),
        other => panic!("{other:?}"),
    }
}

fn shape(ledger: &Ledger) -> Vec<(Pseudonym, Vec<(Relation, Pseudonym)>)> {
    let panel = Panel::new(loci(&["FGA"])).unwrap();
    let (families, _) = ledger.families(&panel).unwrap();
    families
        .iter()
        .map(|f| (f.pseudonym, f.relatives.iter().map(|relative| (relative.relation, relative.sample)).collect()))
        .collect()
}

#[test]
fn a_ledger_is_private_and_opens_again() {
    let (dir, path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", ""])]);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (id, generation) = (ledger.store_id().unwrap(), ledger.generation().unwrap());
    assert_eq!(generation.number, 1);
    drop(ledger);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((ledger.store_id().unwrap(), ledger.generation().unwrap()), (id, generation));
    assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
    assert!(matches!(Ledger::create(&path), Err(LedgerError::Exists(_))));
    assert!(matches!(Ledger::open(&dir.path().join("none")), Err(LedgerError::Missing(_))));
    assert!(matches!(Ledger::open(dir.path()), Err(LedgerError::NotALedger(_))));
}

#[test]
fn what_is_not_a_ledger_or_newer_is_refused_and_left_alone() {
    let (dir, path, ledger) = ledger();
    ledger.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(ledger);
    assert!(matches!(Ledger::open(&path), Err(LedgerError::Newer { found: 99, known: 1, .. })));
    let other = dir.path().join("other");
    for bytes in [&b""[..], b"no database at all, but quite a long text of something else"] {
        std::fs::write(&other, bytes).unwrap();
        assert!(matches!(Ledger::open(&other), Err(LedgerError::NotALedger(_))));
        assert_eq!(std::fs::read(&other).unwrap(), bytes);
    }
}

#[test]
fn a_ledger_belongs_to_one_key() {
    let (_dir, _path, mut ledger) = ledger();
    assert_eq!(ledger.key_fingerprint().unwrap(), None);
    ledger.bind_key([1; 8]).unwrap();
    ledger.bind_key([1; 8]).unwrap();
    assert!(matches!(ledger.bind_key([2; 8]), Err(LedgerError::OtherKey { .. })));
    assert_eq!(ledger.key_fingerprint().unwrap(), Some([1; 8]));
}

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
        Record { sex: Sex::Male, region: None, ..child(4, 2, ["14", "22"]) },
    ]);
    let expected = [(3, ConflictKind::Profile), (4, ConflictKind::Sex), (4, ConflictKind::Metadata)];
    for dry_run in [true, false] {
        assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, dry_run)), expected);
    }
    assert_eq!(ledger.generation().unwrap(), generation);
    assert_eq!(ledger.counts().unwrap().children, 2);
    let kept = ledger.import(&file, OnConflict::Keep, false).unwrap();
    assert_eq!((kept.added, kept.kept, kept.replaced, kept.conflicts.len()), (1, 2, 0, 3));
    let again = ledger.import(&file, OnConflict::Keep, false).unwrap();
    assert_eq!((again.added, again.kept, again.unchanged), (0, 2, 1));
    let replaced = ledger.import(&file, OnConflict::Replace, false).unwrap();
    assert_eq!((replaced.replaced, replaced.unchanged), (2, 1));
    let settled = ledger.import(&file, OnConflict::Refuse, false).unwrap();
    assert_eq!((settled.unchanged, settled.conflicts.len()), (3, 0));
}

#[test]
fn a_dry_run_reports_and_changes_nothing() {
    let (_dir, _path, mut ledger) = ledger();
    let file = batch(vec![child(2, 1, ["14", "22"])]);
    let report = ledger.import(&file, OnConflict::Refuse, true).unwrap();
    assert_eq!((report.added, ledger.counts().unwrap().children), (1, 0));
    assert_eq!(ledger.generation().unwrap().number, 0);
    assert_eq!(ledger.import(&file, OnConflict::Refuse, false).unwrap(), report);
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
        let found = conflicts(ledger.import(&file, policy, false));
        assert_eq!(found, [(2, ConflictKind::Second(Relation::Father))]);
    }
    assert_eq!(ledger.counts().unwrap().relatives, 1);
    let report = ledger.import(&file, OnConflict::Keep, false).unwrap();
    assert_eq!((report.added, report.kept), (3, 1));
    assert_eq!(shape(&ledger)[0].1[..2], [(Relation::Father, p(5)), (Relation::Mother, p(7))]);
    assert_eq!(ledger.counts().unwrap().relatives, 4, "a relative without a family is not stored");
    // Within one file, too: the ledger does not rely on whoever read it.
    let two = batch(vec![relative(2, 20, 30, Relation::Mother), relative(3, 20, 31, Relation::Mother)]);
    let second = ConflictKind::Second(Relation::Mother);
    assert_eq!(conflicts(ledger.import(&two, OnConflict::Replace, false)), [(2, second), (3, second)]);
    assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn relations_are_corrected_only_on_request() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father), relative(3, 9, 4, Relation::Mother)]);
    // The father turns out to be an uncle, and another sample the father: possible in one file, in any order.
    let file = batch(vec![relative(2, 9, 3, Relation::Father), relative(3, 9, 5, Relation::PaternalUncle)]);
    assert_eq!(conflicts(ledger.import(&file, OnConflict::Refuse, false)), [(3, ConflictKind::Relation)]);
    let report = ledger.import(&file, OnConflict::Replace, false).unwrap();
    assert_eq!((report.added, report.replaced), (1, 1));
    let expected = [(Relation::Father, p(3)), (Relation::Mother, p(4)), (Relation::PaternalUncle, p(5))];
    assert_eq!(shape(&ledger), [(p(9), expected.to_vec())]);
}

#[test]
fn a_relative_may_belong_to_two_families_but_is_no_child() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father), relative(3, 10, 5, Relation::Father)]);
    let further = vec![Record { sex: Sex::Male, ..relative(2, 11, 5, Relation::PaternalUncle) }];
    let report = import(&mut ledger, further);
    assert_eq!((report.added, report.unchanged), (1, 0));
    assert_eq!(ledger.counts().unwrap(), Counts { families: 3, relatives: 1, ..Counts::default() });
    let file = batch(vec![Record { sex: Sex::Male, ..child(2, 5, ["14/15", "22"]) }]);
    for policy in [OnConflict::Refuse, OnConflict::Replace] {
        assert_eq!(conflicts(ledger.import(&file, policy, false)), [(2, ConflictKind::Role)]);
    }
    let report = ledger.import(&file, OnConflict::Keep, false).unwrap();
    assert_eq!((report.kept, ledger.counts().unwrap().children), (1, 0));
}

#[test]
fn batches_that_are_none_are_refused() {
    let (_dir, _path, mut ledger) = ledger();
    let mut import = |batch: &Batch| ledger.import(batch, OnConflict::Replace, false);
    let mut file = batch(vec![child(2, 1, ["14", "22"]), child(3, 1, ["14", "23"])]);
    assert_eq!(conflicts(import(&file)), [(3, ConflictKind::Itself)]);
    file.rows[1].family = Some((p(9), Relation::Father));
    assert!(matches!(import(&file), Err(LedgerError::Mixed(_))));
    file.rows.pop();
    file.loci.pop();
    assert!(matches!(import(&file), Err(LedgerError::Shape { line: 2, found: 2, loci: 1 })));
    file.loci = loci(&["vWA", "vWA"]);
    assert!(matches!(import(&file), Err(LedgerError::Mixed(_))));
}

fn run(ledger: &Ledger) -> RunRecord {
    RunRecord {
        mode: "full".to_owned(),
        started_at: 1_700_000_000,
        seconds: 1.5,
        generation: ledger.generation().unwrap().number,
        families: 1,
        children: 2,
        pairs: 2,
        digest: [3; 32],
        manifest: "{}".to_owned(),
    }
}

fn candidate(family: u8, child: u8, log10_lr: f64) -> CandidateRecord {
    CandidateRecord { family: p(family), child: p(child), log10_lr, loci_compared: 2, incompatible_loci: 0 }
}

#[test]
fn a_run_replaces_the_candidates_of_the_one_before() {
    let (_dir, _path, mut ledger) = ledger();
    assert_eq!(ledger.last_run().unwrap(), None);
    let first = run(&ledger);
    let given = [candidate(9, 2, 5.0), candidate(8, 1, 6.0), candidate(9, 1, 5.0)];
    let delta = ledger.record_run(&first, &given).unwrap();
    assert_eq!(delta, RunDelta { run: 1, new: vec![true; 3], withdrawn: 0 });
    let delta = ledger.record_run(&first, &[candidate(7, 1, 4.5), candidate(9, 1, 5.5)]).unwrap();
    assert_eq!(delta, RunDelta { run: 2, new: vec![true, false], withdrawn: 2 });
    let listed = |filter: &CandidateFilter| ledger.candidates(filter).unwrap();
    let all = listed(&CandidateFilter::default());
    assert_eq!(
        all,
        [
            Candidate { record: candidate(9, 1, 5.5), run: 2, first_run: 1 },
            Candidate { record: candidate(7, 1, 4.5), run: 2, first_run: 2 },
        ]
    );
    assert_eq!(listed(&CandidateFilter { family: Some(p(7)), ..Default::default() }), all[1..]);
    assert_eq!(listed(&CandidateFilter { child: Some(p(1)), limit: Some(1), ..Default::default() }), all[..1]);
    assert_eq!(listed(&CandidateFilter { family: Some(p(7)), child: Some(p(2)), limit: None }), []);
    assert_eq!(ledger.last_run().unwrap(), Some((2, first)));
}

#[test]
fn equal_ratios_are_ordered_by_pseudonym() {
    let (_dir, _path, mut ledger) = ledger();
    let given = [candidate(9, 2, 5.0), candidate(8, 3, 5.0), candidate(9, 1, 5.0), candidate(1, 1, -5.0)];
    ledger.record_run(&run(&ledger), &given).unwrap();
    let all = ledger.candidates(&CandidateFilter::default()).unwrap();
    let order: Vec<_> = all.iter().map(|c| (c.record.family, c.record.child)).collect();
    assert_eq!(order, [(p(8), p(3)), (p(9), p(1)), (p(9), p(2)), (p(1), p(1))]);
}

#[test]
fn runs_that_are_none_are_refused() {
    let (_dir, _path, mut ledger) = ledger();
    let good = run(&ledger);
    ledger.record_run(&good, &[candidate(9, 1, 5.0)]).unwrap();
    for ratio in [f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
        let result = ledger.record_run(&good, &[candidate(9, 2, ratio)]);
        assert!(matches!(result, Err(LedgerError::NotFinite { .. })));
    }
    let result = ledger.record_run(&good, &[candidate(9, 2, 5.0), candidate(8, 2, 5.0), candidate(9, 2, 5.0)]);
    assert!(matches!(result, Err(LedgerError::RepeatedCandidate { .. })));
    let result = ledger.record_run(&RunRecord { manifest: "{".to_owned(), ..good.clone() }, &[]);
    assert!(matches!(result, Err(LedgerError::Database(_))));
    import(&mut ledger, vec![child(2, 1, ["14", "22"])]);
    assert!(matches!(ledger.record_run(&good, &[]), Err(LedgerError::Stale { run: 0, ledger: 1 })));
    assert_eq!(ledger.candidates(&CandidateFilter::default()).unwrap().len(), 1);
    assert_eq!(ledger.last_run().unwrap().unwrap().0, 1);
}

#[test]
fn replaced_data_takes_its_candidates_along() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["14", "22"])]);
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father), relative(3, 8, 6, Relation::Father)]);
    let all = [candidate(9, 1, 5.0), candidate(9, 2, 5.0), candidate(8, 2, 5.0)];
    ledger.record_run(&run(&ledger), &all).unwrap();
    let mut replace = |row| ledger.import(&batch(vec![row]), OnConflict::Replace, false).unwrap().candidates_deleted;
    assert_eq!(replace(Record { sex: Sex::Male, ..child(2, 1, ["14", "22"]) }), 0, "the sex is not compared");
    assert_eq!(replace(Record { sex: Sex::Male, ..child(2, 1, ["14", "23"]) }), 1);
    assert_eq!(replace(Record { profile: profile(&["14", ""]), ..relative(2, 9, 5, Relation::Father) }), 1);
    assert_eq!(replace(Record { sex: Sex::Male, ..relative(2, 8, 6, Relation::PaternalUncle) }), 1);
    assert_eq!(ledger.counts().unwrap().candidates, 0);
}

#[test]
fn damage_is_found_and_named() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["14", "22"])]);
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father)]);
    let panel = Panel::new(loci(&["vWA"])).unwrap();
    for blob in [&[1, 0, 140, 0, 150][..], &[1, 0, 9, 0, 150, 0], &[99, 0, 140, 0, 150, 0]] {
        ledger.connection.execute("UPDATE sample SET profile = ?1 WHERE pseudonym = ?2", (blob, [2u8; 16])).unwrap();
        let error = ledger.children(&panel, |_| {}).unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }));
        assert!(error.to_string().contains(&p(2).to_string()), "{error}");
        let findings = ledger.verify().unwrap();
        assert!(findings.len() == 1 && findings[0].contains(&p(2).to_string()), "{findings:?}");
    }
    ledger.connection.execute("UPDATE member SET relation = 'friend'", []).unwrap();
    assert!(matches!(ledger.families(&panel), Err(LedgerError::Damaged { .. })));
    assert_eq!(ledger.verify().unwrap().len(), 2);
    ledger.connection.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM sample WHERE role = 'relative'").unwrap();
    let findings = ledger.verify().unwrap();
    assert!(findings.iter().any(|finding| finding.contains("refers to a record of sample")), "{findings:?}");
}

#[test]
fn a_transaction_that_dies_leaves_the_old_state() {
    let (dir, path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"])]);
    let generation = ledger.generation().unwrap();
    // A small cache, so that the unfinished transaction has pages in the journal already.
    ledger.connection.pragma_update(None, "cache_size", 10).unwrap();
    let tx = ledger.begin().unwrap();
    tx.execute("UPDATE meta SET value = 77 WHERE key = 'generation'", []).unwrap();
    for i in 0..2000_u32 {
        let pseudonym: [u8; 16] = std::array::from_fn(|at| i.to_le_bytes()[at % 4] ^ 0x55);
        let sql = "INSERT INTO sample (pseudonym, role, sex, profile, import_id) VALUES (?1, 'child', 'male', ?2, 1)";
        tx.execute(sql, (pseudonym, [0_u8; 138])).unwrap();
    }
    // What a power cut would leave.
    let crashed = dir.path().join("crashed.db");
    let journal = |path: &PathBuf| PathBuf::from(format!("{}-wal", path.display()));
    std::fs::copy(&path, &crashed).unwrap();
    std::fs::copy(journal(&path), journal(&crashed)).unwrap();
    assert!(std::fs::metadata(journal(&crashed)).unwrap().len() > 100_000);
    drop(tx);
    for path in [path, crashed] {
        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.generation().unwrap(), generation);
        assert_eq!(ledger.counts().unwrap().children, 1);
        assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
    }
}
