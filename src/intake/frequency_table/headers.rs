//! Finds columns that several headers name together: loci above populations or the reverse, each locus with its own
//! alleles, counts beside frequencies.

use super::form::TableForm;
use super::grid::Row;
use super::labels::{Field, Label, field, is_corner, label};
use super::loci::{Meant, meant};
use super::numbers::number;

/// The number of rows in which the headers are searched; titles may precede them.
const FIRST_ROWS: usize = 30;
/// The maximum number of headers: population, locus, and the kind of numbers.
const MOST_HEADERS: usize = 3;

/// A number of persons or alleles counted, from a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) number: u32,
    /// `true` if alleles were counted rather than persons.
    pub(super) alleles: bool,
}

/// The combined meaning of the headers above a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ColumnHeads {
    pub(super) locus: Option<String>,
    pub(super) population: Option<String>,
    pub(super) field: Option<Field>,
    pub(super) size: Option<Size>,
    /// The text of the lowest header, for findings.
    pub(super) shown: String,
}

/// The positions and meaning of the headers.
#[derive(Debug)]
pub(super) struct Headed {
    pub(super) form: TableForm,
    /// Row position of the first header.
    pub(super) first: usize,
    /// Position of the first row below the headers.
    pub(super) rows: usize,
    pub(super) columns: Vec<ColumnHeads>,
    /// The column of alleles that all loci share, if there is one.
    pub(super) labels: Option<usize>,
}

/// Finds headers that have a meaning only together; `None` if a single header is sufficient, or none has a meaning.
pub(super) fn find_headers(rows: &[Row], keep: &[String]) -> Option<Headed> {
    (0..rows.len().min(FIRST_ROWS)).find_map(|at| {
        let heads = rows[at..].iter().take(MOST_HEADERS + 1).take_while(|row| is_head(row)).count();
        match heads {
            0 => None,
            1 => one_header(rows, at, keep),
            // Titles with several cells, or another kind of table.
            heads if heads > MOST_HEADERS => None,
            heads => headers(rows, at, heads, keep),
        }
    })
}

/// Reports whether a row has only names and no number.
fn is_head(row: &Row) -> bool {
    let begins_a_row = label(row.cell(0)).is_some_and(|label| !matches!(label, Label::Allele(_)));
    row.filled() > 0 && !begins_a_row && row.cells.iter().all(|cell| number(cell).is_none())
}

fn is_locus(name: &str, keep: &[String]) -> bool {
    !name.is_empty() && matches!(meant(name, keep), Meant::Known { .. } | Meant::New(_) | Meant::Elsewhere)
}

/// Returns the number of columns of some rows.
fn width(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
}

/// Finds a single header with separate alleles for each locus: `D3S1358, frequency, vWA, frequency`, possibly with
/// empty names for frequencies; `Allele, D3S1358, Allele, vWA`; or `D3S1358 allele, D3S1358 frequency`.
fn one_header(rows: &[Row], at: usize, keep: &[String]) -> Option<Headed> {
    let (head, below) = (&rows[at], &rows[at + 1..]);
    let width = width(&rows[at..]);
    let found = |columns| Some(Headed { form: TableForm::Paired, first: at, rows: at + 1, columns, labels: None });
    let named = |name: &str| ColumnHeads { shown: name.to_owned(), ..ColumnHeads::default() };
    let loci = head.cells.iter().filter(|name| is_locus(name, keep)).count();
    let alleles = head.cells.iter().filter(|name| field(name) == Some(Field::Allele)).count();
    if loci > 0 && alleles > 1 {
        let of = |name: &String| match field(name) {
            Some(field) => ColumnHeads { field: Some(field), ..named(name) },
            None => ColumnHeads { locus: Some(name.clone()).filter(|name| !name.is_empty()), ..named(name) },
        };
        let mut columns: Vec<ColumnHeads> = head.cells.iter().map(of).collect();
        columns.resize(width.max(columns.len()), ColumnHeads::default());
        return found(columns);
    }
    let split: Vec<Option<(&str, Field)>> = head.cells.iter().map(|name| locus_and_field(name, keep)).collect();
    let parts = split.iter().flatten().count();
    let others = head.cells.iter().zip(&split).filter(|(name, split)| !name.is_empty() && split.is_none());
    if parts > 1 && others.clone().all(|(name, _)| field(name) == Some(Field::Allele)) {
        let of = |(name, split): (&String, &Option<(&str, Field)>)| match split {
            Some((locus, field)) => {
                ColumnHeads { locus: Some((*locus).to_owned()), field: Some(*field), ..named(name) }
            }
            None => ColumnHeads { field: field(name), ..named(name) },
        };
        let mut columns: Vec<ColumnHeads> = head.cells.iter().zip(&split).map(of).collect();
        columns.resize(width.max(columns.len()), ColumnHeads::default());
        return found(columns);
    }
    // A locus above its alleles, with their frequencies beside them.
    if loci == 0 || !is_locus(head.cell(0), keep) || width < 2 || head.filled() == 1 && width == 2 {
        return None;
    }
    let mut columns = Vec::with_capacity(width);
    let mut locus: Option<&String> = None;
    let mut values = 1;
    for column in 0..width {
        let name = head.cell(column);
        let filled = below.iter().any(|row| !row.cell(column).is_empty());
        if is_locus(name, keep) {
            let alleles = below.iter().all(|row| row.cell(column).is_empty() || label(row.cell(column)).is_some());
            if values == 0 || !alleles {
                return None;
            }
            values = 0;
            locus = head.cells.get(column);
            columns.push(ColumnHeads { locus: locus.cloned(), field: Some(Field::Allele), ..named(name) });
            continue;
        }
        let meaning = match field(name) {
            None if !name.is_empty() => return None,
            None if !filled => None,
            None if values > 0 => return None,
            None => Some(Field::Frequency),
            Some(Field::Allele | Field::Locus | Field::Population) => return None,
            field => field,
        };
        values += usize::from(meaning.is_some());
        columns.push(ColumnHeads { locus: locus.cloned(), field: meaning, ..named(name) });
    }
    if values > 0 { found(columns) } else { None }
}

