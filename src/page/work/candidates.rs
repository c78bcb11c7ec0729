//! The list of candidates.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::fields::encoded;
use super::super::visit::Visit;
use super::frame;
use crate::model::Pseudonym;
use crate::pages::{Screen, candidate_rows};
use crate::store::{SliceOrder, SlicePlace, SliceQuery, StoreError};

/// The candidates of a page.
const MOST: u32 = 50;
/// The powers of ten above the threshold that the slider has.
const ABOVE: f64 = 20.0;

/// What a browser asks for, as the fields of the form have it.
struct Asked {
    digits: String,
    least: Option<f64>,
    incompatible: Option<u32>,
    found: &'static str,
    state: &'static str,
    order: &'static str,
    view: &'static str,
}

/// Returns the one of the words that the field has; the first one without a field.
fn word(visit: &Visit, name: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
    match visit.query.get(name) {
        "" => words.first().copied().ok_or(Fault::NotFound),
        text => words.iter().copied().find(|word| *word == text).ok_or(Fault::NotFound),
    }
}

fn number<T: std::str::FromStr>(visit: &Visit, name: &str) -> Result<Option<T>, Fault> {
    let text = visit.query.get(name);
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| Fault::NotFound) }
}

impl Asked {
    fn read(visit: &Visit) -> Result<Self, Fault> {
        let digits = visit.query.get("q").trim().to_ascii_lowercase();
        if digits.len() > 2 * Pseudonym::LEN || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Fault::NotFound);
        }
        Ok(Self {
            digits,
            least: number::<f64>(visit, "least")?.filter(|least| least.is_finite()),
            incompatible: number(visit, "incompatible")?,
            found: word(visit, "found", &["all", "last"])?,
            state: word(visit, "state", &["all", "none", "some"])?,
            order: word(visit, "order", &["best", "newest"])?,
            view: word(visit, "view", &["compact", "full"])?,
        })
    }

    fn query(&self, after: Option<SlicePlace>) -> SliceQuery {
        SliceQuery {
            digits: Some(self.digits.clone()).filter(|digits| !digits.is_empty()),
            min_log10_lr: self.least,
            max_incompatible: self.incompatible,
            new: self.found == "last",
            reviewed: match self.state {
                "none" => Some(false),
                "some" => Some(true),
                _ => None,
            },
            order: if self.order == "newest" { SliceOrder::Newest } else { SliceOrder::Rank },
            after,
            most: MOST,
            meaning: self.view == "full",
        }
    }

    /// Returns the address of the list, from its beginning or from a place on.
    fn address(&self, after: Option<&SlicePlace>) -> String {
        let mut fields = vec![
            ("q", self.digits.clone()),
            ("least", self.least.map(|least| least.to_string()).unwrap_or_default()),
            ("incompatible", self.incompatible.map(|most| most.to_string()).unwrap_or_default()),
        ];
        let words = [("found", self.found), ("state", self.state), ("order", self.order), ("view", self.view)];
        fields.extend(words.map(|(name, word)| (name, word.to_owned())));
        fields.extend(after.map(|place| ("after", written(place))));
        let fields = fields.iter().filter(|field| !field.1.is_empty());
        let fields: Vec<String> = fields.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("/candidates?{}", fields.join("&"))
    }
}

/// Writes a place for an address: the bits of the rank, so that it is exact.
fn written(place: &SlicePlace) -> String {
    format!("{:016x}.{}.{}.{}", place.rank.to_bits(), place.first_run, place.family, place.child)
}

fn place(text: &str) -> Option<SlicePlace> {
    let mut parts = text.split('.');
    let place = SlicePlace {
        rank: f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?),
        first_run: parts.next()?.parse().ok()?,
        family: parts.next()?.parse().ok()?,
        child: parts.next()?.parse().ok()?,
    };
    (parts.next().is_none() && place.rank.is_finite()).then_some(place)
}

/// Shows one page of the list.
pub(in crate::page) fn list(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let asked = Asked::read(visit)?;
    let after = match visit.query.get("after") {
        "" => None,
        text => Some(place(text).ok_or(Fault::NotFound)?),
    };
    let store = app.store()?;
    let entry = app.entry("serve candidates", Some(&visit.who()?.staff));
    let (mut from, mut context) = (store.criterion().min_log10_lr, Value::Null);
    match store.candidate_slice(&asked.query(after), &entry) {
        Err(StoreError::NeverMatched) => {
            context["never_matched"] = true.into();
        }
        Err(error) => return Err(error.into()),
        Ok(slice) => {
            from = slice.min_log10_lr.unwrap_or(from);
            context = json!({
                "never_matched": false,
                "count": slice.count,
                "outdated": slice.outdated,
                "rows": candidate_rows(&slice.report.candidates)?,
                "first": after.map(|_| asked.address(None)),
                "next": slice.next.map(|place| asked.address(Some(&place))),
            });
        }
    }
    context["query"] = json!({
        "q": asked.digits, "least": asked.least.unwrap_or(from), "found": asked.found, "state": asked.state,
        "incompatible": asked.incompatible.map(|most| most.to_string()).unwrap_or_default(),
        "order": asked.order, "view": asked.view,
    });
    context["range"] = json!({ "from": from, "to": from + ABOVE });
    Ok(Answer::Html(Screen::Candidates.html(visit.language, &frame::plain(app, visit, None), &context)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let [family, child] = [1, 2].map(|n| Pseudonym::from_bytes([n; 16]));
        let one = SlicePlace { rank: 0.1 + 0.2, first_run: 7, family, child };
        assert_eq!(place(&written(&one)), Some(one));
        let nan = SlicePlace { rank: f64::NAN, ..one };
        for bad in ["", "x", &written(&nan), &(written(&one) + ".1"), &written(&one)[1..], "7ff0000000000000.1.a.b"] {
            assert!(place(bad).is_none_or(|place| place != one), "{bad}");
        }
        assert_eq!(place(&written(&nan)), None);
    }
}
