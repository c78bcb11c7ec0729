//! Writes the families or children of a store to a file, for another store or another program.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::audit::Entry;
use crate::ledger::{CandidateFilter, Chosen, Ledger};
use crate::model::{DropOut, FamilyPedigree, Layout, Locus, Pedigree, Pseudonym, Relation, SampleRecord, Sex};
use crate::report::words::{count, plural};
use crate::report::{
    CmfParties, CmfWriter, FamFamily, FamPerson, FamWriter, Origin, SampleTypings, TidyCsv, TidyRow, pedigrees_csv,
    typings_csv,
};

use super::check::{Replace, check_apart};
use super::write::NewFile;
use crate::store::actor::now;
use crate::store::error::{ExportConflict, FileAction, Incomplete, StoreError};
use crate::store::folder::Store;
use crate::store::keeping::enforce::withheld;
use crate::store::matching::digests::FileDigests;

/// The format of an exported file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportForm {
    /// Tidy CSV, which can be imported again: families or children.
    #[default]
    Csv,
    /// A project of the program Familias: families, children or both. One family with children becomes a case with the
    /// pedigrees H1 and H2; anything else becomes a DVI project.
    Fam,
    /// CODIS Common Message Format 3.2: families or children.
    Cmf,
}

/// What to export, and to which file.
#[derive(Clone, Copy, Debug)]
pub struct ExportOptions<'a> {
    /// The file to write, with mode 0600.
    pub file: &'a Path,
    /// The format.
    pub form: ExportForm,
    /// The layout to write. `None` is possible for a Familias project: it then holds the families and children that are
    /// named, or all of both if none is named.
    pub layout: Option<Layout>,
    /// Only these families, withdrawn or not; empty for all that are not withdrawn.
    pub families: &'a [Pseudonym],
    /// Only these children; empty for all.
    pub children: &'a [Pseudonym],
    /// `true` if the export includes the children that are candidates of these families.
    pub candidates: bool,
    /// The file for the pedigrees of families that have one; a CSV file cannot hold pedigrees.
    pub pedigrees: Option<&'a Path>,
    /// The file for the single typings of samples that have several, as CSV. The exported file itself holds the
    /// genotypes on which they agree.
    pub typings: Option<&'a Path>,
    /// The laboratories that a CMF file names.
    pub cmf: Option<CmfParties<'a>>,
    /// `true` if the export includes genotypes, which can identify a person.
    pub show_genotypes: bool,
    /// `true` if existing files are replaced.
    pub force: bool,
}

impl<'a> ExportOptions<'a> {
    /// Exports all families or children as CSV without genotypes, to a new file.
    #[must_use]
    pub fn csv(file: &'a Path, layout: Layout) -> Self {
        Self {
            file,
            form: ExportForm::Csv,
            layout: Some(layout),
            families: &[],
            children: &[],
            candidates: false,
            pedigrees: None,
            typings: None,
            cmf: None,
            show_genotypes: false,
            force: false,
        }
    }

    /// Checks that the options are compatible.
    fn check(&self) -> Result<(), ExportConflict> {
        match (self.form, self.layout) {
            (ExportForm::Fam, _) if !self.show_genotypes => return Err(ExportConflict::FamNeedsGenotypes),
            (ExportForm::Fam, _) if self.pedigrees.is_some() => return Err(ExportConflict::FamHoldsPedigrees),
            (ExportForm::Cmf, _) if !self.show_genotypes => return Err(ExportConflict::CmfNeedsGenotypes),
            (ExportForm::Cmf, _) if self.cmf.is_none() => return Err(ExportConflict::CmfNeedsParties),
            (ExportForm::Cmf, _) if self.pedigrees.is_some() => return Err(ExportConflict::CmfHoldsNoPedigrees),
            (ExportForm::Csv | ExportForm::Cmf, None) => return Err(ExportConflict::NoLayout),
            (ExportForm::Csv, Some(Layout::Children)) if self.pedigrees.is_some() => {
                return Err(ExportConflict::PedigreesOfChildren);
            }
            _ => {}
        }
        match self.layout {
            Some(Layout::Families) if !self.children.is_empty() || self.candidates => {
                Err(ExportConflict::ChildrenAmongFamilies)
            }
            Some(Layout::Children) if !self.families.is_empty() && !self.candidates => {
                Err(ExportConflict::FamiliesAmongChildren)
            }
            _ => Ok(()),
        }
    }
}

