//! Tests runs and candidates.

use super::*;

/// Records a run that is based on the current candidates.
fn record(ledger: &mut Ledger, run: &RunRecord, candidates: &[Candidate]) -> Result<RunDelta, LedgerError> {
    let before = ledger.standing()?;
    ledger.record_run(run, candidates, &before, TEST)
}

fn record_now(ledger: &mut Ledger, candidates: &[Candidate]) -> Result<RunDelta, LedgerError> {
    let run = run(ledger);
    record(ledger, &run, candidates)
}

/// A lost pair, its last log10 LR, and the first run of its series.
type Lost = (Pseudonym, Pseudonym, f64, i64);

/// Returns the run, the first runs, the number of withdrawn candidates, and which pairs were lost, without identities.
fn told(delta: RunDelta) -> (i64, Vec<i64>, u64, Vec<Lost>) {
    let lost = delta.lost.iter().map(|one| (one.family, one.child, one.log10_lr, one.first_run)).collect();
    (delta.run, delta.first_runs, delta.withdrawn, lost)
}

#[test]
fn a_run_replaces_the_candidates_of_the_one_before() {
    let (_dir, _path, mut ledger) = ledger();
    assert_eq!(ledger.last_run().unwrap(), None);
    let first = run(&ledger);
    let given = [candidate(9, 2, 5.0), candidate(8, 1, 6.0), candidate(9, 1, 5.0)];
    let delta = record(&mut ledger, &first, &given).unwrap();
    assert_eq!(told(delta), (1, vec![1; 3], 0, vec![]));
    let delta = record(&mut ledger, &first, &[candidate(7, 1, 4.5), candidate(9, 1, 5.5)]).unwrap();
    assert_eq!(told(delta), (2, vec![2, 1], 2, vec![(p(8), p(1), 6.0, 1), (p(9), p(2), 5.0, 1)]));
    assert_eq!(
        ledger.lost().unwrap().iter().map(|one| (one.lost_in, one.cause)).collect::<Vec<_>>(),
        [(2, LossCause::BelowCriterion); 2]
    );
    let listed = |filter: &CandidateFilter| ledger.candidates(filter).unwrap();
    let all = listed(&CandidateFilter::default());
    assert_eq!(
        all,
        [
            CurrentCandidate { candidate: candidate(9, 1, 5.5), run: 2, first_run: 1 },
            CurrentCandidate { candidate: candidate(7, 1, 4.5), run: 2, first_run: 2 },
        ]
    );
    assert_eq!(listed(&CandidateFilter { family: Some(p(7)), ..Default::default() }), all[1..]);
    assert_eq!(listed(&CandidateFilter { child: Some(p(1)), limit: Some(1), ..Default::default() }), all[..1]);
    assert_eq!(listed(&CandidateFilter { family: Some(p(7)), child: Some(p(2)), ..Default::default() }), []);
    assert_eq!(ledger.last_run().unwrap(), Some((2, first)));
}

/// Two threads read the candidates: the halves are of families below and from 0x80 on.
#[test]
fn both_halves_of_the_candidates_stand_in_order() {
    let (_dir, _path, mut ledger) = ledger();
    let pairs = [(0x00, 3), (0x7f, 1), (0x7f, 2), (0x80, 1), (0xff, 9)];
    for few in [&pairs[..0], &pairs[..1], &pairs[3..4], &pairs[..3], &pairs[3..], &pairs[..]] {
        let mut given: Vec<Candidate> = few.iter().map(|&(family, child)| candidate(family, child, 5.0)).collect();
        given.reverse();
        record_now(&mut ledger, &given).unwrap();
        let order: Vec<_> = ledger.standing().unwrap().candidates().iter().map(Candidate::pair).collect();
        let expected: Vec<_> = few.iter().map(|&(family, child)| (p(family), p(child))).collect();
        assert_eq!(order, expected);
    }
    let damage = "UPDATE candidate SET log10_lr = 6 WHERE substr(family, 1, 1) = x'ff'";
    ledger.connection.execute_batch(damage).unwrap();
    assert!(matches!(ledger.standing(), Err(LedgerError::Damaged { .. })));
}

