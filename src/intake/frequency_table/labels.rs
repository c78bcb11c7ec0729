//! Recognises the words that name rows and columns of frequency tables.

use super::numbers;
use crate::model::Allele;

/// The meaning of a column that is neither a locus nor an allele.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Locus,
    Allele,
    Frequency,
    /// Number of occurrences of the allele.
    Count,
    /// Number of persons counted.
    Persons,
    /// Number of alleles counted: twice the number of persons.
    Chromosomes,
    /// `n`: a number of persons, or of occurrences of the allele.
    SomeNumber,
    Population,
    /// Heterozygosity, power of exclusion and similar statistics.
    Statistic,
    /// Remarks and sources, which are ignored.
    Remark,
}

/// The meaning of a row of a table, or of a column in its transpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Allele(Allele),
    /// A length in base pairs, in tenths: names the alleles of loci that are left out.
    Length(u16),
    Silent,
    /// Allele 0 or an off-ladder allele: no profile can have it.
    NoAllele,
    /// All alleles that have no row of their own.
    Rest,
    /// The frequency of alleles without a row, or the minimum frequency of any allele.
    Floor,
    /// `rare`: one of the two preceding meanings, as the sums show.
    RestOrFloor,
    Persons,
    Chromosomes,
    Statistic,
    /// The sum of the rows above.
    Total,
}

const LOCUS: &[&str] = &[
    "locus",
    "loci",
    "marker",
    "markers",
    "marcador",
    "marcadores",
    "system",
    "systems",
    "sistema",
    "sistemas",
    "str",
    "strlocus",
    "strloci",
    "strmarker",
    "locusname",
    "markername",
    "marqueur",
    "基因座",
    "位点",
    "标记",
    "基因座名称",
    "遗传标记",
    "str基因座",
    "str位点",
];
const ALLELE: &[&str] = &[
    "allele",
    "alleles",
    "alelo",
    "alelos",
    "allel",
    "allels",
    "alleli",
    "allelename",
    "allelenumber",
    "repeat",
    "repeats",
    "repeatnumber",
    "allèle",
    "allèles",
    "等位基因",
    "等位基因名称",
];
const FREQUENCY: &[&str] = &[
    "frequency",
    "frequencies",
    "freq",
    "freqs",
    "allelefrequency",
    "allelefrequencies",
    "allelefreq",
    "allelicfrequency",
    "relativefrequency",
    "frecuencia",
    "frecuencias",
    "frequência",
    "frequencia",
    "fréquence",
    "frequence",
    "häufigkeit",
    "haufigkeit",
    "frequenz",
    "frequenza",
    "频率",
    "等位基因频率",
    "基因频率",
];
const COUNT: &[&str] = &[
    "count",
    "counts",
    "allelecount",
    "observed",
    "observations",
    "obs",
    "nobs",
    "conteo",
    "recuento",
    "anzahl",
    "计数",
    "次数",
    "频数",
    "个数",
    "观察数",
];
const PERSONS: &[&str] = &[
    "individuals",
    "individual",
    "individuos",
    "persons",
    "people",
    "samples",
    "samplesize",
    "nindividuals",
    "numberofindividuals",
    "noofindividuals",
    "nsamples",
    "numberofsamples",
    "noofsamples",
    "nind",
    "ninds",
    "npersons",
    "nofindividuals",
    "personen",
    "样本量",
    "样本数",
    "个体数",
    "人数",
    "例数",
];
const CHROMOSOMES: &[&str] =
    &["2n", "chromosomes", "nchromosomes", "numberofchromosomes", "allelestyped", "totalalleles", "染色体数"];
