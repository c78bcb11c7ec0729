//! Returns the sound rows of a file, after comparing the rows with each other.

use std::collections::HashSet;

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::Findings;
use crate::intake::pedigree::placed::FamilyPedigrees;
use crate::intake::request::Request;
use crate::intake::rows::occurrences::Occurrences;
use crate::intake::rows::reader::RowReader;
use crate::intake::rows::table::Table;
use crate::intake::rows::variants::{IdentifierVariant, check_variants};
use crate::intake::rows::{duplicates, kit_check};

use crate::model::{FindingCode, Locus, SampleRecord};

/// The rows without a problem, in file order.
#[derive(Default)]
pub(in crate::intake) struct SoundRows {
    /// The loci of the file, in file order.
    pub(in crate::intake) loci: Vec<Locus>,
    pub(in crate::intake) rows: Vec<SampleRecord>,
    /// Other forms of their identifiers.
    pub(in crate::intake) variants: Vec<IdentifierVariant>,
}

/// Reads the rows of a table of values. Rows with an unsound line are added to those that the maker of the table
/// rejected. Returns `None` if the table lacks a column; the findings then say so.
pub(in crate::intake) fn read_table(
    table: &Table,
    request: &Request<'_>,
    findings: &mut Findings,
) -> Option<SoundRows> {
    let header = Header::of_values(table.line, &table.columns, &request.expected(), findings)?;
    let mut reader = RowReader::new(&header, request);
    table.rows.iter().for_each(|row| reader.read_values(row, findings));
    let before = findings.rejected;
    let sound = sound_rows(reader, findings);
    // A person has many lines and, with a case list, possibly several rows.
    let lines: HashSet<u64> = sound.rows.iter().map(|row| row.line).collect();
    findings.rejected = before + table.rows.iter().filter(|row| !lines.contains(&row.line)).count() as u64;
    Some(sound)
}

/// Returns the sound rows, after checking all rows against each other.
pub(in crate::intake) fn sound_rows(reader: RowReader<'_>, findings: &mut Findings) -> SoundRows {
    let RowReader {
        header,
        layout,
        mut rows,
        families_without_agency,
        mut variants,
        forms,
        told_by_sex,
        kits,
        pedigrees,
        ..
    } = reader;
    if let Some(Occurrences { first_line, count }) = told_by_sex {
        let what = format!(
            "{count} rows with the relation parent, the first of them here, are read as father or mother by \
                            their sex"
        );
        findings.note(first_line, header.field_column(Field::Relation), FindingCode::ParentBySex, what);
    }
    kit_check::check_kits(header, &rows, kits, findings);
    duplicates::check_duplicates(layout, header, &rows, &families_without_agency, findings);
    check_variants(header, &rows, &variants, forms, findings);
    findings.locus_columns = (0..header.loci.len()).map(|locus| header.locus_column(locus)).collect();
    check_pedigree_samples(header, pedigrees, &rows, findings);
    let bad_lines = findings.bad_lines();
    let rejected = bad_lines.len() - bad_lines.partition_point(|&line| line <= header.line);
    if !bad_lines.is_empty() {
        rows.retain(|row| bad_lines.binary_search(&row.line).is_err());
        variants.retain(|variant| bad_lines.binary_search(&variant.line).is_err());
    }
    findings.rejected = rejected as u64;
    SoundRows { loci: header.loci.clone(), rows, variants }
}

/// Warns of samples that a family's pedigree names and that have no row: otherwise the relative would be missing
/// silently.
fn check_pedigree_samples(
    header: &Header,
    pedigrees: Option<&FamilyPedigrees>,
    rows: &[SampleRecord],
    findings: &mut Findings,
) {
    let Some(pedigrees) = pedigrees else { return };
    let samples: HashSet<_> = rows.iter().filter_map(|row| Some((row.family?.0, row.sample))).collect();
    let mut seen = HashSet::new();
    for row in rows {
        let Some((family, _)) = row.family.filter(|(family, _)| seen.insert(*family)) else { continue };
        let Some(placed) = pedigrees.get(family) else { continue };
        let lacking = placed.pedigree.samples.iter().filter(|sample| !samples.contains(&(family, **sample))).count();
        if lacking > 0 {
            let what = format!(
                "the pedigree of this family names samples that have no row in this file: {lacking}; add the rows, or \
                 import the file that has them: until then these persons count as untyped"
            );
            findings.warn(row.line, header.field_column(Field::FamilyId), FindingCode::PedigreeSample, what);
        }
    }
}
