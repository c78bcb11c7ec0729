//! What a command shows to people: lines and tables, laid out for the place where they are read.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::AddAssign;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as Laid};

use crate::model::Language;
use crate::words::{in_language, wrap};

/// The width of a screen, in columns.
pub const SCREEN: usize = 80;

/// The blanks before the second and further lines of one that is too long.
pub const HANG: usize = 4;

/// The digits of a pseudonym, and those that are shown of it on a terminal: among a million children, two have the same
/// 12 with a probability of 0.2 %. A table that is too wide with them shows fewer. A command that is given digits of two
/// persons says so.
const DIGITS: usize = 32;
const SHORT_DIGITS: [usize; 2] = [12, 8];

/// Lines and tables for people. `to_string` lays them out as for a file, in English.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    /// Lines of any length, and the beginning of one.
    Text(String),
    /// Lines that are the same in every language: names of commands and fields, identifiers.
    Verbatim(String),
    Table(Table),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    header: Vec<String>,
    /// The columns that are aligned to the right.
    right: Vec<usize>,
    /// The rows and columns of cells that are the same in every language: codes and commands, which a reader types.
    verbatim: BTreeSet<(usize, usize)>,
    rows: Vec<Vec<String>>,
    /// Whether it is as narrow as a screen everywhere.
    is_narrow: bool,
}

/// How a page is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The language.
    pub language: Language,
    /// The columns of the terminal; `None` for a file, where tables are as wide as they need.
    pub columns: Option<usize>,
    /// Whether tables show only the first digits of pseudonyms.
    pub short: bool,
    /// Whether headings of tables are bold.
    pub bold: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { language: Language::English, columns: None, short: false, bold: false }
    }
}

impl Page {
    /// Returns the page as text. Lines wrap at the width of the terminal, or of a screen.
    #[must_use]
    pub fn laid_out(&self, look: Look) -> String {
        let short = SHORT_DIGITS.map(|least| if look.short { self.short_digits(least) } else { DIGITS });
        let mut shown = String::new();
        for block in &self.blocks {
            match block {
                Block::Text(text) => {
                    let text = in_language(text, look.language);
                    let lines: Vec<String> =
                        text.split('\n').map(|line| wrap(line, look.columns.unwrap_or(SCREEN), HANG)).collect();
                    shown += &lines.join("\n");
                }
                Block::Verbatim(text) => {
                    let lines = text.split('\n').map(|line| wrap(line, look.columns.unwrap_or(SCREEN), HANG));
                    shown += &lines.collect::<Vec<_>>().join("\n");
                }
                Block::Table(table) => shown += &table.laid_out(look, short),
            }
        }
        shown
    }

    /// Returns lines that are the same in every language.
    #[must_use]
    pub fn verbatim(text: String) -> Self {
        Self { blocks: vec![Block::Verbatim(text)] }
    }

    /// Returns the page with those cells of its tables, by row and column, that are the same in every language.
    #[must_use]
    pub(super) fn with_verbatim(mut self, is_verbatim: impl Fn(&[String], usize) -> bool) -> Self {
        for block in &mut self.blocks {
            if let Block::Table(table) = block {
                for (number, row) in table.rows.iter().enumerate() {
                    let columns = (0..row.len()).filter(|&column| is_verbatim(row, column));
                    table.verbatim.extend(columns.map(|column| (number, column)));
                }
            }
        }
        self
    }

