//! Generates searches for a parent or child among many people. Each query is one sample whose parent or child is among
//! hundreds of thousands of others; loci are missing, and at some loci only one allele is seen.

use crate::model::{Profile, Relation};
use crate::population::{FrequencyTable, Model};

use super::genes::{GenePool, Genes};
use super::plan::PlanError;
use super::random::{Purpose, Seed, Stream, fixed};

/// The plan of a search. Probabilities are in the range from 0 to 1.
///
/// ```
/// use reunite::population::{FrequencyTable, Model};
/// use reunite::synthesis::ChallengePlan;
///
/// // All 23 loci are typed; at one in twenty nothing is seen, and at one in ten a copy is not.
/// let plan = ChallengePlan { people: 100, queries: 5, seed: 1, loci: (1 << 23) - 1, missing: 0.05, single: 0.1 };
/// let challenge = plan.generate(FrequencyTable::chinese_han_23(), &Model::default())?;
/// assert_eq!((challenge.queries.len(), challenge.people.len()), (5, 100));
/// assert!(challenge.truth.iter().all(|answer| answer.person < 100));
/// # Ok::<(), reunite::synthesis::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ChallengePlan {
    /// Number of people to search, including the queries' relatives.
    pub people: usize,
    /// Number of samples for which a relative is searched.
    pub queries: usize,
    /// The seed: equal seeds give equal searches on every machine.
    pub seed: u64,
    /// The typed loci, by their positions in the frequency table: bit i for position i.
    pub loci: u64,
    /// Probability that a locus is untyped.
    pub missing: f64,
    /// Probability that one of the two copies at a locus is not seen, either one with equal probability. Of a
    /// heterozygote, one allele remains.
    pub single: f64,
}

/// The queries, the people, and their true relations.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Challenge {
    /// Profiles of the queries, numbered from 1.
    pub queries: Vec<Profile>,
    /// Profiles of the people in random order, numbered from 1.
    pub people: Vec<Profile>,
    /// The relative of each query.
    pub truth: Vec<Answer>,
}

/// The relative of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Position in [`Challenge::people`].
    pub person: usize,
    /// `true` if the query is the parent and the relative its child.
    pub query_is_parent: bool,
}

impl ChallengePlan {
    /// Number of people that share a stream.
    const BLOCK: usize = 256;

    /// Generates the search. Alleles follow `table` and mutations follow `model`; other settings of the model are not
    /// used.
    ///
    /// # Errors
    /// [`PlanError`] if a probability is out of range, if there are more queries than people, or if the mutation model
    /// gives no matrix for the table.
    pub fn generate(&self, table: &FrequencyTable, model: &Model) -> Result<Challenge, PlanError> {
        for (name, value) in [("missing", self.missing), ("single", self.single)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(PlanError::Share { name, value });
            }
        }
        if self.queries > self.people {
            return Err(PlanError::TooFewChildren { needed: self.queries, children: self.people });
        }
        let pool = GenePool::new(table, &model.mutation)?;
        let seed = Seed::new(self.seed);
        let mut queries = Vec::with_capacity(self.queries);
        // People, with the query of which each is the relative.
        let mut people: Vec<(Option<usize>, Profile)> = Vec::with_capacity(self.people);
        let mut is_parent = Vec::with_capacity(self.queries);
        for number in 0..self.queries {
            let mut stream = seed.stream(Purpose::Query, number);
            let (parent, other) = (pool.founder(&mut stream), pool.founder(&mut stream));
            let is_father = stream.word() >> 63 == 1;
            let child = if is_father {
                pool.child(&parent, &other, &mut stream)
            } else {
                pool.child(&other, &parent, &mut stream)
            };
            let query_is_parent = stream.word() >> 63 == 1;
            let (query, relative) = if query_is_parent { (parent, child) } else { (child, parent) };
            queries.push(self.seen(&pool, query, &mut stream));
            people.push((Some(number), self.seen(&pool, relative, &mut stream)));
            is_parent.push(query_is_parent);
        }
        for block in 0.. {
            let missing = (self.people - people.len()).min(Self::BLOCK);
            if missing == 0 {
                break;
            }
            let mut stream = seed.stream(Purpose::People, block);
            people.extend((0..missing).map(|_| {
                let genes = pool.founder(&mut stream);
                (None, self.seen(&pool, genes, &mut stream))
            }));
        }
        seed.stream(Purpose::Order, 1).shuffle(&mut people);
        let mut truth: Vec<Answer> =
            is_parent.into_iter().map(|query_is_parent| Answer { person: 0, query_is_parent }).collect();
        for (place, (query, _)) in people.iter().enumerate() {
            if let Some(query) = query {
                truth[*query].person = place;
            }
        }
        Ok(Challenge { queries, people: people.into_iter().map(|one| one.1).collect(), truth })
    }

    /// Returns the profile that is seen of these genes.
    fn seen(&self, pool: &GenePool, mut genes: Genes, stream: &mut Stream) -> Profile {
        let (missing, single) = (fixed(self.missing), fixed(self.single));
        let mut typed = 0;
        for (locus, pair) in genes.iter_mut().enumerate().filter(|(locus, _)| self.loci >> locus & 1 == 1) {
            if stream.chance(missing) {
                continue;
            }
            typed |= 1 << locus;
            if stream.chance(single) {
                let kept = pair[(stream.word() >> 63) as usize];
                *pair = [kept, kept];
            }
        }
        pool.profile(&genes, typed)
    }
}

