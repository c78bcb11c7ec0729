//! Writes and reads hits: pairs of names, what their numbers mean, and what was decided; nothing else.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lines::{lines, push, text};
use super::{Field, Mapping, PackageFault};
use crate::model::Pseudonym;

/// Which of a pair is of the recipient of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The family, by the name under which the recipient sent it; the child has a name for the recipient.
    Family,
    /// The child.
    Child,
    /// Both: the recipient sent both.
    Both,
}

impl Side {
    /// Returns the word for the side.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Child => "child",
            Self::Both => "both",
        }
    }

    /// Returns the side of a word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Family, Self::Child, Self::Both].into_iter().find(|side| side.word() == word)
    }
}

/// What the hits of a package are based on.
#[derive(Clone, Debug, PartialEq)]
pub struct HitsBasis {
    /// Digest of the run, as 64 hexadecimal digits.
    pub run: String,
    /// The program.
    pub program: String,
    /// Name of the frequency table.
    pub frequencies: String,
    /// The least log10 LR that is sent.
    pub min_log10_lr: f64,
    /// The prior of the posterior.
    pub prior: String,
}

/// What the numbers of a pair mean, and what was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HitNumbers {
    /// log10 of the likelihood ratio.
    pub log10_lr: f64,
    /// `true` if that holds only with a statement of the papers in doubt.
    pub papers_doubted: bool,
    /// Number of loci compared.
    pub loci_compared: u32,
    /// Number of loci at which a mutation is required.
    pub incompatible_loci: u32,
    /// Expected number of children of the sender's database who reach this ratio by chance; `None` if not weighed.
    pub expected_chance_hits: Option<f64>,
    /// Posterior probability; `None` if not weighed.
    pub posterior: Option<f64>,
    /// The class; `None` if not weighed.
    pub class: Option<String>,
    /// The state of the sender's review.
    pub decision: String,
}

/// A pair that may belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The name of the hit, the same for both agencies.
    pub reference: Pseudonym,
    /// Which of the two is of the recipient.
    pub side: Side,
    /// The family: the recipient's name for it, if it is of the recipient, otherwise a name for the recipient.
    pub family: Pseudonym,
    /// The child, in the same way.
    pub child: Pseudonym,
    /// The numbers.
    pub numbers: HitNumbers,
}

/// What a store keeps of a hit that another agency told: its numbers and what they are based on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HitBody {
    /// The numbers.
    #[serde(flatten)]
    pub numbers: HitNumbers,
    /// Digest of the agency's run.
    pub run: String,
    /// The agency's program.
    pub program: String,
    /// The agency's frequency table.
    pub frequencies: String,
    /// The prior of the posterior.
    pub prior: String,
    /// The day of the package, by UTC.
    pub made_on: String,
}

impl HitBody {
    /// Returns what is kept of a hit in a package of this day.
    #[must_use]
    pub fn new(hit: &Hit, basis: &HitsBasis, made_on: &str) -> Self {
        Self {
            numbers: hit.numbers.clone(),
            run: basis.run.clone(),
            program: basis.program.clone(),
            frequencies: basis.frequencies.clone(),
            prior: basis.prior.clone(),
            made_on: made_on.to_owned(),
        }
    }
}

/// A line of a package of hits.
#[derive(Clone, Debug, PartialEq)]
pub enum HitLine {
    /// A hit, new or changed.
    Hit(Box<Hit>),
    /// The name of a hit that is withdrawn.
    Gone(Pseudonym),
}

/// The hits of a package.
#[derive(Clone, Debug, PartialEq)]
pub struct Hits {
    /// What they are based on.
    pub basis: HitsBasis,
    /// The hits.
    pub lines: Vec<HitLine>,
}