#[test]
fn equal_ratios_are_ordered_by_pseudonym() {
    let (_dir, _path, mut ledger) = ledger();
    let given = [candidate(9, 2, 5.0), candidate(8, 3, 5.0), candidate(9, 1, 5.0), candidate(1, 1, -5.0)];
    record_now(&mut ledger, &given).unwrap();
    let all = ledger.candidates(&CandidateFilter::default()).unwrap();
    let order: Vec<_> = all.iter().map(|c| (c.candidate.family, c.candidate.child)).collect();
    assert_eq!(order, [(p(8), p(3)), (p(9), p(1)), (p(9), p(2)), (p(1), p(1))]);
}

#[test]
fn runs_that_are_none_are_refused() {
    let (_dir, _path, mut ledger) = ledger();
    let good = run(&ledger);
    record(&mut ledger, &good, &[candidate(9, 1, 5.0)]).unwrap();
    for ratio in [f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
        let result = record(&mut ledger, &good, &[candidate(9, 2, ratio)]);
        assert!(matches!(result, Err(LedgerError::NotFinite { .. })));
    }
    let result = record(&mut ledger, &good, &[candidate(9, 2, 5.0), candidate(8, 2, 5.0), candidate(9, 2, 5.0)]);
    assert!(matches!(result, Err(LedgerError::RepeatedCandidate { .. })));
    let result = record(&mut ledger, &RunRecord { manifest: "{".to_owned(), ..good.clone() }, &[]);
    assert!(matches!(result, Err(LedgerError::Database(_))));
    import(&mut ledger, vec![child(2, 1, ["14", "22"])]);
    assert!(matches!(record(&mut ledger, &good, &[]), Err(LedgerError::Stale { run: 0, ledger: 1 })));
    assert_eq!(ledger.candidates(&CandidateFilter::default()).unwrap().len(), 1);
    assert_eq!(ledger.last_run().unwrap().unwrap().0, 1);
}

