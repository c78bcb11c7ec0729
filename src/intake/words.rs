//! Words that many rows share.

use std::collections::HashSet;
use std::sync::Arc;

/// One copy of each agency, region and kit.
#[derive(Default)]
pub(super) struct Words {
    all: HashSet<Arc<str>>,
    /// The last word of each column, which is mostly the next one too.
    pub(super) last: [Option<Arc<str>>; 3],
}

impl Words {
    pub(super) fn get(&mut self, column: usize, text: &str) -> Arc<str> {
        if let Some(last) = self.last[column].as_ref().filter(|last| &***last == text) {
            return last.clone();
        }
        let word = self.all.get(text).cloned().unwrap_or_else(|| {
            let word = Arc::from(text);
            self.all.insert(Arc::clone(&word));
            word
        });
        self.last[column] = Some(word.clone());
        word
    }
}