    /// Returns whether the page says this.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.to_string().contains(text)
    }

    /// Returns how many digits, at least these, tell the pseudonyms in the tables apart.
    fn short_digits(&self, least: usize) -> usize {
        let cells = self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table.rows.iter().flatten()),
            Block::Text(_) | Block::Verbatim(_) => None,
        });
        let all: Vec<&str> =
            cells.flatten().flat_map(|cell| cell.split(' ')).filter(|cell| is_pseudonym(cell)).collect();
        let tells_apart = |digits: &usize| {
            let mut seen = HashMap::new();
            all.iter().all(|one| *seen.entry(&one[..*digits]).or_insert(one) == one)
        };
        (least..DIGITS).find(tells_apart).unwrap_or(DIGITS)
    }

    fn push_text(&mut self, text: &str) {
        match self.blocks.last_mut() {
            Some(Block::Text(before)) => before.push_str(text),
            _ => self.blocks.push(Block::Text(text.to_owned())),
        }
    }

    fn push(&mut self, other: Self) {
        for block in other.blocks {
            match block {
                Block::Text(text) => self.push_text(&text),
                Block::Table(_) | Block::Verbatim(_) => self.blocks.push(block),
            }
        }
    }
}

fn is_pseudonym(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.laid_out(Look::default()))
    }
}

impl fmt::Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_text(text);
        Ok(())
    }
}

impl From<String> for Page {
    fn from(text: String) -> Self {
        Self { blocks: vec![Block::Text(text)] }
    }
}

