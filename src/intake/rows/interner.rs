//! Keeps one copy of each agency, region and kit, because many rows share them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::intake::columns::fields::Field;

/// A column whose words are shared.
#[derive(Clone, Copy)]
pub(in crate::intake) enum Column {
    Agency,
    Region,
    Kit,
}

impl Column {
    /// Returns the field of the column.
    pub(in crate::intake) fn field(self) -> Field {
        match self {
            Self::Agency => Field::Agency,
            Self::Region => Field::Region,
            Self::Kit => Field::Kit,
        }
    }
}

/// Every word seen so far.
#[derive(Default)]
pub(in crate::intake) struct Interner {
    all: HashSet<Arc<str>>,
    /// The last word of each column; the next word is mostly the same.
    last: [Option<Arc<str>>; 3],
}

impl Interner {
    /// Returns the last word of a column, if it equals this one.
    pub(in crate::intake) fn last(&self, column: Column, text: &str) -> Option<Arc<str>> {
        self.last[column as usize].as_ref().filter(|last| &***last == text).cloned()
    }

    /// Returns the shared copy of a word.
    pub(in crate::intake) fn shared(&mut self, column: Column, text: &str) -> Arc<str> {
        if let Some(last) = self.last(column, text) {
            return last;
        }
        let word = self.all.get(text).cloned().unwrap_or_else(|| {
            let word = Arc::from(text);
            self.all.insert(Arc::clone(&word));
            word
        });
        self.last[column as usize] = Some(word.clone());
        word
    }
}
