//! Knows the browsers that were let in, who is signed in, and when that ends.
//!
//! A browser has one cookie with a random token; the server keeps its hash only. A start link lets one browser in, once.
//! Signing in and out exchange the token, so that a token that somebody knew before is worth nothing afterwards.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::audit::ReviewerPublicKey;
use crate::model::Language;
use crate::review::{Role, StaffCode};

/// The most browsers.
const MOST: usize = 500;
/// The longest time for which a person stays signed in, and a browser without anybody stays let in.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// The time after which the role is read again.
const FRESH: Duration = Duration::from_secs(30);

/// The hash of a token.
type Hash = [u8; 32];

fn hash(token: &str) -> Hash {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// Returns a random token: 64 hexadecimal digits.
///
/// # Errors
/// The operating system returned no random numbers.
pub(super) fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(HEXLOWER.encode(&bytes))
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) staff: StaffCode,
    /// The key of which the person opened the secret half.
    pub(super) key: ReviewerPublicKey,
    pub(super) role: Role,
    since: Instant,
    /// When the role was read.
    read: Instant,
    /// The addresses that were refused because of the role.
    refused: Vec<&'static str>,
}

impl Who {
    pub(super) fn new(staff: StaffCode, key: ReviewerPublicKey, role: Role, now: Instant) -> Self {
        Self { staff, key, role, since: now, read: now, refused: Vec::new() }
    }

    /// Reports whether the role should be read again.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now.duration_since(self.read) >= FRESH
    }
}

/// A browser that was let in.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) language: Option<Language>,
    pub(super) who: Option<Who>,
    born: Instant,
    seen: Instant,
}

impl Visitor {
    /// Returns who is signed in, unless the session is over.
    fn session(&self, idle: Duration, now: Instant) -> Option<&Who> {
        let is_over = |who: &Who| now.duration_since(self.seen) >= idle || now.duration_since(who.since) >= LONGEST;
        self.who.as_ref().filter(|who| !is_over(who))
    }
}

/// An open session of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// `true` for the session of the browser that asks.
    pub(super) is_own: bool,
    /// The time since the sign-in.
    pub(super) since: Duration,
    /// The time since the last request.
    pub(super) unused: Duration,
}

/// All browsers that were let in.
#[derive(Debug)]
pub(super) struct Visitors {
    known: HashMap<Hash, Visitor>,
    /// The hash of the token of the present start link.
    start: Option<Hash>,
    idle: Duration,
}

impl Visitors {
    pub(super) fn new(idle: Duration) -> Self {
        Self { known: HashMap::new(), start: None, idle }
    }

    /// Makes the next start link valid, and the one before it invalid.
    pub(super) fn offer(&mut self, token: &str) {
        self.start = Some(hash(token));
    }

    /// Takes a start link, which is worth nothing afterwards. Returns `false` if it is not the present one.
    pub(super) fn take_start(&mut self, token: &str) -> bool {
        // Hashes are compared, so the time says nothing about the token.
        let is_valid = self.start == Some(hash(token));
        if is_valid {
            self.start = None;
        }
        is_valid
    }

    /// Lets a browser in under a new token.
    pub(super) fn admit(&mut self, token: &str, visitor: Visitor) {
        self.known.insert(hash(token), visitor);
        if self.known.len() > MOST {
            // Those who are not signed in go first.
            let oldest = self.known.iter().min_by_key(|(_, one)| (one.who.is_some(), one.seen)).map(|one| *one.0);
            oldest.map(|oldest| self.known.remove(&oldest));
        }
    }

    /// Returns a new browser.
    pub(super) fn stranger(now: Instant, language: Option<Language>) -> Visitor {
        Visitor { language, who: None, born: now, seen: now }
    }

    /// Returns the browser with this token. Ends what is over; what a page asks by itself does not prolong anything.
    pub(super) fn visit(&mut self, token: &str, now: Instant, by_hand: bool) -> Option<Visitor> {
        let at = hash(token);
        let visitor = self.known.get_mut(&at)?;
        if visitor.who.is_some() && visitor.session(self.idle, now).is_none() {
            visitor.who = None;
            visitor.born = now;
        }
        if visitor.who.is_none() && now.duration_since(visitor.born) >= LONGEST {
            self.known.remove(&at);
            return None;
        }
        if by_hand {
            visitor.seen = now;
        }
        Some(visitor.clone())
    }

