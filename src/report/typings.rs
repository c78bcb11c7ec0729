//! Describes the typings of samples that have several, and where they disagree.

#[cfg(feature = "cli")]
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::{DropOut, Joined, Locus, Observed, Pseudonym, Typing, drop_out_explains};

use super::csv_text::CsvText;

/// A sample that has several typings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleTypings {
    /// The sample.
    pub sample: Pseudonym,
    /// The relation to the missing child, or `child`.
    pub who: &'static str,
    /// Its typings, in the order in which they were imported.
    pub typings: Vec<Typing>,
}

impl SampleTypings {
    /// Returns the loci at which typings disagree, in the order of names, and whether drop-out explains each. Matching
    /// ignores these loci.
    #[must_use]
    pub fn disputed(&self) -> Vec<(Locus, bool)> {
        let shown = self.typings.iter().map(|typing| typing.observed.clone());
        Joined::of(shown).disputed.into_iter().map(|(locus, all)| (locus, drop_out_explains(&all))).collect()
    }

    /// Returns JSON, with or without genotypes.
    pub(super) fn json(&self, show_genotypes: bool) -> Value {
        let typing = |typing: &Typing| {
            let mut value = json!({
                "imported_at": time(typing.imported_at),
                "import": typing.import,
                "agency": typing.agency.as_deref(),
                "kit": typing.kit.as_deref(),
                "collected_on": typing.collected_on.map(|day| day.to_string()),
                "drop_out": typing.drop_out.map(DropOut::get),
                "loci": typing.observed.len(),
            });
            if show_genotypes {
                let genotypes = typing.observed.iter().map(|(locus, all)| (locus.name().to_owned(), text(all).into()));
                value["genotypes"] = Value::Object(genotypes.collect());
            }
            value
        };
        let disputed = |(locus, explains): (Locus, bool)| json!({ "locus": locus, "drop_out_explains": explains });
        json!({
            "sample": self.sample,
            "who": self.who,
            "typings": self.typings.iter().map(typing).collect::<Vec<_>>(),
            "disputed": self.disputed().into_iter().map(disputed).collect::<Vec<_>>(),
        })
    }

    /// Returns lines for people.
    #[cfg(feature = "cli")]
    pub(super) fn text(&self, show_genotypes: bool) -> String {
        let mut page = format!("\nTypings of the {} {}\n", self.who, self.sample);
        for (number, typing) in (1..).zip(&self.typings) {
            let said = [
                typing.kit.as_deref().map(|kit| format!("kit {kit}")),
                typing.agency.as_deref().map(|agency| format!("agency {agency}")),
                typing.collected_on.map(|day| format!("taken {day}")),
                typing.drop_out.map(|drop_out| format!("drop_out {}", drop_out.get())),
            ];
            let loci = typing.observed.len();
            let loci = if loci == 1 { "1 locus".to_owned() } else { format!("{loci} loci") };
            let said: Vec<String> = said.into_iter().flatten().chain([loci]).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(page, "  {number}. {}", said.join(", "));
            let _ = writeln!(page, "     imported {} (import {})", time(typing.imported_at), typing.import);
        }
        for (locus, explains) in self.disputed() {
            let shown = if show_genotypes {
                let all = self.typings.iter().map(|typing| typing.observed.get(&locus).map_or("-".to_owned(), text));
                format!(" ({})", all.collect::<Vec<_>>().join(", "))
            } else {
                String::new()
            };
            let why = if explains { "; drop-out can explain it" } else { "" };
            let _ = writeln!(page, "  not matched on (typings disagree): {locus}{shown}{why}");
        }
        page
    }
}

/// Formats typings as CSV, one row each, with these loci; without loci the genotypes are left out.
#[must_use]
pub fn typings_csv<'a>(samples: impl IntoIterator<Item = &'a SampleTypings>, loci: &[Locus]) -> String {
    let about = [
        "sample_id",
        "typing",
        "imported_at",
        "import",
        "agency",
        "kit",
        "collected_on",
        "drop_out",
        "typed_loci",
        "disputed_loci",
    ];
    let mut csv = CsvText::with_header(about.into_iter().chain(loci.iter().map(Locus::name)));
    for of in samples {
        let disputed: Vec<String> = of.disputed().into_iter().map(|(locus, _)| locus.name().to_owned()).collect();
        for (number, typing) in (1..).zip(&of.typings) {
            csv.field(of.sample).field(number).field(time(typing.imported_at)).field(typing.import);
            csv.optional(typing.agency.as_ref()).optional(typing.kit.as_ref()).optional(typing.collected_on);
            csv.optional(typing.drop_out.map(DropOut::get)).field(typing.observed.len());
            csv.field(disputed.join(" and "));
            csv.fields(loci.iter().map(|locus| typing.observed.get(locus).map_or(String::new(), text)));
            csv.end_row();
        }
    }
    csv.finish()
}

fn text(observed: &Observed) -> String {
    match observed {
        Observed::Genotype(genotype) => genotype.to_string(),
        Observed::Many(many) => many.alleles().iter().map(ToString::to_string).collect::<Vec<_>>().join("/"),
    }
}

/// Formats a time in seconds since 1970, in UTC.
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typing(kit: &str, shown: &[(&str, &str)]) -> Typing {
        let observed =
            |(locus, genotype): &(&str, &str)| (locus.parse().unwrap(), Observed::Genotype(genotype.parse().unwrap()));
        Typing {
            import: 17,
            imported_at: 1_700_000_000,
            agency: None,
            kit: Some(kit.into()),
            collected_on: None,
            drop_out: None,
            observed: shown.iter().map(observed).collect(),
        }
    }

    #[test]
    fn typings_are_written_with_their_origin_and_what_they_dispute() {
        let of = SampleTypings {
            sample: Pseudonym::from_bytes([1; 16]),
            who: "mother",
            typings: vec![
                typing("A", &[("vWA", "14/15"), ("FGA", "22"), ("TH01", "6")]),
                typing("B", &[("vWA", "14"), ("FGA", "23"), ("TPOX", "8")]),
            ],
        };
        let disputed: Vec<(String, bool)> = of.disputed().into_iter().map(|one| (one.0.to_string(), one.1)).collect();
        assert_eq!(disputed, [("FGA".to_owned(), false), ("vWA".to_owned(), true)]);
        let csv = typings_csv([&of], &["vWA".parse().unwrap(), "TPOX".parse().unwrap()]);
        let sample = "01".repeat(16);
        let expected = format!(
            "sample_id,typing,imported_at,import,agency,kit,collected_on,drop_out,typed_loci,disputed_loci,vWA,TPOX\n\
             {sample},1,2023-11-14T22:13:20Z,17,,A,,,3,FGA and vWA,14/15,\n\
             {sample},2,2023-11-14T22:13:20Z,17,,B,,,3,FGA and vWA,14,8\n"
        );
        assert_eq!(csv, expected);
        for show in [false, true] {
            let page = of.text(show);
            assert_eq!(page.contains("vWA (14/15, 14); drop-out can explain it"), show, "{page}");
            assert!(page.contains("kit B, 3 loci") && page.lines().all(|line| line.len() <= 80), "{page}");
            let json = of.json(show);
            assert_eq!(json["typings"][1].get("genotypes").is_some(), show);
            assert_eq!(json["disputed"][1], serde_json::json!({ "locus": "vWA", "drop_out_explains": true }));
        }
    }
}