/// Imports families 8 and 9, of which 9 could not be scored, and returns the run.
fn with_unscorable(ledger: &mut Ledger) -> RunRecord {
    import(ledger, vec![relative(2, 8, 1, Relation::Father), relative(3, 9, 2, Relation::Father)]);
    let unscorable =
        |family| Unscorable { family: p(family), locus: "vWA".parse().unwrap(), reason: "too many".into() };
    let manifest = format!(r#"{{"unscorable":["{}"]}}"#, p(9));
    let run = RunRecord { unscorable: Some(vec![unscorable(8), unscorable(9)]), manifest, ..run(ledger) };
    record(ledger, &run, &[]).unwrap();
    assert_eq!(ledger.last_run().unwrap(), Some((1, run.clone())));
    run
}

#[test]
fn an_edited_run_is_as_sound_as_it_was() {
    for is_sound in [true, false] {
        let (_dir, _path, mut ledger) = ledger();
        let before = with_unscorable(&mut ledger);
        if !is_sound {
            ledger.connection.execute("UPDATE run SET families = families + 1", []).unwrap();
        }
        let scope = Scope { samples: [p(2)].into(), families: [p(9)].into(), ..Scope::default() };
        assert_eq!(ledger.expunge(&scope, &[], TEST).unwrap().manifests, 1);
        match ledger.last_run() {
            Ok(run) => {
                let run = run.unwrap().1;
                assert!(is_sound && run.manifest == r#"{"unscorable":[]}"#);
                assert_eq!(run.unscorable.unwrap(), before.unscorable.unwrap()[..1]);
            }
            Err(error) => assert!(!is_sound && matches!(error, LedgerError::Damaged { .. })),
        }
        let left: i64 = ledger.connection.query_row("SELECT count(*) FROM unscorable", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 1);
    }
}

#[test]
fn a_run_names_families_by_their_new_pseudonyms_after_a_change_of_key() {
    let (_dir, _path, mut ledger) = ledger();
    with_unscorable(&mut ledger);
    let renamed = Renamed {
        samples: [(p(1), p(31)), (p(2), p(32))].into(),
        families: [(p(8), p(49)), (p(9), p(48))].into(),
        ..Renamed::default()
    };
    assert_eq!(ledger.rekey([2; 8], key().as_ref(), &renamed, &[], TEST).unwrap().manifests, 1);
    let run = ledger.last_run().unwrap().unwrap().1;
    assert_eq!(run.manifest, format!(r#"{{"unscorable":["{}"]}}"#, p(48)));
    assert_eq!(run.unscorable.unwrap().iter().map(|one| one.family).collect::<Vec<_>>(), [p(48), p(49)]);
}

#[test]
fn damage_to_any_part_of_the_last_run_is_noticed() {
    for damage in [
        "UPDATE run SET mode = 'delta'",
        "UPDATE run SET generation = generation + 1",
        "UPDATE run SET digest = zeroblob(32)",
        "UPDATE run SET basis = NULL",
        "UPDATE run SET manifest = '{}'",
        "UPDATE run SET min_loci = NULL",
        "UPDATE run SET min_loci = 9",
        "UPDATE run SET pairs_not_comparable = 0",
        "UPDATE run SET unscorable = NULL",
        "UPDATE unscorable SET family = zeroblob(16) WHERE family = (SELECT min(family) FROM unscorable)",
        "UPDATE unscorable SET locus = 'FGA'",
        "UPDATE unscorable SET locus = ''",
        "UPDATE unscorable SET reason = 'another'",
        "DELETE FROM unscorable WHERE family = (SELECT min(family) FROM unscorable)",
        "DELETE FROM unscorable",
        "INSERT INTO unscorable SELECT run_id, zeroblob(16), locus, reason FROM unscorable LIMIT 1",
    ] {
        let (_dir, _path, mut ledger) = ledger();
        with_unscorable(&mut ledger);
        assert_eq!(ledger.verify().unwrap(), [""; 0]);
        ledger.connection.execute_batch(damage).unwrap();
        assert!(matches!(ledger.last_run(), Err(LedgerError::Damaged { .. })), "{damage}");
        let found = ledger.verify().unwrap();
        assert!(found.iter().any(|finding| finding.contains("run 1")), "{damage}: {found:?}");
    }
}

#[test]
fn a_run_builds_on_how_the_candidates_stand() {
    let (_dir, _path, mut ledger) = ledger();
    let first = run(&ledger);
    let before = ledger.standing().unwrap();
    ledger.record_run(&first, &[candidate(9, 1, 5.0)], &before, TEST).unwrap();
    assert!(
        matches!(ledger.record_run(&first, &[], &before, TEST), Err(LedgerError::Stale { .. })),
        "a run came between"
    );
    let before = ledger.standing().unwrap();
    let known = candidate(9, 1, 5.0);
    assert_eq!(before.candidates(), std::slice::from_ref(&known));
    import(&mut ledger, vec![child(2, 1, ["14", "22"])]);
    let now = run(&ledger);
    assert!(
        matches!(ledger.record_run(&now, &[], &before, TEST), Err(LedgerError::Stale { .. })),
        "an import came between"
    );
    assert_eq!(ledger.standing().unwrap().candidates(), [known]);
    // Families between, before and after the current ones.
    let (all, mut expected) = ([3, 9, 6, 12, 1, 8], vec![2; 6]);
    let given = all.map(|family| candidate(family, 1, 5.0));
    expected[1] = 1;
    let delta = record_now(&mut ledger, &given).unwrap();
    assert_eq!(told(delta), (2, expected, 0, vec![]));
    let delta = record_now(&mut ledger, &[given[4].clone(), given[2].clone()]).unwrap();
    let lost: Vec<i64> = delta.lost.iter().map(|one| one.first_run).collect();
    assert_eq!((delta.run, delta.first_runs, delta.withdrawn, lost), (3, vec![2; 2], 4, vec![2, 2, 1, 2]));
    let mut left = ledger.candidates(&CandidateFilter::default()).unwrap();
    left.sort_by_key(|one| one.candidate.pair());
    let families: Vec<_> = left.iter().map(|one| (one.candidate.family, one.run)).collect();
    assert_eq!(families, [(p(1), 2), (p(6), 2)]);
}

/// A run that takes what stays from the last one leaves the same ledger as one that brings everything again.
#[test]
fn candidates_that_are_taken_over_are_as_those_found_again() {
    let pairs = |of: &[(u8, u8, f64)]| -> Vec<Candidate> {
        of.iter().map(|&(family, child, log10_lr)| candidate(family, child, log10_lr)).collect()
    };
    let first = pairs(&[(1, 1, 5.0), (1, 2, 6.0), (3, 1, 7.0), (5, 1, 8.0), (5, 2, 9.0), (9, 1, 4.0)]);
    // Families 3 and 5 are compared again: one pair stays the same, one changes, one is lost; others come in between.
    let fresh = pairs(&[(5, 2, 9.5), (3, 2, 4.5), (3, 1, 7.0), (4, 1, 4.0), (0, 1, 4.0), (10, 1, 4.0)]);
    let stays = |one: &Candidate| ![p(3), p(5)].contains(&one.family);
    let all: Vec<Candidate> = first.iter().filter(|one| stays(one)).chain(&fresh).cloned().collect();
    let [(told_again, again), (told_taken, taken)] = [false, true].map(|takes| {
        let (_dir, _path, mut ledger) = ledger();
        record_now(&mut ledger, &first).unwrap();
        let run = run(&ledger);
        let mut before = ledger.standing().unwrap();
        let mut all = all.clone();
        all.sort_by_key(Candidate::pair);
        if takes {
            assert_eq!(before.with(fresh.clone(), stays), all);
            assert_eq!(before.candidates().len(), 3);
        }
        let delta = ledger.record_run(&run, &all, &before, TEST).unwrap();
        (told(delta), ledger.candidates(&CandidateFilter::default()).unwrap())
    });
    assert_eq!(told_taken, told_again);
    assert_eq!(told_taken, (2, vec![2, 1, 1, 1, 2, 2, 1, 1, 2], 1, vec![(p(5), p(1), 8.0, 1)]));
    assert_eq!(taken, again);
}

#[test]
#[should_panic(expected = "a run has the candidates that were taken for it")]
fn a_run_without_what_was_taken_is_none() {
    let (_dir, _path, mut ledger) = ledger();
    record_now(&mut ledger, &[candidate(1, 1, 5.0)]).unwrap();
    let run = run(&ledger);
    let mut before = ledger.standing().unwrap();
    drop(before.with(vec![candidate(2, 1, 5.0)], |_| true));
    let _ = ledger.record_run(&run, &[candidate(2, 1, 5.0)], &before, TEST);
}

#[test]
fn replaced_data_takes_its_candidates_along() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["14", "22"])]);
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father), relative(3, 8, 6, Relation::Father)]);
    let all = [candidate(9, 1, 5.0), candidate(9, 2, 5.0), candidate(8, 2, 5.0)];
    record_now(&mut ledger, &all).unwrap();
    let mut replace =
        |row| ledger.import(&batch(vec![row]), OnConflict::Replace, false, TEST).unwrap().candidates_deleted;
    assert_eq!(replace(SampleRecord { sex: Sex::Male, ..child(2, 1, ["14", "22"]) }), 0, "the sex is not compared");
    assert_eq!(replace(SampleRecord { sex: Sex::Male, ..child(2, 1, ["14", "23"]) }), 1);
    assert_eq!(replace(SampleRecord { profile: profile(&["14", ""]), ..relative(2, 9, 5, Relation::Father) }), 1);
    assert_eq!(replace(SampleRecord { sex: Sex::Male, ..relative(2, 8, 6, Relation::PaternalUncle) }), 1);
    assert_eq!(ledger.counts().unwrap().candidates, 0);
}