/// Splits a header such as `D3S1358 frequency` or `vWA_allele` into locus and field.
fn locus_and_field<'a>(name: &'a str, keep: &[String]) -> Option<(&'a str, Field)> {
    name.char_indices().rev().filter(|(_, c)| matches!(c, ' ' | '_' | '-' | '.' | '/' | '(')).find_map(|(at, c)| {
        let (locus, rest) = (name[..at].trim(), &name[at + c.len_utf8()..]);
        let field = field(rest).filter(|field| !matches!(field, Field::Locus | Field::Population))?;
        is_locus(locus, keep).then_some((locus, field))
    })
}

/// Reads several headers, the first of which is at `at`.
fn headers(rows: &[Row], at: usize, heads: usize, keep: &[String]) -> Option<Headed> {
    let (stack, below) = (&rows[at..at + heads], rows.get(at + heads..).filter(|below| !below.is_empty())?);
    let width = width(&rows[at..]);
    let loci = |row: &Row| row.cells.iter().filter(|name| is_locus(sized(name).0, keep)).count();
    let most = stack.iter().map(loci).max()?;
    let of_loci = (most > 0).then(|| stack.iter().position(|row| loci(row) == most)).flatten();
    // A title is not a header.
    let is_title =
        |row: &Row| row.filled() == 1 && loci(row) == 0 && size_only(row.cells.last().map_or("", |c| c)).is_none();
    if is_title(&stack[0]) && stack[0].cells.len() == 1 {
        return None;
    }
    // If rows name the loci, a row with only the name of a locus begins a block.
    let names_columns = |row: &Row| {
        let has = |wanted| row.cells.iter().any(|name| field(name) == Some(wanted));
        has(Field::Locus) && has(Field::Allele)
    };
    if of_loci.is_some() && stack.iter().any(names_columns) {
        return None;
    }
    let fields = |wanted| stack.iter().any(|row| row.cells.iter().any(|name| field(name) == Some(wanted)));
    if of_loci.is_none() && !(fields(Field::Locus) && fields(Field::Allele)) {
        return None;
    }
    let mut columns = vec![ColumnHeads::default(); width];
    for (depth, row) in stack.iter().enumerate() {
        // A name in merged cells is stored in the first of them; the lowest header names each column.
        let merged = depth + 1 < heads;
        let mut last = "";
        for (column, heads) in columns.iter_mut().enumerate() {
            let own = row.cell(column);
            let name = if own.is_empty() && merged { last } else { own };
            if !own.is_empty() {
                last = if field(own).is_some() || is_corner(own) { "" } else { own };
                heads.shown = own.to_owned();
            }
            if name.is_empty() {
                continue;
            }
            match field(name) {
                _ if is_corner(name) => heads.field = heads.field.or(Some(Field::Allele)),
                Some(Field::Allele) => heads.field = Some(Field::Allele),
                Some(field) => heads.field = heads.field.or(Some(field)),
                None if of_loci == Some(depth) => {
                    let (locus, size) = sized(name);
                    heads.locus = Some(locus.to_owned());
                    heads.size = heads.size.or(size);
                }
                None => {
                    let (population, size) = sized(name);
                    if size.is_some() && heads.size.is_some() || !population.is_empty() && heads.population.is_some() {
                        return None;
                    }
                    heads.size = heads.size.or(size);
                    if !population.is_empty() {
                        heads.population = Some(population.to_owned());
                    }
                }
            }
        }
    }
    // A header that differs between loci, such as its repeat or its position, is not a population.
    let population_of = |column: &ColumnHeads| column.population.clone().zip(column.locus.clone());
    let mut pairs: Vec<(String, String)> = columns.iter().filter_map(population_of).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let shared = |at: usize| pairs.iter().filter(|pair| pair.0 == pairs[at].0).count() > 1;
    let several_loci = pairs.iter().any(|pair| pair.1 != pairs[0].1);
    if several_loci && !(0..pairs.len()).any(shared) {
        return None;
    }
    // A corner cell names what is beside it and below it.
    let mut labels = None;
    if !columns.iter().any(|heads| heads.field == Some(Field::Allele)) {
        let corner = &mut columns[0];
        let names_others = matches!(corner.field, None | Some(Field::Locus | Field::Population));
        if of_loci.is_none() || corner.locus.is_some() || corner.population.is_some() || !names_others {
            return None;
        }
        corner.field = Some(Field::Allele);
    }
    let mut allele_columns = columns.iter().enumerate().filter(|(_, heads)| heads.field == Some(Field::Allele));
    if let (Some((column, _)), None) = (allele_columns.next(), allele_columns.next()) {
        if columns[column].population.is_some() {
            return None;
        }
        labels = Some(column);
        columns[column] =
            ColumnHeads { field: Some(Field::Allele), shown: columns[column].shown.clone(), ..ColumnHeads::default() };
    }
    let alleles = below.iter().any(|row| {
        columns.iter().enumerate().any(|(column, heads)| {
            heads.field == Some(Field::Allele)
                && matches!(label(row.cell(column)), Some(Label::Allele(_) | Label::Length(_)))
        })
    });
    let form = match labels {
        None if of_loci.is_some() => TableForm::Paired,
        _ => TableForm::Headers,
    };
    alleles.then_some(Headed { form, first: at, rows: at + heads, columns, labels })
}

