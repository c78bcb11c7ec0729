//! A search for parent or child among many people: one sample, and somewhere among hundreds of thousands of others its
//! parent or its child; loci are missing, and of some only one allele is seen.

use crate::model::{Profile, Relation};
use crate::population::{FrequencyTable, Model};

use super::genes::{GenePool, Genes};
use super::plan::PlanError;
use super::random::{Purpose, Seed, Stream, fixed};

/// What a search should hold. Probabilities go from 0 to 1.
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
    /// How many people are searched, the queries' relatives among them.
    pub people: usize,
    /// How many samples are searched for a relative.
    pub queries: usize,
    /// The same seed gives the same search, on every machine.
    pub seed: u64,
    /// Loci that are typed, by their positions in the frequency table: bit i for position i.
    pub loci: u64,
    /// Probability that nothing is seen of a locus.
    pub missing: f64,
    /// Probability that one of the two copies at a locus, either with the same probability, is not seen: of a heterozygote
    /// one allele alone is left.
    pub single: f64,
}

/// Queries, people, and who is related to whom.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Challenge {
    /// Profiles of the samples that are searched for; numbered from 1.
    pub queries: Vec<Profile>,
    /// Profiles of the people, in random order; numbered from 1.
    pub people: Vec<Profile>,
    /// Per query, its relative.
    pub truth: Vec<Answer>,
}

/// The relative of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Position in [`Challenge::people`].
    pub person: usize,
    /// Whether the query is the parent, and the relative its child.
    pub query_is_parent: bool,
}

impl ChallengePlan {
    /// People that share a stream.
    const BLOCK: usize = 256;

    /// Makes the search: alleles by `table`, mutations by `model`; nothing else of the model is used.
    ///
    /// # Errors
    /// [`PlanError`] for a probability that is none, or more queries than people; or if the mutation model makes no
    /// matrix over the table.
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
        // With the query of whom someone is the relative.
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

    /// What is seen of these genes.
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
    /// What the person found for a query is to it, as a word.
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
        // 0.0013 mutations per locus in the mean of both sexes, of which not all show.
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
