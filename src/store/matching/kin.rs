//! Finds undeclared close relatives and persons who are stored twice.

use std::collections::BTreeMap;
use std::time::Instant;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::keeping::Purpose;
use crate::kinship::Calculator;
use crate::ledger::{Ledger, Samples};
use crate::matching::{IdentityRule, KinCriterion, KinRelation, KinResult, KinSearch};
use crate::model::{Child, Pseudonym};
use crate::population::{Model, Mutation, MutationRates};
use crate::report::{KinReport, KinRow, KinSample};

use crate::store::configuration::limits::{checked_chance_hits, checked_threshold};
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::Observer;

/// The expected number of pairs of unrelated samples on a list if neither bound is given.
const CHANCE_HITS: f64 = 10.0;

/// Selects the samples that are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KinWithin {
    /// The relatives of all families; pairs within one family are listed only if they are one person's.
    Families,
    /// The children.
    Children,
    /// Relatives and children.
    All,
}

impl KinWithin {
    /// Returns the word used in reports and the audit chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Families => "families",
            Self::Children => "children",
            Self::All => "all",
        }
    }

    fn samples(self) -> Samples {
        match self {
            Self::Families => Samples::Relatives,
            Self::Children => Samples::Children,
            Self::All => Samples::All,
        }
    }
}

/// The relation to search for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WantedKin {
    /// Every relation.
    #[default]
    Any,
    /// Pairs that reach the threshold for this relation, even if another one is likelier.
    Only(KinRelation),
}

impl WantedKin {
    fn relations(self) -> Vec<KinRelation> {
        match self {
            Self::Any => KinRelation::ALL.to_vec(),
            Self::Only(relation) => vec![relation],
        }
    }
}

/// The options of a search for close relatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KinOptions {
    /// The samples to compare.
    pub within: KinWithin,
    /// The relation to search for.
    pub relation: WantedKin,
    /// The least log10 LR of a pair, for relations other than identity; `None` for the store's threshold.
    pub min_log10_lr: Option<f64>,
    /// The maximum number of pairs that would be expected on the list by chance if all samples were unrelated; above 0.
    /// `None` means no bound if `min_log10_lr` is given, and 10 otherwise.
    pub max_chance_hits: Option<f64>,
    /// The rule by which two samples count as one person's.
    pub identity: IdentityRule,
}

impl KinOptions {
    /// Searches for every relation with the store's threshold.
    #[must_use]
    pub fn new(within: KinWithin) -> Self {
        let identity = IdentityRule::default();
        Self { within, relation: WantedKin::Any, min_log10_lr: None, max_chance_hits: None, identity }
    }

    fn criterion(&self, store: &Store) -> Result<KinCriterion, StoreError> {
        let asked = checked_chance_hits(self.max_chance_hits)?;
        let min_log10_lr = self.min_log10_lr.map(checked_threshold).transpose()?;
        Ok(KinCriterion {
            min_log10_lr: min_log10_lr.unwrap_or(store.criterion().min_log10_lr),
            max_chance_hits: asked.or(min_log10_lr.is_none().then_some(CHANCE_HITS)),
            identity: self.identity,
        })
    }
}

/// The result of a search for close relatives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FoundKin {
    /// The pairs, as reports show them.
    pub report: KinReport,
    /// The same pairs, with the samples that could not be compared.
    pub result: KinResult,
    /// `true` if the store's model has no mutation, so that the search used the default mutation model.
    pub other_mutation: bool,
}

