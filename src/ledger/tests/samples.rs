//! Samples of either side.

use super::*;

fn names(ledger: &Ledger, which: Samples) -> Vec<(Pseudonym, bool)> {
    let mut all = Vec::new();
    let push = |one: Sample| {
        assert!(one.sample.profile.typed_loci() > 0);
        all.push((one.sample.pseudonym, one.is_child));
        Ok::<_, LedgerError>(())
    };
    ledger.samples(&Panel::new(loci(&["FGA"])).unwrap(), which, push).unwrap();
    all.sort_unstable();
    all
}

#[test]
fn each_side_has_its_samples_but_those_of_withdrawn_families() {
    let (_dir, _path, mut ledger) = ledger();
    let father = relative(1, 1, 101, Relation::Father);
    // In two families.
    let uncle = SampleRecord { family: Some((p(2), Relation::PaternalUncle)), line: 2, ..father.clone() };
    import(&mut ledger, vec![father, uncle, relative(3, 2, 102, Relation::Mother)]);
    import(&mut ledger, vec![child(1, 50, ["14", "22"]), child(2, 51, ["14", "22"])]);
    let (relatives, found) = ([(p(101), false), (p(102), false)], [(p(50), true), (p(51), true)]);
    assert_eq!(names(&ledger, Samples::Relatives), relatives);
    assert_eq!(names(&ledger, Samples::Children), found);
    assert_eq!(names(&ledger, Samples::LastImport), found);
    assert_eq!(names(&ledger, Samples::All), [found, relatives].concat());
    let members = ledger.memberships().unwrap();
    assert_eq!(members, [(p(101), p(1)), (p(101), p(2)), (p(102), p(2))]);
    ledger.withdraw(&[p(2)], Some("other"), TEST).unwrap();
    assert_eq!(names(&ledger, Samples::Relatives), relatives[..1], "who is in another family stays");
    assert_eq!(ledger.memberships().unwrap(), members[..1]);
    let panel = Panel::new(loci(&["FGA"])).unwrap();
    assert!(ledger.samples(&panel, Samples::All, |_| Err(LedgerError::Mixed("enough"))).is_err());
}

#[test]
fn an_identity_keeps_whose_profile_it_is_and_comes_last() {
    let (_dir, _path, mut ledger) = ledger();
    let same = Candidate { same_as: Some(p(101)), ..candidate(9, 1, 8.0) };
    let run = run(&ledger);
    let standing = ledger.standing().unwrap();
    ledger.record_run(&run, &[same, candidate(9, 2, 5.0)], &standing, TEST).unwrap();
    let listed = ledger.candidates(&CandidateFilter::default()).unwrap();
    assert_eq!(listed.iter().map(|one| one.candidate).collect::<Vec<_>>(), [candidate(9, 2, 5.0), same]);
    // The same numbers, and no identity any more.
    let standing = ledger.standing().unwrap();
    assert_eq!(standing.candidates[0].candidate, same);
    ledger.record_run(&run, &[candidate(9, 1, 8.0), candidate(9, 2, 5.0)], &standing, TEST).unwrap();
    assert_eq!(ledger.candidates(&CandidateFilter::default()).unwrap()[0].candidate, candidate(9, 1, 8.0));
}