    /// Replaces the token of a browser, with somebody signed in or nobody.
    pub(super) fn exchange(&mut self, old: &str, new: &str, who: Option<Who>, now: Instant) {
        if let Some(visitor) = self.known.remove(&hash(old)) {
            self.admit(new, Visitor { who, born: now, seen: now, ..visitor });
        }
    }

    /// Removes a browser.
    pub(super) fn forget(&mut self, token: &str) {
        self.known.remove(&hash(token));
    }

    /// Returns the open sessions of a person, the last sign-in first.
    pub(super) fn sessions(&self, staff: &StaffCode, token: &str, now: Instant) -> Vec<Session> {
        let own = hash(token);
        let session = |(at, visitor): (&Hash, &Visitor)| {
            let who = visitor.session(self.idle, now).filter(|who| who.staff == *staff)?;
            let (since, unused) = (now.duration_since(who.since), now.duration_since(visitor.seen));
            Some(Session { is_own: *at == own, since, unused })
        };
        let mut all: Vec<Session> = self.known.iter().filter_map(session).collect();
        all.sort_by_key(|session| session.since);
        all
    }

    /// Ends the sessions of a person in other browsers, which are not let in any more: somebody may have copied the
    /// token of one. Returns how many sessions were open.
    pub(super) fn end_others(&mut self, staff: &StaffCode, token: &str, now: Instant) -> usize {
        let open = self.sessions(staff, token, now).iter().filter(|session| !session.is_own).count();
        let own = hash(token);
        self.known.retain(|at, visitor| *at == own || visitor.who.as_ref().is_none_or(|who| who.staff != *staff));
        open
    }

    /// Notes that an address was refused because of the role. Returns `true` the first time in a session.
    pub(super) fn note_refusal(&mut self, token: &str, path: &'static str) -> bool {
        let Some(who) = self.known.get_mut(&hash(token)).and_then(|visitor| visitor.who.as_mut()) else { return false };
        let is_first = !who.refused.contains(&path);
        if is_first {
            who.refused.push(path);
        }
        is_first
    }

    /// Changes what is known of a browser.
    pub(super) fn set_language(&mut self, token: &str, language: Language) {
        if let Some(visitor) = self.known.get_mut(&hash(token)) {
            visitor.language = Some(language);
        }
    }