/// The contents of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportedContent {
    /// Relatives of families, as CSV.
    Families {
        /// Number of relatives; a relative in two families counts twice.
        relatives: u64,
        /// Number of families.
        families: u64,
        /// Number of pedigrees in the second file, if there is one.
        pedigrees: Option<u64>,
    },
    /// Children, as CSV.
    Children(u64),
    /// A Familias case of one family and children.
    Case {
        /// Number of children.
        children: u64,
    },
    /// A Familias DVI project.
    Project {
        /// Number of families.
        families: u64,
        /// Number of children.
        children: u64,
    },
}

impl fmt::Display for ExportedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Families { relatives, families, pedigrees } => {
                write!(f, "{} of {}", plural(relatives, "relative"), plural(families, "family"))?;
                pedigrees.map_or(Ok(()), |pedigrees| write!(f, ", {}", plural(pedigrees, "pedigree")))
            }
            Self::Children(children) => write!(f, "{}", plural(children, "child")),
            Self::Case { children } => write!(f, "a case of 1 family and {}", plural(children, "child")),
            Self::Project { families, children } => {
                write!(f, "a project of {} and {}", plural(families, "family"), plural(children, "child"))
            }
        }
    }
}

/// A remark about an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportRemark {
    /// The candidates of this family were requested, but it has none.
    NoCandidates(Pseudonym),
    /// Withdrawn families were left out, because they were not named.
    WithdrawnLeftOut(u64),
    /// The format has no place for the drop-out probabilities of single samples.
    DropOutNotWritten,
    /// The format has no linked loci, so other programs treat them as independent.
    LinkedLociIndependent,
    /// Samples that are typed at no locus of the panel.
    Untyped(u64),
    /// The format has no place for more than two alleles at a locus.
    MultiAllelic {
        /// Number of genotypes that were written as untyped.
        genotypes: u64,
        /// Number of samples that have them.
        samples: u64,
    },
    /// Children without a recorded sex, for which the format has no word, were written as male.
    WrittenAsMale(u64),
    /// Samples that have several typings, which were not written individually.
    SeveralTypings(u64),
    /// Relatives of whose relation the format has only the side.
    SideAlone(u64),
    /// The format has no place for the drop-out probabilities of samples.
    NoDropOut(u64),
    /// Samples that were left out, because they may not leave for another agency.
    LeftOut(u64),
    /// Samples that may not leave for another agency, see [`Store::may_exchange`].
    NotForExchange(u64),
}

impl fmt::Display for ExportRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoCandidates(family) => write!(f, "family {family} has no candidate"),
            Self::WithdrawnLeftOut(families) => {
                write!(f, "{} left out", plural(families, "withdrawn family"))
            }
            Self::DropOutNotWritten => {
                f.write_str("drop-out is not written; set it for all samples in the options of the DVI module")
            }
            Self::LinkedLociIndependent => f.write_str("a .fam file treats linked loci as independent"),
            Self::Untyped(samples) => {
                write!(f, "{} without a typed locus of the panel: written without DNA data", plural(samples, "sample"))
            }
            Self::MultiAllelic { genotypes, samples } => write!(
                f,
                "a .fam file cannot hold more than two alleles at a locus: {} of {} written as untyped",
                plural(genotypes, "genotype"),
                plural(samples, "sample")
            ),
            Self::WrittenAsMale(children) => {
                write!(f, "{} without a recorded sex written as male", plural(children, "child"))
            }
            Self::SeveralTypings(samples) => write!(
                f,
                "{} with several typings: the file holds the combined genotypes of each",
                plural(samples, "sample")
            ),
            Self::SideAlone(relatives) => write!(
                f,
                "a CMF file has no word for the relation of {}: it holds the side, paternal or maternal",
                plural(relatives, "relative")
            ),
            Self::NoDropOut(samples) => {
                write!(f, "a CMF file has no place for drop-out: not written for {}", plural(samples, "sample"))
            }
            Self::LeftOut(samples) => {
                write!(f, "samples whose terms do not allow exchange, and that are left out: {}", count(samples))
            }
            Self::NotForExchange(samples) => write!(
                f,
                "{} whose terms do not allow exchange: the file must not leave for another agency",
                plural(samples, "sample")
            ),
        }
    }
}