impl Hit {
    /// Returns the line of the hit.
    #[must_use]
    pub fn line(&self, mapping: &Mapping) -> String {
        let fields = vec![
            (Field::Reference, Some(self.reference.to_string().into())),
            (Field::Side, Some(self.side.word().into())),
            (Field::Family, Some(self.family.to_string().into())),
            (Field::Child, Some(self.child.to_string().into())),
            (Field::Log10Lr, Some(self.numbers.log10_lr.into())),
            (Field::PapersDoubted, Some(self.numbers.papers_doubted.into())),
            (Field::LociCompared, Some(self.numbers.loci_compared.into())),
            (Field::IncompatibleLoci, Some(self.numbers.incompatible_loci.into())),
            (Field::ChanceHits, self.numbers.expected_chance_hits.map(Value::from)),
            (Field::Posterior, self.numbers.posterior.map(Value::from)),
            (Field::Class, self.numbers.class.as_deref().map(Value::from)),
            (Field::Decision, Some(self.numbers.decision.as_str().into())),
        ];
        text(mapping, Field::Hit, fields)
    }
}

impl Hits {
    /// Appends the line with the basis, which comes first.
    pub fn push_basis(content: &mut Vec<u8>, mapping: &Mapping, basis: &HitsBasis) {
        let fields = vec![
            (Field::Run, Some(basis.run.as_str().into())),
            (Field::Program, Some(basis.program.as_str().into())),
            (Field::Frequencies, Some(basis.frequencies.as_str().into())),
            (Field::Threshold, Some(basis.min_log10_lr.into())),
            (Field::Prior, Some(basis.prior.as_str().into())),
        ];
        push(content, mapping, Field::Basis, fields);
    }

    /// Appends the line of a hit that is withdrawn.
    pub fn push_gone(content: &mut Vec<u8>, mapping: &Mapping, reference: Pseudonym) {
        push(content, mapping, Field::HitGone, vec![(Field::Reference, Some(reference.to_string().into()))]);
    }

    /// Reads the hits of a package.
    ///
    /// # Errors
    /// [`PackageFault::Line`] at the first invalid line.
    pub fn read(mapping: &'static Mapping, content: &[u8]) -> Result<Self, PackageFault> {
        let (mut basis, mut all) = (None, Vec::new());
        let mut names: HashSet<Pseudonym> = HashSet::new();
        for line in lines(mapping, content) {
            let mut line = line?;
            let kind = line.kind()?;
            let is = |field: Field| kind == mapping.field(field);
            if is(Field::Basis) != basis.is_none() {
                return Err(line.fault("the basis is in the first line, and nowhere else"));
            }
            if is(Field::Basis) {
                basis = Some(HitsBasis {
                    run: line.text(Field::Run)?,
                    program: line.text(Field::Program)?,
                    frequencies: line.text(Field::Frequencies)?,
                    min_log10_lr: line.number(Field::Threshold)?,
                    prior: line.text(Field::Prior)?,
                });
                line.end()?;
                continue;
            }
            let reference = line.name(Field::Reference)?;
            if !names.insert(reference) {
                return Err(line.fault("its reference is that of another line"));
            }
            if is(Field::HitGone) {
                all.push(HitLine::Gone(reference));
            } else if is(Field::Hit) {
                let side = line.text(Field::Side)?;
                let side = Side::named(&side).ok_or_else(|| line.fault("its side is not a code of the table"))?;
                all.push(HitLine::Hit(Box::new(Hit {
                    reference,
                    side,
                    family: line.name(Field::Family)?,
                    child: line.name(Field::Child)?,
                    numbers: HitNumbers {
                        log10_lr: line.number(Field::Log10Lr)?,
                        papers_doubted: line.value(Field::PapersDoubted)? == Value::Bool(true),
                        loci_compared: line.whole(Field::LociCompared)?,
                        incompatible_loci: line.whole(Field::IncompatibleLoci)?,
                        expected_chance_hits: line.optional_number(Field::ChanceHits)?,
                        posterior: line.optional_number(Field::Posterior)?,
                        class: line.optional_text(Field::Class)?,
                        decision: line.text(Field::Decision)?,
                    },
                })));
            } else {
                return Err(line.fault("it is of an unknown kind"));
            }
            line.end()?;
        }
        let basis = basis.ok_or(PackageFault::Line { line: 1, what: "the basis is missing".to_owned() })?;
        Ok(Self { basis, lines: all })
    }
}