impl Challenge {
    /// Returns the word for the relation of the relative to the query.
    #[must_use]
    pub fn relation(&self, query: usize) -> &'static str {
        if self.truth[query].query_is_parent { "child" } else { Relation::Parent.word() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> ChallengePlan {
        ChallengePlan { people: 3_000, queries: 200, seed: 5, loci: 0x1f_ffff, missing: 0.05, single: 0.08 }
    }

    #[test]
    fn relatives_share_an_allele_wherever_both_are_wholly_seen() {
        let (table, model) = (FrequencyTable::chinese_han_23(), Model::default());
        let challenge = ChallengePlan { single: 0.0, ..plan() }.generate(table, &model).unwrap();
        assert_eq!((challenge.queries.len(), challenge.people.len()), (200, 3_000));
        let (mut apart, mut compared) = (0, 0);
        for (query, answer) in challenge.queries.iter().zip(&challenge.truth) {
            for (one, other) in query.genotypes().iter().zip(challenge.people[answer.person].genotypes()) {
                let (Some(one), Some(other)) = (one, other) else { continue };
                compared += 1;
                let shared = [one.low(), one.high()].iter().any(|&a| a == other.low() || a == other.high());
                apart += u32::from(!shared);
            }
        }
        // 0.0013 mutations per locus is the mean of both sexes; not all mutations are visible.
        assert!(compared > 3_500 && apart < 20, "{apart} of {compared}");
        let parents = challenge.truth.iter().filter(|answer| answer.query_is_parent).count();
        assert!((60..140).contains(&parents), "{parents}");
        assert_eq!(challenge, ChallengePlan { single: 0.0, ..plan() }.generate(table, &model).unwrap());
    }

    #[test]
    fn as_many_loci_are_missing_or_half_seen_as_asked_for() {
        let (table, model) = (FrequencyTable::chinese_han_23(), Model::default());
        let shares = |single: f64| {
            let challenge = ChallengePlan { single, ..plan() }.generate(table, &model).unwrap();
            let (mut typed, mut alone) = (0.0, 0.0);
            for profile in &challenge.people {
                assert_eq!(profile.genotypes()[21..], [None; 2], "only the loci asked for");
                for genotype in profile.genotypes().iter().flatten() {
                    typed += 1.0;
                    alone += f64::from(u8::from(genotype.is_homozygous()));
                }
            }
            (typed / (3_000.0 * 21.0), alone / typed)
        };
        let ((typed, homozygous), (_, alone)) = (shares(0.0), shares(0.08));
        assert!((typed - 0.95).abs() < 0.005, "{typed}");
        let expected = homozygous + 0.08 * (1.0 - homozygous);
        assert!((alone - expected).abs() < 0.01 && homozygous < 0.25, "{alone} {expected}");
        assert!(matches!(
            ChallengePlan { missing: 1.5, ..plan() }.generate(table, &model),
            Err(PlanError::Share { name: "missing", .. })
        ));
        assert!(ChallengePlan { people: 3, ..plan() }.generate(table, &model).is_err());
    }
}
