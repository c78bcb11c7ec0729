//! `export`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use crate::ledger::{CandidateFilter, Chosen, Ledger};
use crate::model::{DropOut, FamilyPedigree, Layout, Locus, Pedigree, Profile, Pseudonym, Relation, SampleRecord, Sex};
use crate::report::{FamFamily, FamPerson, FamWriter, TidyCsv, TidyRow, pedigrees_csv};

use super::Outcome;
use super::candidates::pseudonym;
use super::new_file::NewFile;
use super::options::Global;
use super::output::{Output, count};
use super::store::Store;

/// Identifiers in the file are pseudonyms: import it with --identifiers pseudonyms.
#[derive(Args)]
pub(super) struct Export {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to write: families or children; a .fam file may hold both, and does unless told
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    to: Form,
    /// Only this family; may be given several times [default: all that are not withdrawn]
    #[arg(long, value_name = "PSEUDONYM")]
    family: Vec<String>,
    /// Only this child; may be given several times [default: all]
    #[arg(long, value_name = "PSEUDONYM")]
    child: Vec<String>,
    /// The children that are candidates of these families
    #[arg(long, requires = "family")]
    candidates: bool,
    /// Where to write the pedigrees of families that have one, which the file itself cannot hold as CSV
    #[arg(long, value_name = "FILE")]
    pedigrees: Option<PathBuf>,
    /// Write the genotypes, which identify a person; a .fam file is nothing without them
    #[arg(long)]
    show_genotypes: bool,
    /// Write over a file that exists
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Tidy CSV, as import reads it
    Csv,
    /// A project of the program Familias. One family with children makes a case with the pedigrees H1 and H2, anything
    /// else a DVI project
    Fam,
}

/// Whom to write, by pseudonym.
struct Named {
    families: Vec<Pseudonym>,
    children: Vec<Pseudonym>,
}

