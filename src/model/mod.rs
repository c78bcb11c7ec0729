//! Data types of the field: loci, alleles, genotypes, profiles, panels, relations, pedigrees, sample records and
//! candidates.
//!
//! This module does no input or output and computes no probability.

mod allele;
mod candidate;
mod drop_out;
mod finding_code;
mod formula;
mod genotype;
mod identity;
mod language;
mod multi_allele;
mod panel;
mod pedigree;
mod place;
mod profile;
mod records;
mod relation;
mod sample_record;
mod shown;
mod typing;
mod view;

pub use allele::{Allele, AlleleError};
pub use candidate::{Candidate, Unscorable};
pub use drop_out::DropOut;
pub use finding_code::{FindingCode, Severity};
pub use formula::{inert, stated};
pub use genotype::{Genotype, GenotypeCode, GenotypeError, genotype_code, genotype_count};
pub use identity::{Pseudonym, PseudonymError};
pub use language::Language;
pub use multi_allele::ManyAlleles;
pub use panel::{Locus, LocusError, Panel, PanelError};
pub use pedigree::{Member, Pedigree, PedigreeError};
pub use place::{Place, is_province};
pub use profile::Profile;
pub use records::{Child, Family, FamilyPedigree, Relative};
pub use relation::{Relation, Sex, UnknownWord};
pub use sample_record::{Layout, SampleRecord};
pub use shown::{is_deceptive, is_ignorable, is_private, shown, shown_lines, shown_os, shown_path};
pub use typing::{Joined, Observed, SURE_LOCI, Typing, drop_out_explains, joined_drop_out};
pub use view::{InView, ParentSide, View, Views};