    /// Takes in the role that was read again; without a role, the enrolment ended.
    pub(super) fn refresh(&mut self, token: &str, role: Option<Role>, now: Instant) {
        if let Some(visitor) = self.known.get_mut(&hash(token)) {
            match (&mut visitor.who, role) {
                (Some(who), Some(role)) => (who.role, who.read) = (role, now),
                (who, _) => *who = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ReviewerKey;

    const IDLE: Duration = Duration::from_secs(600);

    fn somebody(now: Instant) -> Option<Who> {
        Some(Who::new("R1".parse().unwrap(), ReviewerKey::random().unwrap().public(), Role::Reviewer, now))
    }

    fn with_one(now: Instant) -> Visitors {
        let mut visitors = Visitors::new(IDLE);
        visitors.admit("old", Visitors::stranger(now, None));
        visitors.exchange("old", "new", somebody(now), now);
        visitors
    }

    #[test]
    fn a_start_link_works_once() {
        let mut visitors = Visitors::new(IDLE);
        assert!(!visitors.take_start(""), "there is none yet");
        visitors.offer("a");
        assert!(!visitors.take_start("b") && visitors.take_start("a") && !visitors.take_start("a"));
        visitors.offer("b");
        visitors.offer("c");
        assert!(!visitors.take_start("b") && visitors.take_start("c"));
    }

    #[test]
    fn signing_in_makes_the_token_before_it_worthless() {
        let now = Instant::now();
        let mut visitors = with_one(now);
        assert!(visitors.visit("old", now, true).is_none());
        assert!(visitors.visit("new", now, true).unwrap().who.is_some());
        visitors.exchange("unknown", "other", somebody(now), now);
        assert!(visitors.visit("other", now, true).is_none(), "only a browser that was let in is signed in");
        visitors.exchange("new", "after", None, now);
        assert!(visitors.visit("new", now, true).is_none());
        assert!(visitors.visit("after", now, true).unwrap().who.is_none());
    }

    #[test]
    fn a_session_ends_when_idle_and_after_its_longest_time() {
        let begun = Instant::now();
        let mut visitors = with_one(begun);
        let mut now = begun;
        let step = IDLE - Duration::from_secs(1);
        while now + step < begun + LONGEST {
            now += step;
            assert!(visitors.visit("new", now, true).unwrap().who.is_some(), "{:?}", now.duration_since(begun));
        }
        assert!(visitors.visit("new", begun + LONGEST, true).unwrap().who.is_none(), "after its longest time");
        let mut visitors = with_one(begun);
        assert!(visitors.visit("new", begun + step, false).unwrap().who.is_some());
        assert!(visitors.visit("new", begun + IDLE, true).unwrap().who.is_none(), "a page's own requests do not count");
        assert!(visitors.visit("new", begun + IDLE + LONGEST, true).is_none(), "nobody signed in for long");
    }

    #[test]
    fn a_new_role_counts_at_once_and_an_ended_enrolment_ends_the_session() {
        let now = Instant::now();
        let mut visitors = with_one(now);
        let who = |visitors: &mut Visitors| visitors.visit("new", now, true).unwrap().who;
        assert!(!who(&mut visitors).unwrap().is_stale(now) && who(&mut visitors).unwrap().is_stale(now + FRESH));
        visitors.refresh("new", Some(Role::Supervisor), now + FRESH);
        assert_eq!(who(&mut visitors).unwrap().role, Role::Supervisor);
        visitors.refresh("new", None, now + FRESH);
        assert!(who(&mut visitors).is_none());
    }

    #[test]
    fn a_person_sees_own_open_sessions_and_ends_the_others() {
        let begun = Instant::now();
        let mut visitors = with_one(begun);
        let later = begun + Duration::from_secs(60);
        for (token, staff) in [("second", "R1"), ("other", "R2")] {
            let who = Who::new(staff.parse().unwrap(), ReviewerKey::random().unwrap().public(), Role::Reviewer, later);
            visitors.admit(token, Visitor { who: Some(who), ..Visitors::stranger(later, None) });
        }
        let staff: StaffCode = "R1".parse().unwrap();
        let found = |visitors: &Visitors, now| {
            let all = visitors.sessions(&staff, "second", now);
            all.iter().map(|one| (one.is_own, one.since.as_secs(), one.unused.as_secs())).collect::<Vec<_>>()
        };
        assert_eq!(found(&visitors, later), [(true, 0, 0), (false, 60, 60)]);
        assert_eq!(found(&visitors, begun + IDLE).len(), 1, "one is over");
        assert_eq!(visitors.end_others(&staff, "second", later), 1);
        assert_eq!(found(&visitors, later), [(true, 0, 0)]);
        assert!(visitors.visit("new", later, true).is_none(), "its browser is not let in any more");
        assert!(visitors.visit("other", later, true).unwrap().who.is_some(), "another person stays signed in");
        assert_eq!(visitors.end_others(&staff, "second", later), 0);
    }

    #[test]
    fn an_address_is_refused_for_the_first_time_once_in_a_session() {
        let now = Instant::now();
        let mut visitors = with_one(now);
        let mut first = |token: &str, path| visitors.note_refusal(token, path);
        assert_eq!([first("new", "/a"), first("new", "/a"), first("new", "/b")], [true, false, true]);
        assert!(!first("unknown", "/a"));
        visitors.exchange("new", "again", somebody(now), now);
        assert!(visitors.note_refusal("again", "/a"), "after the next sign-in");
    }

    #[test]
    fn strangers_cannot_push_out_those_who_are_signed_in() {
        let now = Instant::now();
        let mut visitors = with_one(now);
        for number in 0..2 * MOST {
            visitors.admit(&format!("{number}"), Visitors::stranger(now + Duration::from_secs(1), None));
        }
        assert_eq!(visitors.known.len(), MOST);
        assert!(visitors.visit("new", now, true).unwrap().who.is_some());
    }
}