impl Export {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let named = Named { families: read("--family", &self.family)?, children: read("--child", &self.child)? };
        self.check(&named)?;
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let named = self.with_candidates(named, &ledger, output)?;
        let file = NewFile::create(&self.file, self.force)?;
        let withdrawn = ledger.counts()?.families - ledger.families_matched()?;
        let families = self.layout.map_or(named.children.is_empty(), |layout| layout == Layout::Families);
        if withdrawn > 0 && named.families.is_empty() && families {
            output.warn(&format!("{} withdrawn families are left out: name them with --family", count(withdrawn)));
        }
        let (wrote, beside) = match (self.to, self.layout) {
            (Form::Csv, Some(Layout::Families)) => self.families_csv(&store, &ledger, &named, &file)?,
            (Form::Csv, _) => (self.children_csv(&store, &ledger, &named, &file)?, None),
            (Form::Fam, _) => (self.fam(&store, &ledger, &named, &file, output)?, None),
        };
        let entry = global.entry("export").with("genotypes", self.show_genotypes);
        let about = self.subjects(&store, &ledger, &named)?;
        // Before anyone can have the file.
        ledger.append(&entry.with_digest("file", &file.digest()?).about(about))?;
        beside.map_or(Ok(()), NewFile::finish)?;
        file.finish()?;
        let with = if self.show_genotypes { "with genotypes: keep it as you keep the samples" } else { "no genotypes" };
        output.say(&format!("{}: {wrote}, {with}", self.file.display()));
        Ok(Outcome::Done)
    }

    /// Whether the file is to hold such samples.
    fn wants(&self, layout: Layout, named: &Named) -> bool {
        let nobody = named.families.is_empty() && named.children.is_empty();
        let some = if layout == Layout::Families { &named.families } else { &named.children };
        self.layout.map_or(nobody || !some.is_empty(), |said| said == layout)
    }

    /// Everyone who stands in the file: samples and families.
    fn subjects(&self, store: &Store, ledger: &Ledger, named: &Named) -> anyhow::Result<Vec<Pseudonym>> {
        let loci = store.table.panel().loci();
        let mut all = Vec::new();
        for (layout, some) in [(Layout::Families, &named.families), (Layout::Children, &named.children)] {
            if self.wants(layout, named) {
                ledger.export(layout, chosen(some), loci, |record| -> anyhow::Result<()> {
                    all.extend(record.family.map(|family| family.0).into_iter().chain([record.sample]));
                    Ok(())
                })?;
            }
        }
        Ok(all)
    }

    /// Whether the options go together.
    fn check(&self, named: &Named) -> anyhow::Result<()> {
        match (self.to, self.layout) {
            (Form::Fam, _) => {
                ensure!(
                    self.show_genotypes,
                    "a .fam file holds genotypes, which identify people: give --show-genotypes"
                );
                ensure!(self.pedigrees.is_none(), "a .fam file holds the pedigrees itself: leave out --pedigrees");
            }
            (Form::Csv, None) => bail!("say what to write: --as families or --as children"),
            (Form::Csv, Some(Layout::Children)) => {
                ensure!(self.pedigrees.is_none(), "--pedigrees goes with --as families");
            }
            (Form::Csv, Some(Layout::Families)) => {}
        }
        match self.layout {
            Some(Layout::Families) => {
                ensure!(named.children.is_empty() && !self.candidates, "children are not written --as families");
            }
            Some(Layout::Children) => ensure!(
                named.families.is_empty() || self.candidates,
                "families are not written --as children: give --candidates, to write the children that are candidates of them"
            ),
            None => {}
        }
        Ok(())
    }

    fn with_candidates(&self, mut named: Named, ledger: &Ledger, output: &Output) -> anyhow::Result<Named> {
        if self.candidates {
            for &family in &named.families {
                let filter = CandidateFilter { family: Some(family), ..CandidateFilter::default() };
                let found = ledger.candidates(&filter)?;
                if found.is_empty() {
                    output.warn(&format!("family {family} has no candidate"));
                }
                let new = found.iter().map(|candidate| candidate.candidate.child);
                let mut known: BTreeSet<Pseudonym> = named.children.iter().copied().collect();
                named.children.extend(new.filter(|&child| known.insert(child)));
            }
            ensure!(
                !named.children.is_empty(),
                "there is no candidate to write: run `reunite match`, or leave out --candidates"
            );
        }
        Ok(named)
    }

    /// The loci of the file: the panel's, then others by name.
    fn loci(&self, store: &Store, ledger: &Ledger) -> anyhow::Result<Vec<Locus>> {
        if !self.show_genotypes {
            return Ok(Vec::new());
        }
        let known = ledger.loci()?;
        let panel = store.table.panel();
        let of_panel = panel.loci().iter().filter(|locus| known.contains(locus));
        let others = known.iter().filter(|locus| panel.position(locus).is_none());
        Ok(of_panel.chain(others).cloned().collect())
    }

    /// What was written, and the file of pedigrees, if there is one.
    fn families_csv(
        &self,
        store: &Store,
        ledger: &Ledger,
        named: &Named,
        file: &NewFile,
    ) -> anyhow::Result<(String, Option<NewFile>)> {
        let loci = self.loci(store, ledger)?;
        let mut csv = TidyCsv::new(file.writer(), true, &loci)?;
        let (mut families, mut relatives) = (BTreeSet::new(), 0);
        // By family, relation and sample, as a family's pedigree has them.
        let mut members: Vec<(Pseudonym, Pseudonym, Sex)> = Vec::new();
        ledger.export(Layout::Families, chosen(&named.families), &loci, |record| -> anyhow::Result<()> {
            if let Some((family, relation)) = record.family {
                families.insert(family);
                if relation == Relation::Member {
                    members.push((family, record.sample, record.sex));
                }
            }
            relatives += 1;
            Ok(csv.row(&row(&record))?)
        })?;
        csv.finish()?;
        all_found("family", &named.families, &families)?;
        let mut pedigrees: Vec<(FamilyPedigree, Vec<Sex>)> = Vec::new();
        for of_family in members.chunk_by(|a, b| a.0 == b.0) {
            pedigrees.push((pedigree(store, ledger, of_family)?, of_family.iter().map(|member| member.2).collect()));
        }
        let mut wrote = format!("{} relatives of {} families", count(relatives), count(families.len() as u64));
        let beside = match &self.pedigrees {
            None if !pedigrees.is_empty() => bail!(
                "{} of these families have a pedigree, which a CSV file of relatives cannot hold: give --pedigrees FILE to write \
                 them beside it",
                count(pedigrees.len() as u64)
            ),
            None => None,
            Some(path) => {
                let beside = NewFile::create(path, self.force)?;
                let text = pedigrees_csv(pedigrees.iter().map(|(pedigree, sexes)| (pedigree, sexes.as_slice())))?;
                beside.writer().write_all(&text)?;
                wrote += &format!(", {} pedigrees", count(pedigrees.len() as u64));
                Some(beside)
            }
        };
        Ok((wrote, beside))
    }

    fn children_csv(&self, store: &Store, ledger: &Ledger, named: &Named, file: &NewFile) -> anyhow::Result<String> {
        let loci = self.loci(store, ledger)?;
        let mut csv = TidyCsv::new(file.writer(), false, &loci)?;
        let (mut children, mut found) = (0, BTreeSet::new());
        ledger.export(Layout::Children, chosen(&named.children), &loci, |record| -> anyhow::Result<()> {
            children += 1;
            if !named.children.is_empty() {
                found.insert(record.sample);
            }
            Ok(csv.row(&row(&record))?)
        })?;
        csv.finish()?;
        all_found("child", &named.children, &found)?;
        Ok(format!("{} children", count(children)))
    }

    fn fam(
        &self,
        store: &Store,
        ledger: &Ledger,
        named: &Named,
        file: &NewFile,
        output: &Output,
    ) -> anyhow::Result<String> {
        let model = &store.settings.model;
        let families = match self.wants(Layout::Families, named) {
            true => families(store, ledger, &named.families)?,
            false => Vec::new(),
        };
        let mut children = Vec::new();
        if self.wants(Layout::Children, named) {
            let loci = store.table.panel().loci();
            ledger.export(Layout::Children, chosen(&named.children), loci, |record| -> anyhow::Result<()> {
                children.push(person(record, model.drop_out.children));
                Ok(())
            })?;
            all_found("child", &named.children, &children.iter().map(|child| child.sample).collect())?;
        }
        let (text, what) = match families.as_slice() {
            [family] if !named.children.is_empty() => {
                (FamWriter::case(&store.table, model, family, &children)?, "a case of ")
            }
            _ => {
                let persons = families.iter().flat_map(|family| &family.relatives).chain(&children);
                if persons.into_iter().any(|person| person.drop_out > 0.0) {
                    output.warn("drop-out is not written: the DVI module sets it for all, among its options");
                }
                (FamWriter::project(&store.table, model, &families, &children)?, "a project of ")
            }
        };
        if !store.settings.linked.is_empty() {
            output.warn("linked loci are independent in a .fam file");
        }
        let persons = families.iter().flat_map(|family| &family.relatives).chain(&children);
        let untyped = persons.filter(|person| person.profile.typed_loci() == 0).count();
        if untyped > 0 {
            let untyped = count(untyped as u64);
            output.warn(&format!(
                "{untyped} samples are typed at no locus of the panel: they are written without DNA data"
            ));
        }
        // A sample may stand in several families.
        let persons = families.iter().flat_map(|family| &family.relatives).chain(&children);
        let many: BTreeMap<Pseudonym, usize> =
            persons.filter(|person| person.many > 0).map(|person| (person.sample, person.many)).collect();
        if !many.is_empty() {
            let (loci, samples) = (count(many.values().sum::<usize>() as u64), count(many.len() as u64));
            output.warn(&format!(
                "a .fam file has no place for more than two alleles: written as untyped are {loci} genotypes of {samples} samples"
            ));
        }
        let sexless = children.iter().filter(|child| child.sex == Sex::Unknown).count();
        if sexless > 0 {
            output.warn(&format!("{} children without a recorded sex are written as male", count(sexless as u64)));
        }
        file.writer().write_all(text.as_bytes())?;
        Ok(format!("{what}{} families and {} children", count(families.len() as u64), count(children.len() as u64)))
    }
}