/// The result of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// What the file holds.
    pub content: ExportedContent,
    /// What its user should know.
    pub remarks: Vec<ExportRemark>,
}

impl Store {
    /// Writes families or children to a file, in the order of pseudonyms. The export is recorded before the file
    /// appears under its name.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::model::Layout;
    /// use reunite::store::{ExportOptions, Store, entry};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// let options = ExportOptions::csv(Path::new("children.csv"), Layout::Children);
    /// println!("wrote {}", store.export(&options, &entry("export", None))?.content);
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Export`], [`StoreError::NoFamily`], [`StoreError::NoChild`], [`StoreError::FileExists`],
    /// [`StoreError::Fam`], [`StoreError::Io`]; errors of the ledger. No file is written then.
    pub fn export(&self, options: &ExportOptions<'_>, entry: &Entry) -> Result<Exported, StoreError> {
        self.recording_unknown(entry, self.export_of_known(options, entry))
    }

    fn export_of_known(&self, options: &ExportOptions<'_>, entry: &Entry) -> Result<Exported, StoreError> {
        options.check()?;
        check_apart([Some(options.file), options.pedigrees, options.typings])?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let mut export = Export {
            store: self,
            ledger: &ledger,
            options,
            children: options.children.to_vec(),
            subjects: Vec::new(),
            remarks: Vec::new(),
        };
        export.add_candidates()?;
        let file = self.output(options.file, options)?;
        export.remark_withdrawn()?;
        let (content, beside) = match (options.form, options.layout) {
            (ExportForm::Csv, Some(Layout::Families)) => export.families_csv(&file)?,
            (ExportForm::Csv, _) => (export.children_csv(&file)?, None),
            (ExportForm::Fam, _) => (export.fam(&file)?, None),
            (ExportForm::Cmf, layout) => (export.cmf(&file, layout.unwrap_or(Layout::Children))?, None),
        };
        let typings = export.typings()?;
        let withheld = export.remark_exchange()?;
        let Export { subjects, remarks, .. } = export;
        let mut entry = entry.clone().with("genotypes", options.show_genotypes);
        if withheld > 0 {
            entry = entry.with("not_for_exchange", withheld);
        }
        let digests = FileDigests::new(&ledger, None)?;
        if let Some(typings) = &typings {
            entry = entry.with_digest("typings", &digests.recorded(&typings.digest()?));
        }
        // The export must be recorded before anyone can have the file.
        ledger.append(&entry.with_digest("file", &digests.recorded(&file.digest()?)).about(subjects))?;
        beside.map_or(Ok(()), NewFile::finish)?;
        typings.map_or(Ok(()), NewFile::finish)?;
        file.finish()?;
        Ok(Exported { content, remarks })
    }

    fn output(&self, path: &Path, options: &ExportOptions<'_>) -> Result<NewFile, StoreError> {
        let key = self.key_file();
        NewFile::create(path, Replace::forced(options.force), &key.iter().map(|key| &**key).collect::<Vec<_>>())
    }
}

/// An export in progress.
struct Export<'a> {
    store: &'a Store,
    ledger: &'a Ledger,
    options: &'a ExportOptions<'a>,
    /// The named children, and the candidates of the named families; empty for all.
    children: Vec<Pseudonym>,
    /// Every sample and family that was written.
    subjects: Vec<Pseudonym>,
    remarks: Vec<ExportRemark>,
}

impl Export<'_> {
    fn add_candidates(&mut self) -> Result<(), StoreError> {
        if !self.options.candidates {
            return Ok(());
        }
        let mut known: BTreeSet<Pseudonym> = self.children.iter().copied().collect();
        for &family in self.options.families {
            let filter = CandidateFilter { family: Some(family), ..CandidateFilter::default() };
            let found = self.ledger.candidates(&filter)?;
            if found.is_empty() {
                self.remarks.push(ExportRemark::NoCandidates(family));
            }
            let children = found.iter().map(|current| current.candidate.child);
            self.children.extend(children.filter(|&child| known.insert(child)));
        }
        if self.children.is_empty() { Err(ExportConflict::NoCandidate.into()) } else { Ok(()) }
    }

    fn remark_withdrawn(&mut self) -> Result<(), StoreError> {
        let withdrawn = self.ledger.counts()?.families - self.ledger.families_matched()?;
        let has_families = self.options.layout.map_or(self.children.is_empty(), |layout| layout == Layout::Families);
        if withdrawn > 0 && self.options.families.is_empty() && has_families {
            self.remarks.push(ExportRemark::WithdrawnLeftOut(withdrawn));
        }
        Ok(())
    }

    /// Adds a remark about samples that may not leave for another agency. Returns how many there are.
    fn remark_exchange(&mut self) -> Result<u64, StoreError> {
        let withheld = withheld(self.ledger)?;
        let number = self.subjects.iter().filter(|one| withheld.contains(one)).count() as u64;
        if number > 0 {
            self.remarks.push(ExportRemark::NotForExchange(number));
        }
        Ok(number)
    }

    /// Writes the single typings of the exported samples that have several to a separate file, or adds a remark about
    /// them.
    fn typings(&mut self) -> Result<Option<NewFile>, StoreError> {
        let mut several = self.ledger.typings(None)?;
        let written: BTreeSet<Pseudonym> = self.subjects.iter().copied().collect();
        several.retain(|sample, _| written.contains(sample));
        let Some(path) = self.options.typings else {
            if !several.is_empty() {
                self.remarks.push(ExportRemark::SeveralTypings(several.len() as u64));
            }
            return Ok(None);
        };
        let file = self.store.output(path, self.options)?;
        let of = |(sample, typings)| SampleTypings { sample, who: "", typings };
        let several: Vec<SampleTypings> = several.into_iter().map(of).collect();
        write(&file, path, typings_csv(&several, &self.loci()?).as_bytes())?;
        Ok(Some(file))
    }

    /// Reports whether the file will hold records of this layout.
    fn wants(&self, layout: Layout) -> bool {
        let nobody = self.options.families.is_empty() && self.children.is_empty();
        let is_named = match layout {
            Layout::Families => !self.options.families.is_empty(),
            Layout::Children => !self.children.is_empty(),
        };
        self.options.layout.map_or(nobody || is_named, |wanted| wanted == layout)
    }

    /// Reads the records of the families or children to write, and notes their pseudonyms as the subjects of the
    /// export.
    fn records(
        &mut self,
        layout: Layout,
        loci: &[Locus],
        mut each: impl FnMut(SampleRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Self { ledger, options, children, subjects, .. } = self;
        let named = match layout {
            Layout::Families => options.families,
            Layout::Children => children,
        };
        let chosen = if named.is_empty() { Chosen::All } else { Chosen::Those(named) };
        let mut found: BTreeSet<Pseudonym> = BTreeSet::new();
        ledger.export(layout, chosen, loci, |record| {
            let family = record.family.map(|family| family.0);
            subjects.extend(family.into_iter().chain([record.sample]));
            if !named.is_empty() {
                found.insert(family.unwrap_or(record.sample));
            }
            each(record)
        })?;
        match (named.iter().find(|one| !found.contains(one)), layout) {
            (None, _) => Ok(()),
            (Some(&one), Layout::Families) => Err(StoreError::NoFamily(one)),
            (Some(&one), Layout::Children) => Err(StoreError::NoChild(one)),
        }
    }

    /// Returns the loci of a CSV file: those of the panel, then others by name.
    fn loci(&self) -> Result<Vec<Locus>, StoreError> {
        if !self.options.show_genotypes {
            return Ok(Vec::new());
        }
        let known = self.ledger.loci()?;
        let panel = self.store.table().panel();
        let of_panel = panel.loci().iter().filter(|locus| known.contains(locus));
        let others = known.iter().filter(|locus| panel.position(locus).is_none());
        Ok(of_panel.chain(others).cloned().collect())
    }

    /// Writes the families. Returns the contents, and the file of pedigrees, if there is one.
    fn families_csv(&mut self, file: &NewFile) -> Result<(ExportedContent, Option<NewFile>), StoreError> {
        let loci = self.loci()?;
        let mut csv = TidyCsv::new(file.writer(), true, &loci)?;
        let (mut families, mut relatives) = (0, 0);
        let mut last = None;
        // Sorted by family, relation and sample, as in a family's pedigree.
        let mut members: Vec<(Pseudonym, Pseudonym, Sex)> = Vec::new();
        self.records(Layout::Families, &loci, |record| {
            if let Some((family, relation)) = record.family {
                // All relatives of a family are consecutive.
                families += u64::from(last.replace(family) != Some(family));
                if relation == Relation::Member {
                    members.push((family, record.sample, record.sex));
                }
            }
            relatives += 1;
            Ok(csv.row(&row(&record))?)
        })?;
        csv.finish()?;
        let mut pedigrees: Vec<(FamilyPedigree, Vec<Sex>)> = Vec::new();
        for of_family in members.chunk_by(|a, b| a.0 == b.0) {
            let pedigree = self.pedigree(of_family[0].0, of_family.iter().map(|member| member.1).collect())?;
            pedigrees.push((pedigree, of_family.iter().map(|member| member.2).collect()));
        }
        let number = pedigrees.len() as u64;
        let beside = match self.options.pedigrees {
            None if number > 0 => return Err(ExportConflict::PedigreesNeeded(number).into()),
            None => None,
            Some(path) => {
                let beside = self.store.output(path, self.options)?;
                let text = pedigrees_csv(pedigrees.iter().map(|(pedigree, sexes)| (pedigree, sexes.as_slice())))?;
                write(&beside, path, &text)?;
                Some(beside)
            }
        };
        let pedigrees = beside.is_some().then_some(number);
        Ok((ExportedContent::Families { relatives, families, pedigrees }, beside))
    }

    fn children_csv(&mut self, file: &NewFile) -> Result<ExportedContent, StoreError> {
        let loci = self.loci()?;
        let mut csv = TidyCsv::new(file.writer(), false, &loci)?;
        let mut children = 0;
        self.records(Layout::Children, &loci, |record| {
            children += 1;
            Ok(csv.row(&row(&record))?)
        })?;
        csv.finish()?;
        Ok(ExportedContent::Children(children))
    }

    fn cmf(&mut self, file: &NewFile, layout: Layout) -> Result<ExportedContent, StoreError> {
        let loci = self.loci()?;
        let parties = self.options.cmf.ok_or(ExportConflict::CmfNeedsParties)?;
        let at = now()?.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let mut writer = CmfWriter::begin(BufWriter::new(file.writer()), parties, &at)?;
        let stay = withheld(self.ledger)?;
        let (mut samples, mut families, mut coarse, mut dropped, mut last, mut left_out) = (0, 0, 0, 0, None, 0);
        self.records(layout, &loci, |record| {
            if stay.contains(&record.sample) {
                left_out += 1;
                return Ok(());
            }
            let family = record.family.map(|family| family.0);
            families += u64::from(last.replace(family) != Some(family));
            samples += 1;
            dropped += u64::from(record.drop_out.is_some());
            coarse += u64::from(writer.specimen(&record, &loci)?);
            Ok(())
        })?;
        writer.finish()?;
        self.subjects.retain(|one| !stay.contains(one));
        if left_out > 0 {
            self.remarks.push(ExportRemark::LeftOut(left_out));
        }
        if coarse > 0 {
            self.remarks.push(ExportRemark::SideAlone(coarse));
        }
        if dropped > 0 {
            self.remarks.push(ExportRemark::NoDropOut(dropped));
        }
        Ok(match layout {
            Layout::Children => ExportedContent::Children(samples),
            Layout::Families => ExportedContent::Families { relatives: samples, families, pedigrees: None },
        })
    }

    fn fam(&mut self, file: &NewFile) -> Result<ExportedContent, StoreError> {
        let (table, settings) = (self.store.table(), self.store.settings());
        let model = &settings.model;
        let families = if self.wants(Layout::Families) { self.families()? } else { Vec::new() };
        let mut children = Vec::new();
        if self.wants(Layout::Children) {
            self.records(Layout::Children, table.panel().loci(), |record| {
                children.push(person(record, model.drop_out.children));
                Ok(())
            })?;
        }
        let persons = || families.iter().flat_map(|family| &family.relatives).chain(&children);
        let number = children.len() as u64;
        let (text, content) = match families.as_slice() {
            [family] if !self.children.is_empty() => {
                (FamWriter::case(table, model, family, &children)?, ExportedContent::Case { children: number })
            }
            _ => {
                if persons().any(|person| person.drop_out > 0.0) {
                    self.remarks.push(ExportRemark::DropOutNotWritten);
                }
                let content = ExportedContent::Project { families: families.len() as u64, children: number };
                (FamWriter::project(table, model, &families, &children)?, content)
            }
        };
        if !settings.linked.is_empty() {
            self.remarks.push(ExportRemark::LinkedLociIndependent);
        }
        let untyped = persons().filter(|person| person.profile.typed_loci() == 0).count() as u64;
        if untyped > 0 {
            self.remarks.push(ExportRemark::Untyped(untyped));
        }
        // A sample may be in several families.
        let many: BTreeMap<Pseudonym, usize> =
            persons().filter(|person| person.many > 0).map(|person| (person.sample, person.many)).collect();
        if !many.is_empty() {
            let (genotypes, samples) = (many.values().sum::<usize>() as u64, many.len() as u64);
            self.remarks.push(ExportRemark::MultiAllelic { genotypes, samples });
        }
        let sexless = children.iter().filter(|child| child.sex == Sex::Unknown).count() as u64;
        if sexless > 0 {
            self.remarks.push(ExportRemark::WrittenAsMale(sexless));
        }
        write(file, self.options.file, text.as_bytes())?;
        Ok(content)
    }

    /// Returns the families with their pedigrees; relatives are in the order of the pedigrees.
    fn families(&mut self) -> Result<Vec<FamFamily>, StoreError> {
        let mut records: Vec<SampleRecord> = Vec::new();
        let store = self.store;
        self.records(Layout::Families, store.table().panel().loci(), |record| {
            records.push(record);
            Ok(())
        })?;
        let drop_out = store.settings().model.drop_out.relatives;
        let mut families = Vec::new();
        for of_family in records.chunk_by(|a, b| a.family.map(|of| of.0) == b.family.map(|of| of.0)) {
            let Some((family, _)) = of_family[0].family else { continue };
            let relations: Vec<Relation> = of_family.iter().filter_map(|record| record.family).map(|of| of.1).collect();
            let pedigree = if relations.contains(&Relation::Member) {
                self.pedigree(family, of_family.iter().map(|record| record.sample).collect())?.pedigree
            } else {
                Pedigree::from_relations(&relations).map_err(|source| StoreError::Pedigree { family, source })?
            };
            let relatives = of_family.iter().map(|record| person(record.clone(), drop_out)).collect();
            families.push(FamFamily { family, pedigree, relatives });
        }
        Ok(families)
    }

    /// Reads the pedigree of a family with these relatives.
    fn pedigree(&self, family: Pseudonym, samples: Vec<Pseudonym>) -> Result<FamilyPedigree, StoreError> {
        let stored = self.ledger.family(self.store.table().panel(), family)?.and_then(|family| family.pedigree);
        let pedigree = stored.ok_or(Incomplete::Pedigree(family))?;
        Ok(FamilyPedigree { family, pedigree: (*pedigree).clone(), samples })
    }
}

fn write(file: &NewFile, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    file.writer().write_all(bytes).map_err(|source| StoreError::io(FileAction::Write, path, source))
}

fn person(record: SampleRecord, drop_out: f64) -> FamPerson {
    let SampleRecord { sample, sex, profile, family, many, .. } = record;
    // The relation may imply a sex that is not recorded: an aunt is a woman.
    let implied = family.and_then(|(_, relation)| relation.sex());
    let sex = if sex == Sex::Unknown { implied.unwrap_or(sex) } else { sex };
    FamPerson { sample, sex, profile, drop_out: record.drop_out.map_or(drop_out, DropOut::get), many: many.len() }
}

fn row(record: &SampleRecord) -> TidyRow<'_> {
    let [agency, region, kit] =
        [&record.agency, &record.region, &record.kit].map(|text| text.as_deref().map(Cow::from));
    let collected_on = record.collected_on.map(|day| day.to_string().into());
    TidyRow {
        sample: record.sample,
        family: record.family,
        sex: record.sex,
        origin: Origin { agency, region, collected_on, kit },
        drop_out: record.drop_out,
        profile: &record.profile,
        many: &record.many,
    }
}