const SOME_NUMBER: &[&str] = &["n", "nalleles", "numberofalleles"];
const POPULATION: &[&str] = &[
    "population",
    "populations",
    "pop",
    "popname",
    "populationname",
    "database",
    "dataset",
    "ethnicity",
    "ethnicgroup",
    "group",
    "race",
    "country",
    "poblacion",
    "población",
    "人群",
    "群体",
    "民族",
];
const STATISTIC: &[&str] = &[
    "ho",
    "he",
    "hobs",
    "hexp",
    "obshet",
    "exphet",
    "het",
    "hets",
    "hom",
    "ht",
    "hobserved",
    "hexpected",
    "observedheterozygosity",
    "expectedheterozygosity",
    "heterozygosity",
    "homozygosity",
    "pd",
    "dp",
    "pdcum",
    "pe",
    "ep",
    "cpe",
    "cpd",
    "pic",
    "mp",
    "pm",
    "pmp",
    "pi",
    "tpi",
    "p",
    "pvalue",
    "pval",
    "phwe",
    "hwe",
    "hwep",
    "hwp",
    "hwepvalue",
    "phwevalue",
    "exacttest",
    "pexact",
    "pexacttest",
    "gd",
    "genediversity",
    "mec",
    "uhe",
    "fis",
    "fst",
    "chi2",
    "x2",
    "χ2",
    "df",
    "dof",
    "petrio",
    "peduo",
    "powerofdiscrimination",
    "powerofexclusion",
    "probabilityofexclusion",
    "polymorphisminformationcontent",
    "polymorphicinformationcontent",
    "matchingprobability",
    "matchprobability",
    "typicalpaternityindex",
    "paternityindex",
    "杂合度",
    "观察杂合度",
    "期望杂合度",
    "个人识别率",
    "个体识别率",
    "个人识别能力",
    "非父排除率",
    "排除率",
    "多态信息含量",
    "多态性信息含量",
    "匹配概率",
    "偶合概率",
    "p值",
    "典型父权指数",
];
const TOTAL: &[&str] = &["total", "totals", "sum", "suma", "summe", "totalfrequency", "合计", "总计", "总和"];
const REMARK: &[&str] = &[
    "note",
    "notes",
    "comment",
    "comments",
    "remark",
    "remarks",
    "source",
    "sources",
    "reference",
    "references",
    "citation",
    "kit",
    "totalmuestras",
    "chromosome",
    "chr",
    "motif",
    "repeatmotif",
    "se",
    "sd",
    "stderr",
    "standarderror",
    "lus",
    "bp",
    "备注",
    "来源",
    "文献",
    "试剂盒",
];
const SILENT: &[&str] = &["silent", "silentallele", "null", "nullallele", "无效等位基因"];
const REST: &[&str] = &["rest", "restallele", "restalleles", "other", "others", "allothers", "其他", "其它"];
const FLOOR: &[&str] = &[
    "fmin",
    "pmin",
    "min",
    "minfreq",
    "minimum",
    "minfrequency",
    "minimumfrequency",
    "minallelefrequency",
    "minimumallelefrequency",
    "minorallelefrequency",
    "rareallelefrequency",
    "52n",
    "最小频率",
    "最低频率",
];
const RARE: &[&str] = &["r", "rare", "rareallele", "rarealleles", "稀有", "稀有等位基因"];
/// Words for off-ladder alleles.
const OFF_LADDER: &[&str] = &["ol", "offladder", "0", "00"];

/// Returns a word without case, spaces and signs.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the meaning of a column, by its name in the header.
pub(super) fn field(name: &str) -> Option<Field> {
    if matches!(name, "%" | "(%)") {
        return Some(Field::Frequency);
    }
    let name = plain(name);
    let fields: [(&[&str], Field); 10] = [
        (LOCUS, Field::Locus),
        (ALLELE, Field::Allele),
        (FREQUENCY, Field::Frequency),
        (COUNT, Field::Count),
        (PERSONS, Field::Persons),
        (CHROMOSOMES, Field::Chromosomes),
        (SOME_NUMBER, Field::SomeNumber),
        (POPULATION, Field::Population),
        (STATISTIC, Field::Statistic),
        (REMARK, Field::Remark),
    ];
    fields.into_iter().find(|(words, _)| words.contains(&name.as_str())).map(|(_, field)| field)
}

/// Reports whether a corner cell names both alleles and loci, such as `Allele/Locus`.
pub(super) fn is_corner(name: &str) -> bool {
    let parts = || name.split(['/', '\\', '|']).map(field);
    name.contains(['/', '\\', '|']) && parts().all(|part| matches!(part, Some(Field::Locus | Field::Allele)))
}

/// Returns the allele in `freq_9.3`, as web databases write it, or in `X9.3`, as statistics packages write the header
/// `9.3`.
fn prefixed(text: &str) -> Option<Allele> {
    ["freq_", "freq.", "X"].into_iter().find_map(|prefix| text.strip_prefix(prefix)).and_then(numbers::allele)
}

