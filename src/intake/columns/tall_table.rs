//! Columns of a table with a row per sample and locus.

use crate::intake::columns::fields::{Field, field_named, plain_name};

const MOST_ALLELES: usize = 8;

/// Where the columns of such a table stand, from 0.
pub(in crate::intake) struct TallColumns {
    pub(in crate::intake) sample: usize,
    pub(in crate::intake) marker: usize,
    pub(in crate::intake) alleles: Vec<usize>,
    /// Sample Type, Specimen Category.
    pub(in crate::intake) types: Vec<usize>,
}

impl TallColumns {
    /// Finds the columns by name; `None` if this is the header of another form of table.
    pub(in crate::intake) fn find(names: &[&str]) -> Option<Self> {
        let names: Vec<String> = names.iter().map(|name| plain_name(&name.trim().replace('.', " "))).collect();
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        let any = |wanted: &[&str]| wanted.iter().filter_map(|&wanted| at(wanted)).collect::<Vec<_>>();
        let sample =
            at("samplename").or_else(|| names.iter().position(|name| field_named(name) == Some(Field::SampleId)));
        // Files of Chinese systems have the number there.
        let sample = sample.or_else(|| at("sampleinfo"))?;
        let alleles: Vec<usize> = (1..=MOST_ALLELES).map_while(|i| at(&format!("allele{i}"))).collect();
        let marker = *any(&["marker", "locus", "基因座", "位点"]).first()?;
        let types = any(&["sampletype", "specimencategory"]);
        (!alleles.is_empty()).then_some(Self { sample, marker, alleles, types })
    }
}
