//! Describes the results for a child in the views of a family.

use serde::{Serialize, Serializer};

use crate::model::{Candidate, InView, Locus, View};

/// A view and its likelihood ratio.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ViewRow {
    /// The view.
    #[serde(flatten)]
    pub view: View,
    /// The view in words.
    pub words: String,
    /// The stated probability that the papers are false in this way; 1 for the stated papers.
    pub doubt: f64,
    /// log10 of the likelihood ratio; null in JSON if the likelihood ratio is 0.
    #[serde(serialize_with = "null_if_impossible")]
    pub log10_lr: f64,
}

/// The results of a candidate in all views.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ViewsRow {
    /// The view that made the candidate, in words.
    pub view: String,
    /// The same view, with the samples that it names.
    pub made_by: View,
    /// log10 of the stated probability of that view; 0 for the stated papers.
    pub log10_doubt: f64,
    /// log10 of the likelihood ratio of the stated papers; null in JSON if the likelihood ratio is 0 or cannot be
    /// computed.
    pub log10_lr_stated: Option<f64>,
    /// log10 of the single likelihood ratio over all views; null if there is none.
    pub log10_lr_mixed: Option<f64>,
    /// Loci that contradict the stated papers but not the view.
    pub contradicting_loci: Vec<Locus>,
    /// Every view.
    pub views: Vec<ViewRow>,
}

impl From<&InView> for ViewRow {
    fn from(&InView { view, log10_doubt, log10_lr }: &InView) -> Self {
        Self { view, words: view.words(), doubt: libm::pow(10.0, log10_doubt), log10_lr }
    }
}

impl ViewsRow {
    /// Returns the views of a candidate. Without doubts there is only one view, with the only likelihood ratio.
    #[must_use]
    pub fn of(candidate: &Candidate) -> Self {
        let finite = |log10_lr: f64| Some(log10_lr).filter(|log10_lr| log10_lr.is_finite());
        let (view, log10_doubt) = (candidate.view().words(), candidate.log10_doubt());
        match &candidate.views {
            None => Self {
                view,
                made_by: candidate.view(),
                log10_doubt,
                log10_lr_stated: finite(candidate.log10_lr),
                log10_lr_mixed: finite(candidate.log10_lr),
                contradicting_loci: Vec::new(),
                views: Vec::new(),
            },
            Some(views) => Self {
                view,
                made_by: candidate.view(),
                log10_doubt,
                log10_lr_stated: views
                    .all
                    .iter()
                    .find(|one| one.view == View::Stated)
                    .and_then(|stated| finite(stated.log10_lr)),
                log10_lr_mixed: views.log10_lr_mixed.and_then(finite),
                contradicting_loci: views.contradicting.clone(),
                views: views.all.iter().map(ViewRow::from).collect(),
            },
        }
    }

    /// Returns the remark on a candidate that exists only in a view; `None` for other candidates.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        if self.log10_doubt == 0.0 {
            return None;
        }
        let stated = self.log10_lr_stated.map_or("impossible".to_owned(), |log10_lr| format!("log10 LR {log10_lr:.2}"));
        let mut remark = format!("{}; as stated {stated}", self.view);
        if !self.contradicting_loci.is_empty() {
            let loci: Vec<&str> = self.contradicting_loci.iter().map(Locus::name).collect();
            remark += &format!(", contradicted by {}", loci.join(", "));
        }
        Some(remark)
    }
}

fn null_if_impossible<S: Serializer>(log10_lr: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    log10_lr.is_finite().then_some(log10_lr).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Pseudonym, Relation, Views};

    #[test]
    fn a_view_says_who_is_doubted_and_why() {
        let sample = Pseudonym::from_bytes([7; 16]);
        let in_view = |view, log10_doubt, log10_lr| InView { view, log10_doubt, log10_lr };
        let without = View::Without { sample, relation: Relation::Father };
        let views = Views {
            all: vec![in_view(View::Stated, 0.0, f64::NEG_INFINITY), in_view(without, -2.0, 6.5)],
            made_by: 1,
            log10_lr_mixed: Some(4.5),
            contradicting: vec!["vWA".parse().unwrap(), "FGA".parse().unwrap()],
        };
        let candidate = Candidate {
            family: sample,
            child: sample,
            log10_lr: 6.5,
            loci_compared: 20,
            incompatible_loci: 0,
            same_as: None,
            views: Some(Box::new(views)),
        };
        let row = ViewsRow::of(&candidate);
        assert_eq!(row.remark().unwrap(), "without the father; as stated impossible, contradicted by vWA, FGA");
        let json = serde_json::to_value(&row).unwrap();
        assert_eq!((&json["view"], &json["log10_doubt"]), (&"without the father".into(), &(-2.0).into()));
        assert!(json["log10_lr_stated"].is_null() && json["views"][0]["log10_lr"].is_null());
        let one = &json["views"][1];
        assert_eq!(
            (&one["kind"], &one["relation"], &one["doubt"]),
            (&"without".into(), &"father".into(), &0.01.into())
        );
        assert_eq!(one["sample"], sample.to_string());
        assert_eq!((&json["made_by"]["kind"], &json["made_by"]["sample"]), (&"without".into(), &one["sample"]));
        assert_eq!(ViewsRow::of(&Candidate { views: None, ..candidate }).remark(), None);
    }
}