/// Families with their pedigrees, and relatives in the order of these.
fn families(store: &Store, ledger: &Ledger, named: &[Pseudonym]) -> anyhow::Result<Vec<FamFamily>> {
    let mut records: Vec<SampleRecord> = Vec::new();
    let loci = store.table.panel().loci();
    ledger.export(Layout::Families, chosen(named), loci, |record| -> anyhow::Result<()> {
        records.push(record);
        Ok(())
    })?;
    let found = records.iter().filter_map(|record| record.family).map(|family| family.0).collect();
    all_found("family", named, &found)?;
    let mut families = Vec::with_capacity(found.len());
    for of_family in records.chunk_by(|a, b| a.family.map(|of| of.0) == b.family.map(|of| of.0)) {
        let relations: Vec<Relation> = of_family.iter().filter_map(|record| record.family).map(|of| of.1).collect();
        let Some((family, _)) = of_family[0].family else { continue };
        let pedigree = if relations.contains(&Relation::Member) {
            let members: Vec<_> = of_family.iter().map(|record| (family, record.sample, record.sex)).collect();
            pedigree(store, ledger, &members)?.pedigree
        } else {
            Pedigree::from_relations(&relations).with_context(|| format!("family {family}"))?
        };
        let drop_out = store.settings.model.drop_out.relatives;
        let relatives = of_family.iter().map(|record| person(record.clone(), drop_out)).collect();
        families.push(FamFamily { family, pedigree, relatives });
    }
    Ok(families)
}