#[test]
fn pages_of_candidates_put_together_are_the_whole_list() {
    let (_dir, _path, mut ledger) = ledger();
    let of_loci = |n: u8| Candidate {
        loci_compared: 20 + u32::from(n % 3),
        incompatible_loci: u32::from(n % 2),
        ..candidate(n, 9 - n % 3, f64::from(n % 4))
    };
    let first: Vec<Candidate> = (1..=9).map(of_loci).collect();
    record_now(&mut ledger, &first).unwrap();
    let second: Vec<Candidate> = first.iter().cloned().chain([candidate(20, 1, 2.0), candidate(21, 1, -1.0)]).collect();
    record_now(&mut ledger, &second).unwrap();
    let whole = ledger.candidates(&CandidateFilter::default()).unwrap();
    let newest: Vec<CurrentCandidate> = {
        let mut all = whole.clone();
        all.sort_by_key(|one| std::cmp::Reverse(one.first_run));
        all
    };
    let by = |key: fn(&CurrentCandidate) -> (i64, Option<Pseudonym>)| {
        let mut all = whole.clone();
        all.sort_by_key(key);
        all
    };
    let expected = |order: SliceOrder| match order {
        SliceOrder::Rank => whole.clone(),
        SliceOrder::Newest => newest.clone(),
        SliceOrder::Oldest => by(|one| (one.first_run, None)),
        SliceOrder::Family => by(|one| (0, Some(one.candidate.family))),
        SliceOrder::Child => by(|one| (0, Some(one.candidate.child))),
        SliceOrder::MostLoci => by(|one| (-i64::from(one.candidate.loci_compared), None)),
        SliceOrder::FewestIncompatible => by(|one| (one.candidate.incompatible_loci.into(), None)),
    };
    for (at, one) in whole.iter().enumerate() {
        let behind = whole.iter().filter(|other| SlicePlace::from(one).is_before(other));
        assert!(behind.eq(&whole[at + 1..]), "{one:?}");
    }
    for order in SliceOrder::ALL {
        let expected = expected(order);
        assert!(order == SliceOrder::Rank || expected != whole, "{order:?}: the test would not see another order");
        for most in [1, 2, 3, 50] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = ledger.candidate_slice(&SliceFilter::default(), order, after.as_ref(), most).unwrap();
                let Some(last) = page.last() else { break };
                after = Some(SlicePlace::from(last));
                seen.extend(page);
            }
            assert_eq!(seen, expected, "{order:?}, {most} a page");
        }
    }
    let select = |filter: SliceFilter| -> Vec<(Pseudonym, Pseudonym)> {
        let found = ledger.candidate_slice(&filter, SliceOrder::Rank, None, 50).unwrap();
        assert_eq!(ledger.count_slice(&filter).unwrap(), found.len() as u64, "{filter:?}");
        found.into_iter().map(|one| (one.candidate.family, one.candidate.child)).collect()
    };
    let of_pair = |from: u8, to: u8| SliceFilter { between: Some((p(from), p(to))), ..SliceFilter::default() };
    assert_eq!(select(of_pair(20, 30)), [(p(20), p(1)), (p(21), p(1))]);
    assert_eq!(select(of_pair(1, 1)), [(p(20), p(1)), (p(1), p(8)), (p(21), p(1))], "of the family or the child");
    let best = select(SliceFilter { min_log10_lr: Some(3.0), ..SliceFilter::default() });
    assert_eq!(best, [(p(3), p(9)), (p(7), p(8))]);
    assert_eq!(select(SliceFilter { first_run: Some(2), ..SliceFilter::default() }).len(), 2);
    assert_eq!(select(SliceFilter { reviewed: Some(true), ..SliceFilter::default() }), []);
    assert_eq!(select(SliceFilter { reviewed: Some(false), ..SliceFilter::default() }).len(), 11);
}
