//! Tests the rules of a review exhaustively, against rules that are written in another way, and against forgers.

use super::*;
use crate::audit::ReviewerKey;
use crate::model::Pseudonym;

const STORE: [u8; 16] = [9; 16];

fn basis(n: u8) -> Basis {
    let digest = Digest([n; 32]);
    Basis { profiles: digest, relatives: digest, model: digest, log10_lr: Some(7.5), run: Some(3), run_digest: None }
}

fn code(decision: Decision) -> ReasonCode {
    match decision {
        Decision::Confirm => ReasonCode::ProfilesAgree,
        Decision::Refute => ReasonCode::ProfilesContradict,
        Decision::Retest => ReasonCode::TooFewLoci,
    }
}

fn decided((staff, key): (&str, u8), decision: Decision, of: u8, rechecks: u32) -> Event {
    Event::Decision(Decided {
        staff: staff.parse().unwrap(),
        key: Digest([key; 32]),
        decision,
        code: code(decision),
        text: None,
        basis: basis(of),
        rechecks,
    })
}

fn content(event: Event) -> Content {
    Content { at: 1_700_000_000, uid: 1000, user: "ada".to_owned(), event }
}

fn retest(agrees: bool) -> Event {
    Event::Retest { agrees, loci: 20, differing: 0, profile: Digest([1; 32]) }
}

fn typing(agrees: bool) -> Event {
    Event::Typing { agrees, loci: 20, differing: u32::from(!agrees), by: "import".to_owned() }
}

fn rival() -> Event {
    Event::Conflict { with: vec![Conflict::ChildConfirmed] }
}

fn present(basis: &Basis, rechecks: u32) -> Present<'_> {
    Present { basis, rechecks, is_in_conflict: false }
}

/// A symbol of the exhaustive test.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Symbol {
    /// A decision of a reviewer.
    By(usize, Decision),
    /// A further typing or sample is recorded; both count alike, so they are taken in turn.
    Sample(bool),
    /// Another confirmed pair has the same family or child.
    Rival,
    /// The profiles become others.
    Other,
}

/// The rules, written over the whole history instead of step by step: what an accepted history means.
///
/// Each accepted symbol is kept with the basis and the number of rechecks at its time.
#[derive(Clone, Default)]
struct Rule {
    accepted: Vec<(Symbol, u8, u32)>,
    present: u8,
    rechecks: u32,
}

impl Rule {
    /// Returns where the verdicts begin that may still count: after the last retest decision or contradicting sample.
    fn begin(&self) -> usize {
        let voids = |symbol: &Symbol| matches!(symbol, Symbol::By(_, Decision::Retest) | Symbol::Sample(false));
        self.accepted.iter().rposition(|(symbol, ..)| voids(symbol)).map_or(0, |at| at + 1)
    }

    /// Returns the verdicts since then, in pairs: a verdict is paired with the next one on the same basis.
    fn pairs(&self) -> Vec<Vec<(usize, Decision, u8)>> {
        let mut pairs: Vec<Vec<(usize, Decision, u8)>> = Vec::new();
        for (symbol, of, _) in &self.accepted[self.begin()..] {
            if let Symbol::By(who, decision) = *symbol {
                match pairs.last_mut() {
                    Some(last) if last.len() == 1 && last[0].2 == *of => last.push((who, decision, *of)),
                    Some(last) if last.len() == 1 => *last = vec![(who, decision, *of)],
                    _ => pairs.push(vec![(who, decision, *of)]),
                }
            }
        }
        pairs
    }

    /// Returns the basis and rechecks of a request that nothing has answered.
    fn request(&self) -> Option<(u8, u32)> {
        let answers = |symbol: &Symbol| matches!(symbol, Symbol::Sample(_));
        let at = self.accepted.iter().rposition(|(symbol, ..)| matches!(symbol, Symbol::By(_, Decision::Retest)))?;
        let (_, of, rechecks) = self.accepted[at];
        let answered = self.accepted[at + 1..].iter().any(|(symbol, ..)| answers(symbol));
        let decided = self.accepted[at + 1..].iter().any(|(symbol, ..)| matches!(symbol, Symbol::By(..)));
        (!answered && !decided).then_some((of, rechecks))
    }

    /// Reports whether a conflict was recorded since the last decision.
    fn contested(&self) -> bool {
        let since = self.accepted.iter().rev().take_while(|(symbol, ..)| !matches!(symbol, Symbol::By(..)));
        since.into_iter().any(|(symbol, ..)| *symbol == Symbol::Rival)
    }

