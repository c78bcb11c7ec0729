//! Finds the columns of a table with a row per sample and locus.

use crate::intake::columns::fields::{FIELDS, Field, field_named, plain_name, shown};
use crate::intake::columns::loci::{Named, marker_named, nearest};
use crate::intake::findings::{ColumnName, Findings};
use crate::intake::text::characters::to_ascii;
use crate::model::{FindingCode, Panel};

/// The maximum number of alleles that are read from a row.
const MOST_ALLELES: u32 = 99;

/// Names of the column of markers, in the form of [`plain_name`].
const MARKERS: [&str; 7] = ["marker", "markername", "locus", "locusname", "基因座", "位点", "基因座名称"];
/// Names of a column of whole genotypes, in the same form. The column is read only if no column holds single alleles.
const GENOTYPES: [&str; 7] = ["genotype", "genotypes", "calls", "基因型", "分型", "分型结果", "等位基因型"];
/// Names of the column of sample types, in the same form.
const TYPES: [&str; 4] = ["sampletype", "specimencategory", "样本类型", "样品类型"];

/// Columns of measurements and settings that GeneMapper, GeneMarker, OSIRIS and similar programs write beside the
/// alleles, in the form of [`plain_name`] without numbers at the end.
const MEASURED: [&str; 34] = [
    "dye",
    "panel",
    "samplefile",
    "samplefilename",
    "filename",
    "runname",
    "runid",
    "project",
    "well",
    "height",
    "peakheight",
    "size",
    "area",
    "peakarea",
    "datapoint",
    "mutation",
    "allelecomment",
    "phr",
    "an",
    "ud",
    "ado",
    "ae",
    "os",
    "bin",
    "spu",
    "bpk",
    "bd",
    "cc",
    "ovl",
    "gq",
    "quality",
    "score",
    "rfu",
    "stutter",
];

/// The columns of the table, from 0.
pub(in crate::intake) struct TallColumns {
    pub(in crate::intake) sample: usize,
    pub(in crate::intake) marker: usize,
    /// The columns of alleles, in the order of their numbers; a single column may hold whole genotypes.
    pub(in crate::intake) alleles: Vec<usize>,
    /// Sample Type and Specimen Category.
    pub(in crate::intake) types: Vec<usize>,
    /// Other fields of each sample.
    pub(in crate::intake) fields: Vec<(Field, usize)>,
    /// Columns with no known meaning.
    others: Vec<usize>,
}

impl TallColumns {
    /// Finds the columns by name; `None` if this is the header of another format.
    pub(in crate::intake) fn find(names: &[&str]) -> Option<Self> {
        let plain: Vec<String> = names.iter().map(|name| plain_name(&name.trim().replace('.', " "))).collect();
        let at = |wanted: &str| plain.iter().position(|name| name == wanted);
        let any = |wanted: &[&str]| wanted.iter().find_map(|&wanted| at(wanted));
        let sample =
            at("samplename").or_else(|| names.iter().position(|name| field_named(name) == Some(Field::SampleId)));
        // Files of Chinese systems have the sample number in this column.
        let sample = sample.or_else(|| at("sampleinfo"))?;
        let marker = any(&MARKERS)?;
        let (mut alleles, mut types, mut fields, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let has_alleles = names.iter().any(|name| allele_number(name).is_some());
        let is_whole = |at: usize| !has_alleles && GENOTYPES.contains(&plain[at].as_str());
        for (position, name) in names.iter().enumerate().filter(|(at, _)| ![sample, marker].contains(at)) {
            if let Some(number) = allele_number(name)
                && !alleles.iter().any(|(known, _)| *known == number)
            {
                alleles.push((number, position));
            } else if alleles.is_empty() && is_whole(position) {
                alleles.push((1, position));
            } else if TYPES.contains(&plain[position].as_str()) {
                types.push(position);
            } else if let Some(field) = field_named(name)
                && !matches!(field, Field::SampleId | Field::Amelogenin)
                && !fields.iter().any(|(known, _)| *known == field)
            {
                fields.push((field, position));
            } else {
                others.push(position);
            }
        }
        alleles.sort_unstable();
        let alleles: Vec<usize> = alleles.into_iter().map(|(_, position)| position).collect();
        (!alleles.is_empty()).then_some(Self { sample, marker, alleles, types, fields, others })
    }

    /// Refuses columns whose data would be lost: a duplicate column, a second block of marker and alleles, or loci
    /// beside a column of markers. Notes other columns, unless they hold measurements.
    pub(in crate::intake) fn check_others(&self, line: u64, names: &[&str], panel: &Panel, findings: &mut Findings) {
        for &position in &self.others {
            let name = names[position];
            let plain = plain_name(&name.replace('.', " "));
            let column = |shown: &str| Some(ColumnName::at(position, shown));
            let is_again = ["marker", "locus", "allele", "基因座", "位点", "等位基因", "genotype", "基因型"]
                .iter()
                .any(|start| plain.starts_with(start) && !MEASURED.contains(&stem(&plain)));
            if is_again || matches!(field_named(name), Some(field) if field != Field::Amelogenin) {
                let what = "repeats another column, or belongs to a second block of marker and alleles; write a row \
                            per sample and locus, with each column once, or remove it";
                findings.problem(line, column(name), FindingCode::RepeatedColumn, what);
            } else if !matches!(marker_named(name, panel, &[]), Named::Unknown { .. }) {
                let what =
                    "is a locus beside a column of markers; give the locus rows of its own, or remove the column";
                findings.problem(line, column(name), FindingCode::Column, what);
            } else if !name.is_empty() && !MEASURED.contains(&stem(&plain)) {
                if let Some(field) = nearest_field(name) {
                    let what =
                        format!("is an unknown column; did you mean {field}? Correct it, or ignore it with --map");
                    findings.problem(line, column(name), FindingCode::Locus, what);
                    continue;
                }
                findings.note(line, column(&shown(name)), FindingCode::NotRead, "is not used by this program: ignored");
            }
        }
    }
}

/// Returns the field whose name is most similar. Short names are skipped, because they resemble anything.
fn nearest_field(name: &str) -> Option<&'static str> {
    let plain = plain_name(name);
    let fields = FIELDS.iter().filter(|(field, _)| !matches!(field, Field::SampleId | Field::Amelogenin));
    let fields: Vec<&'static str> = fields.map(|(_, known)| *known).filter(|known| known.len() > 4).collect();
    let found = nearest(&plain, fields.iter().copied())?;
    fields.into_iter().find(|known| *known == found)
}