impl Store {
    /// Compares samples with each other, and lists pairs that are close relatives but not declared as one family, or
    /// that are one person's. Samples whose terms do not allow this are left out; [`KinReport::left_out`] names them.
    ///
    /// Both sexes mutate at the mean of the store's two rates. If the store's model is [`Mutation::None`], the search
    /// uses the mutation model of [`Model::default`], so that a single mutation does not hide a parent;
    /// [`FoundKin::other_mutation`] is then set.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::store::{KinOptions, KinWithin, Silent, Store, entry};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// let found = store.find_kin(&KinOptions::new(KinWithin::Children), &entry("kin", None), &Silent)?;
    /// println!("{}", found.report.csv());
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Number`], [`StoreError::Stopped`], [`StoreError::Model`]; errors of the ledger.
    pub fn find_kin(
        &self,
        options: &KinOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<FoundKin, StoreError> {
        let criterion = options.criterion(self)?;
        let within = options.within;
        let mut ledger = self.ledger()?;
        self.tell_changed_settings(&ledger, observer)?;
        let calculator = self.kin_calculator(within)?;
        let known = Memberships::read(&ledger)?;
        let mut samples: Vec<Child> = Vec::new();
        let mut is_child = BTreeMap::new();
        let not_for_kin = ledger.samples_not_for(Purpose::Kin)?;
        let mut left_out = Vec::new();
        ledger.samples(self.table().panel(), within.samples(), |one| {
            if not_for_kin.contains(&one.sample.pseudonym) {
                left_out.push(one.sample.pseudonym);
                return Ok(());
            }
            if within == KinWithin::All {
                is_child.insert(one.sample.pseudonym, one.is_child);
            }
            samples.push(one.sample);
            Ok::<(), StoreError>(())
        })?;
        left_out.sort_unstable();
        let index = self.index_of(&samples)?;
        drop(samples);
        let watch = observer.watch();
        watch.begin("comparing samples");
        let following = observer.follow(&watch);
        let started = Instant::now();
        let relations = options.relation.relations();
        let search = KinSearch::new(&index, &calculator, criterion);
        let result = search.run(&relations, |a, b| known.are_of_one_family(a, b), &watch)?;
        drop(following);
        let seconds = started.elapsed().as_secs_f64();
        let about = |sample| KinSample {
            sample,
            side: match within {
                KinWithin::Families => "relative",
                KinWithin::Children => "child",
                KinWithin::All if is_child.get(&sample).copied().unwrap_or_default() => "child",
                KinWithin::All => "relative",
            },
            families: known.families(sample).collect(),
        };
        let number = index.children() as u64;
        let report = KinReport {
            schema_version: KinReport::VERSION,
            within: within.word(),
            relations,
            criterion,
            model: calculator.settings_line(),
            frequencies: HEXLOWER.encode(&self.table().digest()),
            samples: number,
            pairs_compared: number * number.saturating_sub(1) / 2,
            seconds,
            left_out,
            pairs: result.pairs.iter().map(|pair| KinRow::new(pair, about)).collect(),
        };
        let entry = entry.clone().with("within", within.word());
        let entry = match report.left_out.len() {
            0 => entry,
            left_out => entry.with("left_out", left_out),
        };
        ledger.append(&entry.about(report.pairs.iter().flat_map(KinRow::pseudonyms)))?;
        let other_mutation = self.settings().model.mutation == Mutation::None;
        Ok(FoundKin { report, result, other_mutation })
    }

    /// Builds the calculator for two samples of unknown age order and irrelevant sex. Both sexes mutate at the mean of
    /// the two rates, and the rate is never 0. Both samples have the same drop-out: that of their side or, if both
    /// sides are compared, the higher of the two.
    fn kin_calculator(&self, within: KinWithin) -> Result<Calculator, StoreError> {
        let mut settings = self.settings().clone();
        let model = &mut settings.model;
        if model.mutation == Mutation::None {
            model.mutation = Model::default().mutation;
        }
        match &mut model.mutation {
            Mutation::None => {}
            Mutation::Equal(rates) | Mutation::Proportional(rates) | Mutation::Stepwise { rates, .. } => {
                let mean = f64::midpoint(rates.male, rates.female);
                // The number that people write: 0.001285, not 0.0012850000000000001.
                let mean = format!("{mean:.14e}").parse().unwrap_or(mean);
                *rates = MutationRates { male: mean, female: mean };
            }
        }
        let both = match within {
            KinWithin::Families => model.drop_out.relatives,
            KinWithin::Children => model.drop_out.children,
            KinWithin::All => model.drop_out.relatives.max(model.drop_out.children),
        };
        (model.drop_out.relatives, model.drop_out.children) = (both, both);
        Ok(settings.calculator(self.table())?)
    }
}

/// The families in which each sample is a relative.
struct Memberships(Vec<(Pseudonym, Pseudonym)>);

impl Memberships {
    fn read(ledger: &Ledger) -> Result<Self, StoreError> {
        Ok(Self(ledger.memberships()?))
    }

    fn families(&self, sample: Pseudonym) -> impl Iterator<Item = Pseudonym> + '_ {
        let from = self.0.partition_point(|one| one.0 < sample);
        self.0[from..].iter().take_while(move |one| one.0 == sample).map(|one| one.1)
    }

    fn are_of_one_family(&self, a: Pseudonym, b: Pseudonym) -> bool {
        self.families(a).any(|family| self.families(b).any(|other| other == family))
    }
}
