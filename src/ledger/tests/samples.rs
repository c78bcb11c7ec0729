//! Tests samples of children and relatives.

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
    // The sample is in two families.
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
    ledger.record_run(&run, &[same.clone(), candidate(9, 2, 5.0)], &standing, TEST).unwrap();
    let listed = ledger.candidates(&CandidateFilter::default()).unwrap();
    assert_eq!(
        listed.iter().map(|one| one.candidate.clone()).collect::<Vec<_>>(),
        [candidate(9, 2, 5.0), same.clone()]
    );
    // The numbers are the same, but the pair is no longer an identity.
    let standing = ledger.standing().unwrap();
    assert_eq!(standing.candidates()[0], same);
    ledger.record_run(&run, &[candidate(9, 1, 8.0), candidate(9, 2, 5.0)], &standing, TEST).unwrap();
    assert_eq!(ledger.candidates(&CandidateFilter::default()).unwrap()[0].candidate, candidate(9, 1, 8.0));
}

#[test]
fn families_and_children_are_read_by_name_each_once_and_strangers_are_left_out() {
    let (_dir, _path, mut ledger) = ledger();
    let panel = Panel::new(loci(&["vWA"])).unwrap();
    import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["15", "22"]), child(4, 3, ["16", "22"])]);
    let father = |line, family, sample| relative(line, family, sample, Relation::Father);
    import(&mut ledger, vec![father(2, 9, 5), father(3, 10, 6), father(4, 11, 7)]);
    ledger.withdraw(&[p(10)], Some("other"), TEST).unwrap();
    let families = |named: &[Pseudonym]| -> Vec<Pseudonym> {
        let found = ledger.families_named(&panel, named).unwrap();
        assert!(found.iter().all(|family| Some(family) == ledger.family(&panel, family.pseudonym).unwrap().as_ref()));
        found.iter().map(|family| family.pseudonym).collect()
    };
    assert_eq!(families(&[p(11), p(10), p(99), p(5), p(11)]), [p(10), p(11)], "withdrawn or not");
    assert_eq!(families(&[]), []);
    let children = ledger.children_named(&panel, &[p(3), p(1), p(5), p(99), p(1)]).unwrap();
    assert_eq!(children.iter().map(|child| child.pseudonym).collect::<Vec<_>>(), [p(1), p(3)]);
    assert_eq!(children[1].profile, profile(&["16"]));
    assert_eq!(ledger.child(&panel, p(2)).unwrap().unwrap().profile, profile(&["15"]));
    assert_eq!(ledger.children_named(&panel, &[]).unwrap(), []);
    assert_eq!((ledger.child(&panel, p(5)).unwrap(), ledger.family(&panel, p(1)).unwrap()), (None, None));
}
