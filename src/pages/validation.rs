//! The validation report, from the file that `validate` writes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::drawings::{
    EcePoint, EceWords, PlotWords, ReliabilityPoint, ReliabilityWords, TippettCurve, TippettWords, ece, reliability,
    tippett, wilson,
};
use super::error::PageError;
use super::phrases::Catalogue;
use super::render::{finish, json_page};
use super::templates::Templates;
use crate::model::Language;
use crate::report::SCHEMA_VERSION;

/// What the validation report says.
pub struct ValidationPage {
    /// The file, read.
    context: Value,
    plots: Plots,
}

/// The part of the file that is drawn. Infinite numbers are null in it.
#[derive(Deserialize)]
struct Plots {
    min_log10_lr: f64,
    shapes: Vec<Shape>,
    reliability: Vec<Bin>,
}

#[derive(Deserialize)]
struct Shape {
    truths: Vec<TruthOfShape>,
    ece: Vec<Entropy>,
}

#[derive(Deserialize)]
struct TruthOfShape {
    truth: TruthWord,
    tippett: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TruthWord {
    Child,
    Unrelated,
    Kin(String),
}

#[derive(Deserialize)]
struct Point {
    log10_lr: f64,
    share: f64,
}

#[derive(Deserialize)]
struct Entropy {
    log10_prior_odds: f64,
    ece: Option<f64>,
    without: f64,
}

#[derive(Deserialize)]
struct Bin {
    candidates: u64,
    mean_posterior: f64,
    true_candidates: u64,
}

/// Why a file is not that of a validation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAValidation {
    /// It is not JSON, or not of this kind.
    #[error("it is not the validation.json of `reunite validate`: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("it has the schema version {0}, and this program writes {SCHEMA_VERSION}; run `reunite validate` again")]
    Version(String),
}

impl ValidationPage {
    /// Reads the file `validation.json`.
    ///
    /// # Errors
    /// [`NotAValidation`].
    pub fn read(file: &[u8]) -> Result<Self, NotAValidation> {
        let mut context: Value = serde_json::from_slice(file)?;
        if context["schema_version"] != SCHEMA_VERSION {
            return Err(NotAValidation::Version(context["schema_version"].to_string()));
        }
        let plots = Plots::deserialize(&context)?;
        let interval = |bin: &Bin| json!(wilson(bin.true_candidates, bin.candidates));
        context["intervals"] = plots.reliability.iter().map(interval).collect();
        context["digest"] = blake3::hash(file).to_hex().as_str().into();
        Ok(Self { context, plots })
    }

    /// Returns what the page says as one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        json_page("validation", self.context.clone())
    }

    /// Returns the page: one HTML file without script and without any other file. The same file gives the same page.
    ///
    /// # Errors
    /// [`PageError`] if a laboratory's own template is invalid, or names what there is not; or if the file lacks a value.
    pub fn html(&self, language: Language, templates: &Templates) -> Result<String, PageError> {
        let words = Catalogue::of(language)?;
        let mut context = self.context.clone();
        context["drawings"] = self.drawings(&words)?;
        finish((language, words), templates, "validation.html", context)
    }

    fn drawings(&self, words: &Catalogue) -> Result<Value, PageError> {
        let word = |key: &str| words.need(&format!("drawing.{key}"));
        let plot = |title: &'static str, x_axis: &'static str, y_axis: &'static str| {
            Ok::<_, PageError>(PlotWords {
                title: word(title)?,
                description: words.need(&format!("drawing.{title}_text"))?,
                x_axis: word(x_axis)?,
                y_axis: word(y_axis)?,
            })
        };
        let of_tippett = TippettWords { plot: plot("tippett", "log10_lr", "share")?, threshold: word("threshold")? };
        let of_ece = EceWords {
            plot: plot("ece", "log10_prior_odds", "bits")?,
            with: word("with_lr")?,
            without: word("without_lr")?,
        };
        let of_bins = ReliabilityWords {
            plot: plot("reliability", "mean_posterior", "share_true")?,
            candidates: word("candidates")?,
            interval: word("interval")?,
            diagonal: word("diagonal")?,
        };
        let curve = |of: &TruthOfShape| {
            let key = match &of.truth {
                TruthWord::Child => "truth.child".to_owned(),
                TruthWord::Unrelated => "truth.unrelated".to_owned(),
                TruthWord::Kin(kin) => format!("alternative.{kin}"),
            };
            let points = of.tippett.iter().map(|point| (point.log10_lr, point.share)).collect();
            Ok::<_, PageError>(TippettCurve { label: words.need(&key)?.to_owned(), points })
        };
        let mut shapes = Vec::with_capacity(self.plots.shapes.len());
        for (at, shape) in self.plots.shapes.iter().enumerate() {
            let curves = shape.truths.iter().map(curve).collect::<Result<Vec<_>, _>>()?;
            let entropy = |one: &Entropy| EcePoint {
                log10_prior_odds: one.log10_prior_odds,
                with: one.ece.unwrap_or(f64::INFINITY),
                without: one.without,
            };
            let points: Vec<EcePoint> = shape.ece.iter().map(entropy).collect();
            shapes.push(json!({
                "tippett": tippett(&curves, self.plots.min_log10_lr, &of_tippett, &format!("tippett-{at}")),
                "ece": ece(&points, &of_ece, &format!("ece-{at}")),
            }));
        }
        let point = |bin: &Bin| ReliabilityPoint {
            mean_posterior: bin.mean_posterior,
            candidates: bin.candidates,
            true_candidates: bin.true_candidates,
        };
        let bins: Vec<ReliabilityPoint> = self.plots.reliability.iter().map(point).collect();
        Ok(json!({ "reliability": reliability(&bins, &of_bins, "reliability"), "shapes": shapes }))
    }
}
