//! Writes families, children and pedigrees in the layouts in which they can be imported.

use std::borrow::Cow;
use std::io::Write;

use crate::model::{DropOut, FamilyPedigree, Locus, ManyAlleles, Profile, Pseudonym, Relation, Sex, inert};

/// A sample with its description.
#[derive(Clone, Debug)]
pub struct TidyRow<'a> {
    /// The sample.
    pub sample: Pseudonym,
    /// The family and the relation to its missing child; `None` for a child.
    pub family: Option<(Pseudonym, Relation)>,
    /// The recorded sex.
    pub sex: Sex,
    /// The known origin.
    pub origin: Origin<'a>,
    /// The sample's own drop-out probability.
    pub drop_out: Option<DropOut>,
    /// Genotypes over the loci of the file.
    pub profile: &'a Profile,
    /// Loci with more than two alleles, by position; the profile is untyped there.
    pub many: &'a [(usize, ManyAlleles)],
}

/// The origin of a sample, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Origin<'a> {
    /// The agency that sent it.
    pub agency: Option<Cow<'a, str>>,
    /// The region where it was collected.
    pub region: Option<Cow<'a, str>>,
    /// The day of collection: `2026-03-01`.
    pub collected_on: Option<Cow<'a, str>>,
    /// The typing kit.
    pub kit: Option<Cow<'a, str>>,
}

/// Writes rows of families or children as tidy CSV, with pseudonyms as identifiers.
pub struct TidyCsv<W: Write> {
    csv: csv::Writer<W>,
    loci: usize,
}

impl<W: Write> TidyCsv<W> {
    /// Writes the header. If `loci` is empty, rows list the persons without genotypes.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn new(to: W, families: bool, loci: &[Locus]) -> csv::Result<Self> {
        let mut csv = csv::Writer::from_writer(to);
        let first: &[&str] =
            if families { &["family_id", "sample_id", "relation", "sex"] } else { &["sample_id", "sex"] };
        let about = ["agency", "region", "collected_on", "kit", "drop_out"];
        csv.write_record(first.iter().copied().chain(about).chain(loci.iter().map(Locus::name)))?;
        Ok(Self { csv, loci: loci.len() })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn row(&mut self, row: &TidyRow<'_>) -> csv::Result<()> {
        let csv = &mut self.csv;
        if let Some((family, _)) = row.family {
            csv.write_field(family.to_string())?;
        }
        csv.write_field(row.sample.to_string())?;
        if let Some((_, relation)) = row.family {
            csv.write_field(relation.word())?;
        }
        csv.write_field(row.sex.word())?;
        let Origin { agency, region, collected_on, kit } = &row.origin;
        for known in [agency, region, collected_on, kit] {
            csv.write_field(&*inert(known.as_deref().unwrap_or_default()))?;
        }
        csv.write_field(row.drop_out.map_or_else(String::new, |drop_out| drop_out.get().to_string()))?;
        for locus in 0..self.loci {
            let many = || row.many.iter().find(|many| many.0 == locus).map(|many| cell(&many.1));
            let genotype = row.profile.at(locus).map(|genotype| genotype.to_string());
            csv.write_field(genotype.or_else(many).unwrap_or_default())?;
        }
        csv.write_record(None::<&[u8]>)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn finish(mut self) -> csv::Result<()> {
        Ok(self.csv.flush()?)
    }
}

fn cell(many: &ManyAlleles) -> String {
    many.alleles().iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
}

/// Formats pedigrees as CSV in the layout of `import --pedigrees`. `sexes` are those of each pedigree's samples.
///
/// Persons are named by their positions, so that reading the file keeps their order.
///
/// # Errors
/// Never: writing to memory causes no error.
pub fn pedigrees_csv<'a>(families: impl Iterator<Item = (&'a FamilyPedigree, &'a [Sex])>) -> csv::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["family_id", "person", "father", "mother", "sex", "missing", "sample_id"])?;
    for (of_family, sexes) in families {
        let members = of_family.pedigree.members();
        let name = |person: usize| format!("{:05}", person + 1);
        let parent = |parent: Option<usize>| parent.map_or_else(String::new, name);
        for (person, member) in members.iter().enumerate() {
            let sample = of_family.pedigree.relatives().iter().position(|&place| place == person);
            let sex = if members.iter().any(|one| one.father == Some(person)) {
                Sex::Male
            } else if members.iter().any(|one| one.mother == Some(person)) {
                Sex::Female
            } else {
                sample.and_then(|sample| sexes.get(sample)).copied().unwrap_or(Sex::Unknown)
            };
            let missing = if person == of_family.pedigree.child() { "yes" } else { "" };
            let sample = sample.and_then(|sample| of_family.samples.get(sample)).map(Pseudonym::to_string);
            let parents = [parent(member.father), parent(member.mother)];
            let [father, mother] = &parents;
            let row = [&of_family.family.to_string(), &name(person), father, mother];
            let rest = [sex.word(), missing, sample.as_deref().unwrap_or_default()];
            csv.write_record(row.into_iter().map(String::as_str).chain(rest))?;
        }
    }
    csv.into_inner().map_err(|error| error.into_error().into())
}