impl From<&str> for Page {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for Page {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl<T: Into<Page>> AddAssign<T> for Page {
    fn add_assign(&mut self, other: T) {
        self.push(other.into());
    }
}

impl FromIterator<Page> for Page {
    fn from_iter<I: IntoIterator<Item = Page>>(pages: I) -> Self {
        let mut all = Self::default();
        pages.into_iter().for_each(|page| all.push(page));
        all
    }
}

/// Returns a plain table: a header, a line, and rows. Columns whose numbers are in `right` are aligned to the right.
#[must_use]
pub fn plain_table<const N: usize>(
    header: [&str; N],
    right: &[usize],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Page {
    table(&header, right, rows.into_iter().map(Vec::from), false)
}

/// Returns the same table with as many columns as the header has.
#[must_use]
pub(super) fn table_of(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> Page {
    table(header, right, rows, false)
}

/// Returns the same table in at most [`SCREEN`] columns, if its words allow it: the last two columns wrap their lines.
#[must_use]
pub fn narrow_table<const N: usize>(
    header: [&str; N],
    right: &[usize],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Page {
    table(&header, right, rows.into_iter().map(Vec::from), true)
}

fn table(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>, is_narrow: bool) -> Page {
    let header = header.iter().map(ToString::to_string).collect();
    Page {
        blocks: vec![Block::Table(Table {
            header,
            right: right.to_vec(),
            verbatim: BTreeSet::new(),
            rows: rows.into_iter().collect(),
            is_narrow,
        })],
    }
}

impl Table {
    fn laid_out(&self, look: Look, digits: [usize; 2]) -> String {
        // On a terminal, a column that says nothing takes no space.
        let last = self.header.len().saturating_sub(1);
        let says =
            |column: usize| !self.header[column].is_empty() || self.rows.iter().any(|row| !row[column].is_empty());
        let shown = if look.columns.is_none() || says(last) { self.header.len() } else { last };
        let cells = |row: Option<usize>, cells: &[String], digits: usize| -> Vec<String> {
            let cell = |(column, cell): (usize, &String)| {
                let shorter: Vec<&str> =
                    cell.split(' ').map(|word| if is_pseudonym(word) { &word[..digits] } else { word }).collect();
                let shorter = shorter.join(" ");
                if row.is_some_and(|row| self.verbatim.contains(&(row, column))) {
                    return shorter;
                }
                in_language(&shorter, look.language).into_owned()
            };
            cells[..shown].iter().enumerate().map(cell).collect()
        };
        let header = cells(None, &self.header, digits[0]);
        let rows = |digits: usize| -> Vec<Vec<String>> {
            self.rows.iter().enumerate().map(|(number, row)| cells(Some(number), row, digits)).collect()
        };
        let is_too_wide = |text: &str, most: usize| text.lines().any(|line| crate::words::width_of(line) > most);
        let natural = self.render(&header, &rows(digits[0]), None);
        let most = match look.columns {
            Some(columns) => columns,
            None if self.is_narrow => SCREEN,
            None => usize::MAX,
        };
        let mut text = natural;
        if is_too_wide(&text, most) {
            text = self.render(&header, &rows(digits[0]), u16::try_from(most).ok());
        }
        if is_too_wide(&text, most) && digits[1] < digits[0] {
            text = self.render(&header, &rows(digits[1]), u16::try_from(most).ok());
        }
        if look.bold
            && let Some(end) = text.lines().position(|line| line.starts_with('-'))
        {
            let lines: Vec<String> = text
                .lines()
                .enumerate()
                .map(|(i, line)| if i < end { format!("\x1b[1m{line}\x1b[0m") } else { line.to_owned() })
                .collect();
            text = lines.join("\n") + "\n";
        }
        text
    }

    /// Lays the table out, in at most this many columns if its words allow it.
    fn render(&self, header: &[String], rows: &[Vec<String>], most: Option<u16>) -> String {
        let mut table = Laid::new();
        if let Some(most) = most {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(most);
        }
        table.load_style(NOTHING.header_separator(LineStyle::none().fill('-').junction('-')));
        table.set_header(header.to_vec());
        for row in rows {
            table.add_row(row.clone());
        }
        for column in 0..header.len() {
            // What a reader copies or compares stays in one line.
            let is_whole = self.right.contains(&column) || rows.iter().all(|row| !row[column].contains(' '));
            let keeps = if self.is_narrow { column + 2 < header.len() } else { is_whole };
            if let Some(column) = table.column_mut(column).filter(|_| most.is_some()) {
                if !self.is_narrow {
                    column.set_padding((0, 1));
                }
                if keeps {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        for &column in self.right.iter().filter(|column| **column < header.len()) {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text: String = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        if text.is_empty() {
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "00112233445566778899aabbccddeeff";
    const OTHER: &str = "00112233445599778899aabbccddeeff";

    fn page() -> Page {
        let mut page = Page::from("Candidates\n\n");
        let row = |of: &str, note: &str| [of.to_owned(), "12.5".to_owned(), note.to_owned()];
        page += plain_table(["child", "log10 LR", "note"], &[1], [row(ONE, "one two three four"), row(OTHER, "")]);
        page += "done\n";
        page
    }

    #[test]
    fn a_file_has_everything_in_full() {
        let text = page().to_string();
        assert!(text.starts_with("Candidates\n\n") && text.ends_with("done\n"), "{text}");
        assert!(text.contains(ONE) && text.contains(OTHER) && text.contains("one two three four"), "{text}");
    }

    #[test]
    fn a_terminal_shows_as_many_digits_as_tell_pseudonyms_apart() {
        let look = Look { columns: Some(40), short: true, ..Look::default() };
        let text = page().laid_out(look);
        assert!(text.contains(&ONE[..13]) && text.contains(&OTHER[..13]) && !text.contains(&ONE[..14]), "{text}");
        assert!(text.lines().all(|line| line.len() <= 40), "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(["one", "two", "three", "four", "12.5"].iter().all(|word| words.contains(word)), "{text}");
    }

    #[test]
    fn headings_are_bold_where_asked() {
        let text = page().laid_out(Look { bold: true, ..Look::default() });
        assert_eq!(text.matches("\x1b[1m").count(), 1, "{text}");
        let plain = text.replace("\x1b[1m", "").replace("\x1b[0m", "");
        assert_eq!(plain, page().to_string());
    }

    #[test]
    fn verbatim_cells_are_the_same_in_chinese_and_headings_are_not() {
        let rows = [["locus".to_owned(), "locus".to_owned()]];
        let page = narrow_table(["locus", "locus"], &[], rows).with_verbatim(|_, column| column == 0);
        let text = page.laid_out(Look { language: Language::Chinese, ..Look::default() });
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!((&lines[0], &lines[2]), (&vec!["基因座", "基因座"], &vec!["locus", "基因座"]), "{text}");
    }
}