/// Splits a name such as `Han (n = 230)` into the name and the number of persons.
pub(super) fn sized(name: &str) -> (&str, Option<Size>) {
    let lower = name.to_ascii_lowercase();
    for (at, _) in lower.match_indices('=') {
        let before = lower[..at].trim_end();
        let Some(start) = before.strip_suffix('n') else { continue };
        let (start, alleles) = match start.strip_suffix('2') {
            Some(start) => (start, true),
            None => (start, false),
        };
        if !start.is_empty() && !start.ends_with([' ', '(', '[', ',', ';', ':', '-']) {
            continue;
        }
        let after = name[at + 1..].trim_start();
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let rest = after[digits..].trim();
        let Ok(number) = after[..digits].parse::<u32>() else { continue };
        if !rest.trim_end_matches([')', ']']).is_empty() || number == 0 {
            continue;
        }
        let population = name[..start.len()].trim_end_matches([' ', '(', '[', ',', ';', ':', '-']);
        return (population, Some(Size { number, alleles }));
    }
    (name, None)
}

/// Returns the number of persons, if a header states only that.
fn size_only(name: &str) -> Option<Size> {
    match sized(name) {
        ("", size) => size,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_populations_may_hold_their_numbers_of_persons() {
        let persons = |number| Some(Size { number, alleles: false });
        for (name, population, size) in [
            ("Han (n = 230)", "Han", persons(230)),
            ("Han, N=230", "Han", persons(230)),
            ("(n=230)", "", persons(230)),
            ("Han [2N=460]", "Han", Some(Size { number: 460, alleles: true })),
            ("302 Cau", "302 Cau", None),
            ("1000 Genomes EUR", "1000 Genomes EUR", None),
            ("Han (n=2,300)", "Han (n=2,300)", None),
            ("Yunnan=5", "Yunnan=5", None),
            ("Han", "Han", None),
        ] {
            assert_eq!(sized(name), (population, size), "{name}");
        }
    }

    #[test]
    fn headers_name_a_locus_and_what_its_column_holds() {
        for name in ["D3S1358 allele", "vWA_freq", "Penta E (frequency)", "TH01.Allele"] {
            assert!(locus_and_field(name, &[]).is_some(), "{name}");
        }
        for name in ["D3S1358", "Penta E", "Han freq", "vWA Han", ""] {
            assert!(locus_and_field(name, &[]).is_none(), "{name}");
        }
    }
}
