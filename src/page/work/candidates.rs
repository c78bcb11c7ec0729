//! The list of candidates.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::fields::encoded;
use super::super::visit::Visit;
use super::asked::{after, number, word, written};
use super::frame;
use crate::model::Pseudonym;
use crate::pages::{Screen, candidate_rows};
use crate::store::{SliceOrder, SlicePlace, SliceQuery, StoreError};

/// The candidates of a page.
const MOST: u32 = 50;
/// The powers of ten above the threshold that the slider has.
const ABOVE: f64 = 20.0;

/// The words of the orders; the first one holds unless another one is chosen.
const ORDERS: [(&str, SliceOrder); 7] = [
    ("best", SliceOrder::Rank),
    ("newest", SliceOrder::Newest),
    ("oldest", SliceOrder::Oldest),
    ("family", SliceOrder::Family),
    ("child", SliceOrder::Child),
    ("loci", SliceOrder::MostLoci),
    ("incompatible", SliceOrder::FewestIncompatible),
];

/// What a browser asks for, as the fields of the form have it.
struct Asked {
    digits: String,
    least: Option<f64>,
    incompatible: Option<u32>,
    found: &'static str,
    state: &'static str,
    agency: String,
    order: &'static str,
    view: &'static str,
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
            agency: visit.query.get("agency").trim().to_owned(),
            order: word(visit, "order", &ORDERS.map(|order| order.0))?,
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
            agency: Some(self.agency.clone()).filter(|agency| !agency.is_empty()),
            order: ORDERS.iter().find(|order| order.0 == self.order).map_or(SliceOrder::Rank, |order| order.1),
            after,
            most: MOST,
            meaning: self.view == "full",
        }
    }

    /// Returns the address of the list in an order, from its beginning or from a place on.
    fn address(&self, order: &'static str, after: Option<&SlicePlace>) -> String {
        let mut fields = vec![
            ("q", self.digits.clone()),
            ("least", self.least.map(|least| least.to_string()).unwrap_or_default()),
            ("incompatible", self.incompatible.map(|most| most.to_string()).unwrap_or_default()),
        ];
        fields.push(("agency", self.agency.clone()));
        let words = [("found", self.found), ("state", self.state), ("order", order), ("view", self.view)];
        fields.extend(words.map(|(name, word)| (name, word.to_owned())));
        fields.extend(after.map(|place| ("after", written(place))));
        let fields = fields.iter().filter(|field| !field.1.is_empty());
        let fields: Vec<String> = fields.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("/candidates?{}", fields.join("&"))
    }
}

/// Shows one page of the list.
pub(in crate::page) fn list(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let asked = Asked::read(visit)?;
    let after = after(visit)?;
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
                "first": after.map(|_| asked.address(asked.order, None)),
                "next": slice.next.map(|place| asked.address(asked.order, Some(&place))),
            });
        }
    }
    context["query"] = json!({
        "q": asked.digits, "least": asked.least.unwrap_or(from), "found": asked.found, "state": asked.state,
        "incompatible": asked.incompatible.map(|most| most.to_string()).unwrap_or_default(),
        "agency": asked.agency, "order": asked.order, "view": asked.view,
    });
    let orders: Vec<Value> =
        ORDERS.iter().map(|(word, _)| json!({ "word": word, "href": asked.address(word, None) })).collect();
    context["orders"] = orders.into();
    context["range"] = json!({ "from": from, "to": from + ABOVE });
    Ok(Answer::Html(Screen::Candidates.html(visit.language, &frame::plain(app, visit, None), &context)?))
}
