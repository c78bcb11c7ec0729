//! Runs and candidates.

use super::*;

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
