//! Joins a laboratory's own list of numbers with pseudonyms, without storing it.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::model::Pseudonym;
use crate::pseudonym::Pseudonymizer;

use crate::store::error::{BadLine, FileAction, StoreError};
use crate::store::folder::Store;
use crate::store::naming::identifiers::next_line;

/// The numbers of some samples and families, as the laboratory writes them. They are in memory only.
#[derive(Clone, Default)]
pub struct Numbers {
    numbers: HashMap<Pseudonym, String>,
    /// Number of cells of the list that were tried.
    cells: u64,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Numbers({} of {} cells)", self.numbers.len(), self.cells)
    }
}

impl Numbers {
    /// Returns the number of a sample or a family; `None` if the list does not have it.
    #[must_use]
    pub fn of(&self, pseudonym: Pseudonym) -> Option<&str> {
        self.numbers.get(&pseudonym).map(String::as_str)
    }

    /// Returns how many of the wanted samples and families have a number.
    #[must_use]
    pub fn found(&self) -> usize {
        self.numbers.len()
    }
}

impl Store {
    /// Reads a laboratory's own list of sample and family numbers with the key, and keeps those that belong to the
    /// wanted samples and families. The list is a text in UTF-8, or CSV: every cell is tried as a sample and as a family,
    /// without an agency and with each agency of the store. Nothing of it is stored.
    ///
    /// ```no_run
    /// # use reunite::store::Store;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let child = "00112233445566778899aabbccddeeff".parse()?;
    /// let numbers = store.numbers("numbers.csv".as_ref(), [child])?;
    /// println!("{}", numbers.of(child).unwrap_or("not in the list"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::KeyNeeded`]; [`StoreError::IdentifierList`] with the first line that cannot be read;
    /// [`StoreError`] if the list cannot be opened, or the key is not that of the store.
    pub fn numbers(&self, list: &Path, wanted: impl IntoIterator<Item = Pseudonym>) -> Result<Numbers, StoreError> {
        let (key, _) = self.present_or_former_key()?;
        let names = Pseudonymizer::new(&key);
        let agencies = self.ledger()?.agencies()?;
        let agencies: Vec<Option<&str>> =
            std::iter::once(None).chain(agencies.iter().map(|agency| Some(agency.as_str()))).collect();
        let wanted: BTreeSet<Pseudonym> = wanted.into_iter().collect();
        let file = File::open(list).map_err(|source| StoreError::io(FileAction::Read, list, source))?;
        let mut lines = BufReader::new(file);
        let mut numbers = Numbers::default();
        let mut line = Vec::new();
        for at in 1.. {
            let bad = |source| StoreError::IdentifierList { list: list.display().to_string(), line: at, source };
            let Some(text) = next_line(&mut lines as &mut dyn BufRead, &mut line).map_err(bad)? else { break };
            let text = text.strip_prefix('\u{feff}').filter(|_| at == 1).unwrap_or(text);
            for cell in text.split([',', ';', '\t']) {
                let cell = cell.trim().trim_matches('"').trim();
                if cell.is_empty() {
                    continue;
                }
                numbers.cells += 1;
                if numbers.cells > MOST_CELLS {
                    return Err(bad(BadLine::Many(MOST_CELLS as usize)));
                }
                for agency in &agencies {
                    // A cell that cannot be an identifier, as a remark, is nobody's number.
                    let both = [names.sample(*agency, cell), names.family(*agency, cell)];
                    for pseudonym in both.into_iter().flatten().filter(|pseudonym| wanted.contains(pseudonym)) {
                        numbers.numbers.entry(pseudonym).or_insert_with(|| cell.to_owned());
                    }
                }
            }
        }
        Ok(numbers)
    }
}

/// More cells than the lists of the largest database have.
const MOST_CELLS: u64 = 50_000_000;