/// The pedigree of a family with these members: family, sample and sex.
fn pedigree(store: &Store, ledger: &Ledger, members: &[(Pseudonym, Pseudonym, Sex)]) -> anyhow::Result<FamilyPedigree> {
    let family = members.first().map(|member| member.0).context("a family without relatives")?;
    let stored = ledger.family(store.table.panel(), family)?.and_then(|family| family.pedigree);
    let pedigree = stored.with_context(|| format!("family {family} has no pedigree: run `reunite verify`"))?;
    let samples = members.iter().map(|member| member.1).collect();
    Ok(FamilyPedigree { family, pedigree: (*pedigree).clone(), samples })
}

fn person(record: SampleRecord, drop_out: f64) -> FamPerson {
    let SampleRecord { sample, sex, profile, family, many, .. } = record;
    // The relation may say what is not recorded: an aunt is a woman.
    let implied = family.and_then(|(_, relation)| relation.sex());
    let sex = if sex == Sex::Unknown { implied.unwrap_or(sex) } else { sex };
    FamPerson { sample, sex, profile, drop_out: record.drop_out.map_or(drop_out, DropOut::get), many: many.len() }
}

fn row(record: &SampleRecord) -> TidyRow<'_> {
    let profile: &Profile = &record.profile;
    let [agency, region, kit] =
        [&record.agency, &record.region, &record.kit].map(|text| text.as_deref().map(Cow::from));
    let about = [agency, region, record.collected_on.map(|day| day.to_string().into()), kit];
    TidyRow {
        sample: record.sample,
        family: record.family,
        sex: record.sex,
        about,
        drop_out: record.drop_out,
        profile,
        many: &record.many,
    }
}

fn read(argument: &str, texts: &[String]) -> anyhow::Result<Vec<Pseudonym>> {
    texts.iter().map(|text| pseudonym(argument, text)).collect()
}

fn chosen(named: &[Pseudonym]) -> Chosen<'_> {
    if named.is_empty() { Chosen::All } else { Chosen::Those(named) }
}

fn all_found(kind: &str, named: &[Pseudonym], found: &BTreeSet<Pseudonym>) -> anyhow::Result<()> {
    match named.iter().find(|one| !found.contains(one)) {
        Some(one) => bail!("there is no {kind} {one} in the store; nothing is written"),
        None => Ok(()),
    }
}