    /// Reports whether the last state that two agreeing verdicts made is a confirmation.
    fn was_confirmed(&self) -> bool {
        let before = |length| Self { accepted: self.accepted[..length].to_vec(), ..*self }.status();
        let decided = |status: &Status| matches!(status, Status::Confirmed | Status::Refuted);
        (0..=self.accepted.len()).rev().map(before).find(decided) == Some(Status::Confirmed)
    }

    fn status(&self) -> Status {
        let verdicts = self.pairs();
        let Some(last) = verdicts.last() else {
            return match self.accepted[..self.begin()].last() {
                None if self.accepted.is_empty() => Status::New,
                None => Status::New,
                Some((Symbol::Sample(_), ..)) => Status::Reopened,
                Some(_) if self.request().is_some() => Status::RetestRequested,
                Some(_) => Status::InReview,
            };
        };
        match last[..] {
            [(_, Decision::Confirm, _)] => Status::ConfirmedOnce,
            [_] => Status::InReview,
            [(_, one, _), (_, other, _)] if one == other => {
                if one == Decision::Confirm {
                    Status::Confirmed
                } else {
                    Status::Refuted
                }
            }
            _ => Status::Reopened,
        }
    }

    /// Reports whether the rules allow the next symbol, and takes it in.
    fn next(&mut self, symbol: Symbol) -> bool {
        let waits = self.request().is_some_and(|(of, rechecks)| of == self.present && rechecks >= self.rechecks);
        let allowed = match symbol {
            Symbol::By(..) if waits => false,
            Symbol::By(_, Decision::Retest) | Symbol::Sample(_) | Symbol::Other => true,
            Symbol::Rival => self.status() == Status::Confirmed,
            Symbol::By(who, _) => match self.pairs().last().map(Vec::as_slice) {
                Some([(first, _, of)]) => first != &who || *of != self.present,
                Some([(_, one, of), (_, other, _)]) => one != other || *of != self.present || self.contested(),
                _ => true,
            },
        };
        match symbol {
            _ if !allowed => return false,
            Symbol::Other => self.present = 1 - self.present,
            Symbol::Sample(agrees) => {
                self.rechecks += u32::from(agrees);
                self.accepted.push((symbol, self.present, self.rechecks));
            }
            Symbol::By(..) | Symbol::Rival => self.accepted.push((symbol, self.present, self.rechecks)),
        }
        true
    }
}

const REVIEWERS: [(&str, u8); 3] = [("A", 1), ("B", 2), ("C", 3)];

fn symbols() -> Vec<Symbol> {
    let by = |who| Decision::ALL.iter().map(move |decision| Symbol::By(who, *decision));
    let mut all: Vec<Symbol> = (0..3).flat_map(by).collect();
    all.extend([Symbol::Sample(true), Symbol::Sample(false), Symbol::Rival, Symbol::Other]);
    all
}

/// Applies a symbol, and returns whether it was allowed.
fn apply(standing: &mut Standing, number: u64, symbol: Symbol, present: u8, rechecks: u32) -> bool {
    let event = match symbol {
        Symbol::By(who, decision) => decided(REVIEWERS[who], decision, present, rechecks),
        Symbol::Sample(agrees) if number.is_multiple_of(2) => retest(agrees),
        Symbol::Sample(agrees) => typing(agrees),
        Symbol::Rival => rival(),
        Symbol::Other => return true,
    };
    standing.apply(number, &content(event)).is_ok()
}

/// Goes through all sequences of this many symbols, and counts the states that two verdicts confirmed.
fn explore(standing: &Standing, rule: &Rule, left: usize, confirmed: &mut u64, seen: &mut u64) {
    *seen += 1;
    assert_eq!(standing.status(), rule.status(), "{:?}", rule.accepted);
    assert_eq!(standing.was_confirmed(), rule.was_confirmed(), "{:?}", rule.accepted);
    if standing.status() == Status::Confirmed {
        *confirmed += 1;
        // Written without the rule: the last two verdicts are confirmations of two people on one basis.
        let verdicts: Vec<_> = rule.accepted.iter().filter(|(symbol, ..)| matches!(symbol, Symbol::By(..))).collect();
        let [.., (Symbol::By(a, Decision::Confirm), x, _), (Symbol::By(b, Decision::Confirm), y, _)] = verdicts[..]
        else {
            panic!("{:?}", rule.accepted)
        };
        assert!(a != b && x == y, "{:?}", rule.accepted);
    }
    // Nobody but the first reviewer sees what a waiting verdict says.
    assert_ne!(standing.shown(None), Status::ConfirmedOnce);
    if left == 0 {
        return;
    }
    for symbol in symbols() {
        let (mut next, mut of_rule) = (standing.clone(), rule.clone());
        let allowed = of_rule.next(symbol);
        // A sample that is being recorded counts only afterwards.
        let done = apply(&mut next, rule.accepted.len() as u64 + 1, symbol, rule.present, rule.rechecks);
        assert_eq!(done, allowed, "{:?} and then {symbol:?}", rule.accepted);
        if done {
            explore(&next, &of_rule, left - 1, confirmed, seen);
        } else {
            assert_eq!(next, *standing, "a refused event changes nothing");
        }
    }
}

