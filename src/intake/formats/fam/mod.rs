//! Reads projects of the program Familias, files `*.fam`.
//!
//! Families are those of the file's DVI part or, if there is none, its pedigrees: everyone with DNA data who is linked
//! to a missing person. A person is missing if they have no DNA data and their name begins with `Missing` or is one of
//! [`Request::missing`]; each missing person gets a family. If simple relations are equivalent to the pedigree, the
//! relatives get these relations. Other pedigrees are brought into the same form: untyped founders with one child are
//! left out, and a person with one parent gets the other. So under
//! [`Convention::Full`](crate::population::Convention::Full), too, both ways of stating a family give the same
//! likelihood ratio; Familias draws the allele of a parent who is not in the pedigree without mutation. Children are
//! the unidentified persons of the DVI part only.
//!
//! A family is named after the DVI family or the pedigree. If a DVI family has several pedigrees, the name is
//! `FAMILY: PEDIGREE`; if a pedigree has several missing persons, it is `FAMILY: PERSON`. A missing parent without a
//! sex may be father or mother and gives two families, `FAMILY (male)` and `FAMILY (female)`, unless both sexes have
//! the same mutation rates. A sample is named after the person, or `FAMILY/PERSON` if [`Request::names_within_family`]
//! is set.
//!
//! Years of birth, known results, notes, priors, and everything outside persons, pedigrees, database and DVI part are
//! not read. `init` uses the database: see [`read_fam_database`].

mod database;
mod dvi;
mod graph;
mod lengths;
mod main_part;
mod people;
mod projects;
mod relations;
#[cfg(test)]
mod tests;
mod values;

use crate::intake::findings::Findings;
use crate::intake::pedigree::placed::FamilyPedigrees;
use crate::intake::request::Request;
use crate::intake::rows::finish::{SoundRows, read_table};
use crate::intake::rows::table::Table;

use crate::model::{FamilyPedigree, FindingCode, Layout};

pub use database::{FamDatabase, FamLocus, FamMutation, is_fam_database, read_fam_database};

/// Reports whether a file is a project.
pub(in crate::intake) fn is_fam(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"\"Output from Familias")
}

/// Reads the families or the children of a file.
pub(in crate::intake) fn read(
    bytes: &[u8],
    request: &Request<'_>,
    findings: &mut Findings,
) -> (SoundRows, Vec<FamilyPedigree>) {
    let Some((table, pedigrees)) = open(bytes, request, findings) else { return Default::default() };
    let request = Request { pedigrees: Some(&pedigrees), ..*request };
    let sound = read_table(&table, &request, findings).unwrap_or_default();
    if findings.has_code(FindingCode::SampleDiffers) && !request.names_within_family {
        let what = "several persons have the same name; if names such as Father belong to one family each, import the \
                    file with --names-within-family";
        findings.problem(0, None, FindingCode::Names, what);
    }
    let pedigrees = pedigrees.of_rows(&sound.rows);
    (sound, pedigrees)
}

fn open(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> Option<(Table, FamilyPedigrees)> {
    if request.pedigrees.is_some() {
        let what = "the file contains its own pedigrees; leave out the pedigree file";
        findings.problem(0, None, FindingCode::Pedigrees, what);
        return None;
    }
    let mut values = values::Values::new(bytes, findings)?;
    let main = main_part::read(&mut values, findings)?;
    let before = findings.count();
    let dvi = dvi::read(&mut values, findings);
    if findings.count() > before {
        return None;
    }
    match (request.layout, dvi) {
        (Layout::Children, None) => {
            let what = "the file has no DVI part, so it has no unidentified persons to import as children; save it \
                        with them, or import it with --as families";
            findings.problem(0, None, FindingCode::NoDvi, what);
            None
        }
        (Layout::Children, Some(dvi)) => projects::children(&main, &dvi, request, findings),
        (Layout::Families, dvi) => projects::families(&main, dvi.as_ref(), request, findings),
    }
}