/// Reports whether a header is nearly that of a table with a row per sample and locus: it has columns of samples and
/// markers, but no column of alleles.
pub(in crate::intake) fn lacks_alleles(names: &[&str]) -> bool {
    let is_marker = |name: &&str| MARKERS.contains(&plain_name(name).as_str());
    let is_sample = |name: &&str| field_named(name) == Some(Field::SampleId);
    names.iter().any(is_sample) && names.iter().any(is_marker) && TallColumns::find(names).is_none()
}

/// Reports whether a name denotes a column that only tables with a row per sample and locus have.
pub(in crate::intake) fn is_tall_column(name: &str) -> bool {
    let plain = plain_name(&name.trim().replace('.', " "));
    holds_alleles(name) || MARKERS.contains(&plain.as_str()) || TYPES.contains(&plain.as_str())
}

/// Reports whether a name denotes a column of alleles or of whole genotypes in a table with a row per sample and locus.
pub(in crate::intake) fn holds_alleles(name: &str) -> bool {
    allele_number(name).is_some() || GENOTYPES.contains(&plain_name(name).as_str())
}

/// Returns a name without the number at its end.
fn stem(plain: &str) -> &str {
    plain.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Returns the number of a column of alleles: `Allele 1`, `Allele1`, `allele_01`, `Allele #2`, `Allele B`, `等位基因1`. A
/// column `Allele` alone is the first. `First Allele` and `2nd Allele` are also read.
pub(in crate::intake) fn allele_number(name: &str) -> Option<u32> {
    let name = to_ascii(name).to_lowercase();
    if let Some(ordinal) = name.strip_suffix("allele") {
        let ordinals = [["first", "1st"], ["second", "2nd"], ["third", "3rd"]];
        let ordinal = ordinal.trim_end_matches([' ', '_', '-', '.']);
        if let Some((_, number)) = ordinals.iter().zip(1..).find(|(words, _)| words.contains(&ordinal)) {
            return Some(number);
        }
    }
    let rest = ["alleles", "allele", "等位基因"].iter().find_map(|word| name.strip_prefix(word))?;
    let rest = rest.trim_start_matches([' ', '_', '-', '.', '#']);
    match rest.as_bytes() {
        [] => Some(1),
        [letter @ b'a'..=b'h'] => Some(u32::from(letter - b'a') + 1),
        digits if digits.iter().all(u8::is_ascii_digit) => rest.parse().ok().filter(|n| (1..=MOST_ALLELES).contains(n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alleles_are_found_whatever_their_numbers() {
        for (name, number) in [
            ("Allele 1", Some(1)),
            ("Allele1", Some(1)),
            ("Allele_1", Some(1)),
            ("allele-02", Some(2)),
            ("Allele.3", Some(3)),
            ("等位基因1", Some(1)),
            ("等位基因２", Some(2)),
            ("Allele #4", Some(4)),
            ("Allele", Some(1)),
            ("Allele B", Some(2)),
            ("First Allele", Some(1)),
            ("2nd_allele", Some(2)),
            ("Allele 1.1", None),
            ("Allele 0", None),
            ("Allele Comment", None),
            ("Size 1", None),
        ] {
            assert_eq!(allele_number(name), number, "{name}");
        }
        let found = TallColumns::find(&["Sample Name", "Allele 5", "Marker", "Allele 2", "sex"]).unwrap();
        assert_eq!((found.alleles, found.fields), (vec![3, 1], vec![(Field::Sex, 4)]));
    }
}