#[test]
fn all_sequences_of_six_events_agree_with_the_rule_written_otherwise() {
    let (mut confirmed, mut seen) = (0, 0);
    explore(&Standing::of_pair(), &Rule::default(), 6, &mut confirmed, &mut seen);
    assert!(seen > 500_000 && confirmed > 10_000, "{seen} sequences, {confirmed} confirmed");
}

#[test]
fn what_the_first_reviewer_decided_shows_nowhere() {
    // Two histories that differ in the first verdict alone look the same to everybody else.
    let look = |decision| {
        let mut standing = Standing::of_pair();
        let event = content(decided(("A", 1), decision, 0, 1));
        standing.apply(1, &event).unwrap();
        let other: StaffCode = "B".parse().unwrap();
        let views = [None, Some(&other)].map(|viewer| (standing.shown(viewer), standing.shows(1, &event, viewer)));
        let facts =
            (standing.decided_by().len(), standing.changed(&basis(0)), next_action(&standing, &present(&basis(0), 1)));
        // Refusals must not tell, either: of the same reviewer again, and of a step.
        let again = standing.clone().apply(2, &content(decided(("A", 1), Decision::Refute, 0, 1)));
        let date = "2026-01-01".parse().unwrap();
        let step = Event::Step { step: Step::Informed, date, basis: basis(0), rechecks: 1, conflicts: 0 };
        let step = standing.clone().apply(2, &content(step));
        let rival = standing.clone().apply(2, &content(rival()));
        (views, facts, again, step, rival)
    };
    assert_eq!(look(Decision::Confirm), look(Decision::Refute));
    assert_eq!(look(Decision::Confirm).0, [(Status::InReview, false); 2]);
    let mut standing = Standing::of_pair();
    let first = content(decided(("A", 1), Decision::Confirm, 0, 1));
    standing.apply(1, &first).unwrap();
    let own: StaffCode = "A".parse().unwrap();
    assert_eq!((standing.shown(Some(&own)), standing.shows(1, &first, Some(&own))), (Status::ConfirmedOnce, true));
    // The verdict of a voided round stays hidden until two reviewers have decided.
    standing.apply(2, &content(decided(("B", 2), Decision::Refute, 1, 1))).unwrap();
    assert!(!standing.shows(1, &first, None));
    standing.apply(3, &content(decided(("A", 1), Decision::Refute, 1, 1))).unwrap();
    assert!(standing.shows(1, &first, None) && standing.status() == Status::Refuted);
}

#[test]
fn one_person_never_confirms_alone() {
    let people = [("A", 1), ("a", 2), ("B", 1)];
    for (one, other) in [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)] {
        let mut standing = Standing::of_pair();
        standing.apply(1, &content(decided(people[one], Decision::Confirm, 0, 0))).unwrap();
        let again = standing.apply(2, &content(decided(people[other], Decision::Confirm, 0, 0)));
        assert_eq!(again, Err(Refusal::DecidedBefore), "{one} {other}");
        assert_eq!(standing.status(), Status::ConfirmedOnce);
    }
}

fn confirmed() -> Standing {
    let mut standing = Standing::of_pair();
    standing.apply(1, &content(decided(("A", 1), Decision::Confirm, 0, 0))).unwrap();
    standing.apply(2, &content(decided(("B", 2), Decision::Confirm, 0, 0))).unwrap();
    standing
}