/// Returns the meaning of a row, by its label.
pub(super) fn label(text: &str) -> Option<Label> {
    if let Some(allele) = numbers::allele(text).or_else(|| prefixed(text)) {
        return Some(Label::Allele(allele));
    }
    if let Some(length) = numbers::length(text) {
        return Some(Label::Length(length));
    }
    let ends = ['<', '>', '≤', '≥'];
    let inside = text.trim_start_matches(ends).trim_end_matches(ends).trim();
    if inside.len() < text.len() {
        return numbers::allele(inside).map(|_| Label::NoAllele);
    }
    let word = plain(text);
    // `N` in a row is the number of persons, and `2N` that of alleles.
    let labels: [(&[&str], Label); 10] = [
        (SILENT, Label::Silent),
        (OFF_LADDER, Label::NoAllele),
        (REST, Label::Rest),
        (FLOOR, Label::Floor),
        (RARE, Label::RestOrFloor),
        (PERSONS, Label::Persons),
        (&["n"], Label::Persons),
        (CHROMOSOMES, Label::Chromosomes),
        (STATISTIC, Label::Statistic),
        (TOTAL, Label::Total),
    ];
    labels.into_iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_by_many_names() {
        for (name, expected) in [
            ("Marcador", Some(Field::Locus)),
            ("基因座", Some(Field::Locus)),
            ("Alelo", Some(Field::Allele)),
            ("Allele frequency", Some(Field::Frequency)),
            ("频率", Some(Field::Frequency)),
            ("Freq (%)", Some(Field::Frequency)),
            ("%", Some(Field::Frequency)),
            ("Individuos", Some(Field::Persons)),
            ("Sample size", Some(Field::Persons)),
            ("2N", Some(Field::Chromosomes)),
            ("n", Some(Field::SomeNumber)),
            ("Población", Some(Field::Population)),
            ("P-value", Some(Field::Statistic)),
            ("H(obs)", Some(Field::Statistic)),
            ("Total Muestras", Some(Field::Remark)),
            ("Caucasian", None),
            ("", None),
        ] {
            assert_eq!(field(name), expected, "{name}");
        }
        assert!(
            is_corner("Allele/Locus") && is_corner("等位基因\\基因座") && !is_corner("Allele") && !is_corner("a/b")
        );
    }

    #[test]
    fn rows_go_by_many_labels() {
        for (text, expected) in [
            ("9,3", Some(Label::Allele("9.3".parse().unwrap()))),
            ("freq_9.3", Some(Label::Allele("9.3".parse().unwrap()))),
            ("X14", Some(Label::Allele("14".parse().unwrap()))),
            ("X", None),
            ("Allele 1", None),
            ("188", Some(Label::Length(1880))),
            ("2021", None),
            ("silent", Some(Label::Silent)),
            ("0", Some(Label::NoAllele)),
            ("OL", Some(Label::NoAllele)),
            ("<8", Some(Label::NoAllele)),
            ("> 20", Some(Label::NoAllele)),
            ("fmin", Some(Label::Floor)),
            ("5/2N", Some(Label::Floor)),
            ("Rest allele", Some(Label::Rest)),
            ("rare", Some(Label::RestOrFloor)),
            ("N", Some(Label::Persons)),
            ("2N", Some(Label::Chromosomes)),
            ("Ho", Some(Label::Statistic)),
            ("合计", Some(Label::Total)),
            ("<x", None),
            ("8a", None),
            ("", None),
        ] {
            assert_eq!(label(text), expected, "{text}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let lists = [LOCUS, ALLELE, FREQUENCY, COUNT, PERSONS, CHROMOSOMES, SOME_NUMBER, POPULATION, STATISTIC, REMARK];
        let rows = [SILENT, OFF_LADDER, REST, FLOOR, RARE, PERSONS, CHROMOSOMES, STATISTIC, TOTAL];
        for lists in [&lists[..], &rows] {
            let mut words: Vec<&str> = lists.iter().flat_map(|list| list.iter().copied()).collect();
            assert!(words.iter().all(|word| plain(word) == *word));
            let number = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), number);
        }
    }
}