fn date(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

fn step(step: Step, day: &str, of: u8, rechecks: u32) -> Content {
    content(Event::Step { step, date: date(day), basis: basis(of), rechecks, conflicts: 0 })
}

/// Returns what is doubted about the last step.
fn doubts(standing: &Standing) -> &[StepDoubt] {
    &standing.steps().last().unwrap().doubts
}

#[test]
fn informing_requires_two_confirmations_a_recheck_an_unchanged_basis_and_no_rival() {
    let informed = step(Step::Informed, "2026-03-01", 0, 1);
    assert_eq!(Standing::of_pair().apply(1, &informed), Err(Refusal::NotConfirmed));
    let mut once = Standing::of_pair();
    once.apply(1, &content(decided(("A", 1), Decision::Confirm, 0, 1))).unwrap();
    assert_eq!(once.apply(2, &informed), Err(Refusal::NotConfirmed));
    let mut standing = confirmed();
    assert_eq!(standing.apply(3, &step(Step::Informed, "2026-03-01", 0, 0)), Err(Refusal::NotRechecked));
    let all = vec![BasisPart::Profiles, BasisPart::Relatives, BasisPart::Model];
    assert_eq!(standing.apply(3, &step(Step::Informed, "2026-03-01", 1, 1)), Err(Refusal::BasisChanged(all)));
    let beside =
        Event::Step { step: Step::Informed, date: date("2026-03-01"), basis: basis(0), rechecks: 1, conflicts: 1 };
    assert_eq!(standing.apply(3, &content(beside)), Err(Refusal::InConflict));
    let early = standing.apply(3, &step(Step::HandedOver, "2026-03-01", 0, 1));
    assert_eq!(early, Err(Refusal::StepOrder { step: Step::HandedOver }));
    standing.apply(3, &informed).unwrap();
    assert_eq!(doubts(&standing), []);
    // A further sample or typing that contradicts opens the pair again, whatever it was.
    for further in [retest(false), typing(false)] {
        let mut standing = confirmed();
        standing.apply(3, &content(further.clone())).unwrap();
        assert_eq!((standing.status(), standing.decided_by().len()), (Status::Reopened, 0));
        assert_eq!(standing.apply(4, &informed), Err(Refusal::NotConfirmed));
        assert_eq!(next_action(&standing, &present(&basis(0), 1)), Some(NextAction::DecideAgain));
        standing.apply(4, &content(decided(("A", 1), Decision::Confirm, 0, 0))).unwrap();
        assert_eq!(standing.apply(5, &informed), Err(Refusal::NotConfirmed));
        standing.apply(5, &content(decided(("C", 3), Decision::Confirm, 0, 0))).unwrap();
        standing.apply(6, &informed).unwrap();
    }
}

#[test]
fn informing_may_not_come_before_the_second_decision_anywhere_on_earth() {
    // Both decisions are of 2023-11-14 22:13 in UTC, and of 2023-11-14 10:13 in UTC-12.
    assert!(confirmed().apply(3, &step(Step::Informed, "2023-11-14", 0, 1)).is_ok());
    let refused = confirmed().apply(3, &step(Step::Informed, "2023-11-13", 0, 1)).unwrap_err();
    let day = date("2023-11-14");
    assert_eq!(refused, Refusal::BeforeConfirmed { date: date("2023-11-13"), decided: day, first: day });
    // In the morning of UTC the day before has not ended everywhere.
    let mut standing = Standing::of_pair();
    standing.apply(1, &content(decided(("A", 1), Decision::Confirm, 0, 0))).unwrap();
    // 2023-11-15 11:59:59 UTC.
    let second = Content { at: 1_700_049_599, ..content(decided(("B", 2), Decision::Confirm, 0, 0)) };
    standing.apply(2, &second).unwrap();
    assert!(standing.clone().apply(3, &step(Step::Informed, "2023-11-14", 0, 1)).is_ok());
    let refused = standing.apply(3, &step(Step::Informed, "2023-11-13", 0, 1)).unwrap_err();
    for day in ["2023-11-13", "2023-11-14", "2023-11-15"] {
        assert!(refused.to_string().contains(day), "{refused}");
    }
    // The decisions of the present round count.
    let mut again = confirmed();
    again.apply(3, &content(typing(false))).unwrap();
    for (number, who) in [(4, ("A", 1)), (5, ("B", 2))] {
        let later = Content { at: 1_800_000_000, ..content(decided(who, Decision::Confirm, 0, 0)) };
        again.apply(number, &later).unwrap();
    }
    let refused = again.apply(6, &step(Step::Informed, "2023-11-14", 0, 1));
    assert!(matches!(refused, Err(Refusal::BeforeConfirmed { .. })), "{refused:?}");
}

#[test]
fn what_follows_informing_is_recorded_in_order_and_says_what_speaks_against_it() {
    let mut informed = confirmed();
    informed.apply(3, &step(Step::Informed, "2026-03-01", 0, 1)).unwrap();
    let refused = informed.apply(4, &step(Step::Recognised, "2026-02-28", 0, 1)).unwrap_err();
    let (day, first) = (date("2026-02-28"), date("2026-03-01"));
    assert_eq!(refused, Refusal::BeforeStep { date: day, before: Step::Informed, first });
    assert!(refused.to_string().contains("2026-02-28 is before 2026-03-01, the date of the step informed"));
    let mut standing = informed.clone();
    standing.apply(4, &step(Step::Recognised, "2026-03-01", 0, 1)).unwrap();
    assert_eq!(doubts(&standing), []);
    let mut placed = standing.clone();
    placed.apply(5, &step(Step::Placed, "2026-03-03", 0, 1)).unwrap();
    assert!(placed.apply(6, &step(Step::HandedOver, "2026-03-04", 0, 1)).is_err());
    standing.apply(5, &step(Step::HandedOver, "2026-03-03", 0, 1)).unwrap();
    assert!(standing.apply(6, &step(Step::Placed, "2026-03-04", 0, 1)).is_err());
    standing.apply(6, &step(Step::Registered, "2026-03-04", 0, 1)).unwrap();
    // On another basis, without a recheck, beside a rival, and after the pair was opened again.
    let mut standing = informed.clone();
    standing.apply(4, &step(Step::Recognised, "2026-03-02", 1, 0)).unwrap();
    assert_eq!(doubts(&standing), [StepDoubt::BasisChanged, StepDoubt::NotRechecked]);
    assert_eq!(standing.steps()[1].changed, BasisPart::ALL);
    let handed =
        Event::Step { step: Step::HandedOver, date: date("2026-03-02"), basis: basis(0), rechecks: 1, conflicts: 2 };
    standing.apply(5, &content(handed)).unwrap();
    assert_eq!(doubts(&standing), [StepDoubt::InConflict]);
    informed.apply(4, &content(typing(false))).unwrap();
    informed.apply(5, &step(Step::Recognised, "2026-03-02", 0, 1)).unwrap();
    assert_eq!(doubts(&informed), [StepDoubt::NotConfirmed]);
    assert_eq!(informed.status(), Status::Reopened, "a step does not confirm");
}

#[test]
fn a_rival_lets_both_decide_again_and_shows_no_decision() {
    let look = |decision| {
        let mut standing = confirmed();
        standing.apply(3, &content(rival())).unwrap();
        assert_eq!(standing.status(), Status::Confirmed, "only decisions change that");
        standing.apply(4, &content(decided(("C", 3), decision, 0, 0))).unwrap();
        assert_eq!(standing.clone().apply(5, &content(rival())), Err(Refusal::NotConfirmed));
        (standing.shown(None), standing.decided_by().len(), next_action(&standing, &present(&basis(0), 1)))
    };
    assert_eq!(look(Decision::Confirm), look(Decision::Refute));
    assert_eq!(look(Decision::Refute), (Status::InReview, 1, Some(NextAction::SecondDecision)));
    assert_eq!(Standing::of_pair().apply(1, &content(rival())), Err(Refusal::NotConfirmed));
    let without = confirmed().apply(3, &content(decided(("C", 3), Decision::Refute, 0, 0)));
    assert_eq!(without, Err(Refusal::Decided(Status::Confirmed)));
}

#[test]
fn the_next_action_follows_from_the_present_data() {
    let next = |events: &[Event], of, rechecks, is_in_conflict| {
        let mut standing = Standing::of_pair();
        for (number, event) in (1..).zip(events) {
            standing.apply(number, &content(event.clone())).unwrap();
        }
        next_action(&standing, &Present { basis: &basis(of), rechecks, is_in_conflict })
    };
    let by = |who, decision| decided(REVIEWERS[who], decision, 0, 0);
    let asked = [by(0, Decision::Retest)];
    assert_eq!(next(&asked, 0, 0, false), Some(NextAction::Retest));
    assert_eq!(next(&asked, 0, 1, false), Some(NextAction::Decide), "a further typing agrees");
    assert_eq!(next(&asked, 1, 0, false), Some(NextAction::Decide), "the profile was replaced");
    for further in [typing(true), retest(true)] {
        assert_eq!(next(&[by(0, Decision::Retest), further], 0, 1, false), Some(NextAction::Decide));
    }
    assert_eq!(next(&[by(0, Decision::Retest), typing(false)], 0, 0, false), Some(NextAction::DecideAgain));
    let both = [by(0, Decision::Confirm), by(1, Decision::Confirm)];
    assert_eq!(next(&both, 0, 0, false), Some(NextAction::Recheck));
    assert_eq!(next(&both, 0, 1, false), Some(NextAction::Inform));
    assert_eq!(next(&both, 0, 1, true), Some(NextAction::ResolveConflict));
    assert_eq!(next(&both, 1, 1, true), Some(NextAction::DecideAgain));
    assert_eq!(next(&[by(0, Decision::Refute), by(1, Decision::Refute)], 0, 1, true), None);
    // After the end, another model calls nobody, but another profile, a rival and a contradicting sample do.
    let steps = [Step::Informed, Step::Placed].map(|step| Event::Step {
        step,
        date: date("2026-03-01"),
        basis: basis(0),
        rechecks: 1,
        conflicts: 0,
    });
    let ended = [&both[..], &steps].concat();
    assert_eq!(next(&ended, 0, 1, false), None);
    assert_eq!(next(&ended, 0, 0, false), None);
    assert_eq!(next(&ended, 0, 1, true), Some(NextAction::ResolveConflict));
    assert_eq!(next(&ended, 1, 1, false), Some(NextAction::DecideAgain));
    assert_eq!(next(&[&ended[..], &[retest(false)]].concat(), 0, 1, false), Some(NextAction::DecideAgain));
    let mut standing = Standing::of_pair();
    for (number, event) in (1..).zip(&ended) {
        standing.apply(number, &content(event.clone())).unwrap();
    }
    let of_model = Basis { model: Digest([7; 32]), relatives: Digest([7; 32]), ..basis(0) };
    assert_eq!(next_action(&standing, &present(&of_model, 1)), None);
}

#[test]
fn reasons_fit_decisions_and_words_are_those_of_serde() {
    for (decision, code, text, refusal) in [
        (Decision::Confirm, ReasonCode::ProfilesContradict, None, Some(Refusal::Code)),
        (Decision::Refute, ReasonCode::ProfilesAgree, None, Some(Refusal::Code)),
        (Decision::Retest, ReasonCode::RetestAgrees, None, Some(Refusal::Code)),
        (Decision::Confirm, ReasonCode::Other, None, Some(Refusal::Text)),
        (Decision::Confirm, ReasonCode::Other, Some("see the file"), None),
    ] {
        let Event::Decision(decided) = decided(("A", 1), decision, 0, 0) else { unreachable!() };
        let event = Event::Decision(Decided { code, text: text.map(str::to_owned), ..decided });
        assert_eq!(Standing::of_pair().apply(1, &content(event)).err(), refusal, "{decision} {code}");
    }
    fn all<T: Copy + serde::Serialize + std::str::FromStr + PartialEq>(all: &[T], word: fn(T) -> &'static str) {
        for &one in all {
            assert_eq!(serde_json::to_value(one).unwrap(), word(one));
            assert!(word(one).parse().is_ok_and(|parsed: T| parsed == one));
        }
    }
    all(Decision::ALL, Decision::word);
    all(ReasonCode::ALL, ReasonCode::word);
    all(Status::ALL, Status::word);
    all(BasisPart::ALL, BasisPart::word);
    all(Step::ALL, Step::word);
    all(Deadline::ALL, Deadline::word);
    all(NextAction::ALL, NextAction::word);
    all(Conflict::ALL, Conflict::word);
    all(StepDoubt::ALL, StepDoubt::word);
    for bad in ["", "two words", "-x", "名", &"x".repeat(21)] {
        assert!(bad.parse::<StaffCode>().is_err(), "{bad}");
    }
}

#[test]
fn deadlines_are_counted_from_the_day_of_finding() {
    let mut standing = Standing::of_child();
    let done = |deadline, day: &str| content(Event::Done { deadline, date: date(day) });
    assert_eq!(standing.apply(1, &done(Deadline::Transfer, "2026-01-31")), Err(Refusal::NotFound));
    standing.apply(1, &content(Event::Found { date: date("2026-01-31") })).unwrap();
    let due = |standing: &Standing, on: &str| -> Vec<(Deadline, String, i32)> {
        let due = standing.clocks().due(date(on));
        due.into_iter().map(|one| (one.deadline, one.due.to_string(), one.overdue_days)).collect()
    };
    assert_eq!(due(&standing, "2026-02-06"), []);
    assert_eq!(due(&standing, "2026-02-07"), [(Deadline::Transfer, "2026-02-07".to_owned(), 0)]);
    assert_eq!(standing.apply(2, &done(Deadline::Transfer, "2026-01-30")), Err(Refusal::TooEarly(date("2026-01-31"))));
    standing.apply(2, &done(Deadline::Transfer, "2026-02-05")).unwrap();
    assert_eq!(
        standing.apply(3, &done(Deadline::Transfer, "2026-02-05")),
        Err(Refusal::AlreadyDone(Deadline::Transfer))
    );
    // Those that end soon, on request.
    let soon = |on: &str, days: u16| -> Vec<(Deadline, i32)> {
        let due = standing.clocks().due_within(date(on), days);
        due.into_iter().map(|one| (one.deadline, one.overdue_days)).collect()
    };
    assert_eq!((soon("2026-02-07", 20), soon("9999-12-31", u16::MAX).len()), (vec![], 3));
    assert_eq!(soon("2026-02-07", 21), [(Deadline::PoliceCertificate, -21)]);
    // A month after the last day of January is the last day of February.
    let expected = [
        (Deadline::PoliceCertificate, "2026-02-28".to_owned(), 3),
        (Deadline::PublicNotice, "2026-03-02".to_owned(), 1),
    ];
    assert_eq!(due(&standing, "2026-03-03"), expected);
    assert_eq!(due(&standing, "2027-01-31").last().unwrap(), &(Deadline::Certificate, "2027-01-31".to_owned(), 0));
    // A correction of the day may not make a step come before it.
    let late = standing.apply(3, &content(Event::Found { date: date("2026-02-06") }));
    assert_eq!(late, Err(Refusal::TooEarly(date("2026-02-06"))));
    assert_eq!(standing.apply(3, &content(retest(true))), Err(Refusal::Kind));
    assert_eq!(Standing::of_pair().apply(1, &content(Event::Found { date: date("2026-02-06") })), Err(Refusal::Kind));
}

/// Signs events in a store and a case.
fn history(store_id: &[u8; 16], case: &Case, decisions: &[(&ReviewerKey, &str, Decision)]) -> Vec<StoredEvent> {
    let mut events: Vec<StoredEvent> = Vec::new();
    for (number, (key, staff, decision)) in (1..).zip(decisions) {
        let previous = events.last().map_or_else(|| first_link(store_id, case), |event| event.digest);
        let Event::Decision(decided) = decided((staff, 0), *decision, 0, 0) else { unreachable!() };
        let decided = Decided { key: Digest(*key.public().as_bytes()), ..decided };
        let content = content(Event::Decision(decided.clone()));
        let signature = Some(key.sign(&message(store_id, case, (number, &previous), content.at, &decided)));
        events.push(stored(store_id, case, number, previous, &content, signature));
    }
    events
}

fn stored(
    store_id: &[u8; 16],
    case: &Case,
    number: u64,
    previous: [u8; 32],
    content: &Content,
    signature: Option<[u8; 64]>,
) -> StoredEvent {
    let body = serde_json::to_string(content).unwrap();
    let digest = event_digest(store_id, case, (number, &previous), &body, signature.as_ref());
    StoredEvent { number, body, signature, previous, digest }
}

#[test]
fn no_forged_history_is_accepted() {
    let [a, b, eve] = std::array::from_fn(|_| ReviewerKey::random().unwrap());
    let [case, other] = std::array::from_fn(|_| Case::random().unwrap());
    let sound = history(&STORE, &case, &[(&a, "A", Decision::Confirm), (&b, "B", Decision::Confirm)]);
    assert_eq!(check(&STORE, &case, true, &sound).unwrap().1.status(), Status::Confirmed);
    // Of another store or case, or in another order.
    for (store, case) in [(&[8; 16], &case), (&STORE, &other)] {
        assert!(check(store, case, true, &sound).is_err());
    }
    assert_eq!(check(&STORE, &case, false, &sound), Err(Flaw::Rule { number: 1, why: Refusal::Kind }));
    assert_eq!(check(&STORE, &case, true, &sound[1..]), Err(Flaw::Order(1)));
    assert!(check(&STORE, &case, true, &[sound[1].clone(), sound[0].clone()]).is_err());
    assert!(check(&STORE, &case, true, &[sound[0].clone(), sound[0].clone()]).is_err());
    // A forger who computes digests again still has no signature.
    let again = |event: &StoredEvent, number, previous, signature| {
        let content: Content = serde_json::from_str(&event.body).unwrap();
        stored(&STORE, &case, number, previous, &content, signature)
    };
    let twice = again(&sound[0], 2, sound[0].digest, sound[0].signature);
    assert_eq!(check(&STORE, &case, true, &[sound[0].clone(), twice]), Err(Flaw::Signature(2)));
    let first = again(&sound[1], 1, first_link(&STORE, &case), sound[1].signature);
    assert_eq!(check(&STORE, &case, true, &[first]), Err(Flaw::Signature(1)));
    let unsigned = again(&sound[1], 2, sound[0].digest, None);
    assert_eq!(check(&STORE, &case, true, &[sound[0].clone(), unsigned]), Err(Flaw::Signature(2)));
    let of_other = history(&STORE, &other, &[(&a, "A", Decision::Confirm), (&b, "B", Decision::Confirm)]);
    let replayed = again(&of_other[0], 1, first_link(&STORE, &case), of_other[0].signature);
    assert_eq!(check(&STORE, &case, true, &[replayed]), Err(Flaw::Signature(1)));
    let of_store = history(&[8; 16], &case, &[(&a, "A", Decision::Confirm)]);
    let replayed = again(&of_store[0], 1, first_link(&STORE, &case), of_store[0].signature);
    assert_eq!(check(&STORE, &case, true, &[replayed]), Err(Flaw::Signature(1)));
    // Every byte that a reviewer signs counts.
    let refuted = history(&STORE, &case, &[(&a, "A", Decision::Refute)]);
    for (from, to) in [
        ("\"refute\"", "\"confirm\""),
        ("profiles-contradict", "case-facts-contradict"),
        ("\"A\"", "\"B\""),
        ("\"text\":null", "\"text\":\"x\""),
        ("7.5", "7.25"),
        ("\"run\":3", "\"run\":4"),
        ("\"rechecks\":0", "\"rechecks\":1"),
        ("1700000000", "1700000001"),
        ("\"profiles\":\"0", "\"profiles\":\"1"),
        ("\"relatives\":\"0", "\"relatives\":\"1"),
        ("\"model\":\"0", "\"model\":\"1"),
    ] {
        let body = refuted[0].body.replacen(from, to, 1);
        assert_ne!(body, refuted[0].body, "{from}");
        let edited = StoredEvent { body: body.clone(), ..refuted[0].clone() };
        assert_eq!(check(&STORE, &case, true, &[edited]), Err(Flaw::Changed(1)), "{from}");
        let StoredEvent { previous, signature, .. } = refuted[0];
        let digest = event_digest(&STORE, &case, (1, &previous), &body, signature.as_ref());
        let edited = StoredEvent { body, digest, ..refuted[0].clone() };
        assert_eq!(check(&STORE, &case, true, &[edited]), Err(Flaw::Signature(1)), "{from}, and the digest again");
    }
    // A stranger signs under the name of a reviewer: the key is another one, which the ledger compares with the roll.
    let strange = history(&STORE, &case, &[(&a, "A", Decision::Confirm), (&eve, "B", Decision::Confirm)]);
    let (contents, _) = check(&STORE, &case, true, &strange).unwrap();
    let Event::Decision(decided) = &contents[1].event else { unreachable!() };
    assert_ne!(decided.key.0, *b.public().as_bytes());
    // A signed step, and another salt.
    let step = content(Event::Changed { parts: vec![BasisPart::Model], by: String::new() });
    let signed = stored(&STORE, &case, 1, first_link(&STORE, &case), &step, Some([1; 64]));
    assert_eq!(check(&STORE, &case, true, &[signed]), Err(Flaw::Signature(1)));
    let salted = Case { salt: [0; 32], ..case.clone() };
    assert_eq!(check(&STORE, &salted, true, &sound), Err(Flaw::Changed(1)));
}

#[test]
fn a_link_names_one_store_pair_and_salt() {
    let p = |n| Pseudonym::from_bytes([n; 16]);
    let case = Case::random().unwrap();
    let link = case.link(&STORE, Some(p(1)), p(2));
    for other in [
        case.link(&[8; 16], Some(p(1)), p(2)),
        case.link(&STORE, Some(p(2)), p(1)),
        case.link(&STORE, None, p(2)),
        Case { link_salt: [0; 32], ..case.clone() }.link(&STORE, Some(p(1)), p(2)),
    ] {
        assert_ne!(link, other);
    }
    assert_eq!(Case { salt: [0; 32], ..case }.link(&STORE, Some(p(1)), p(2)), link);
}
