//! Imports the terms on which samples are kept.

use std::path::PathBuf;

use crate::audit::Entry;
use crate::intake::{FindingCode, ListIntake, ListRequest, read_terms};
use crate::keeping::Terms;
use crate::ledger::{Ledger, LedgerError, ListImported};
use crate::model::Pseudonym;
use crate::pseudonym::ConsentHasher;

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::intake::import::{ImportOptions, Imported};
use crate::store::intake::lists::{Importing, ListKind};
use crate::store::observer::Observer;

/// The header of an empty list of terms with all columns.
pub const KEEPING_TEMPLATE: &str = "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,born_on,\
                                    keep_until,review_on,agency\n";

impl Store {
    /// Imports lists of the terms on which samples are kept. A list is imported completely or not at all, unless
    /// [`ImportOptions::keep_going`] is set. Terms replace former ones of the same sample; the audit chain records how many
    /// changed, and in which fields. References of consents become keyed hashes.
    ///
    /// Of the options, only `sheets`, `dry_run`, `keep_going`, `spreadsheet_numbers` and `encoding` have a meaning here.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let (options, entry) = (ImportOptions::default(), store::entry("import", None));
    /// store.import_keeping(&["terms.csv".into()], &options, &entry, &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the import cannot begin. Later errors are in [`Imported::failed`].
    pub fn import_keeping(
        &self,
        files: &[PathBuf],
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        let mask = self.ledger()?.consent_mask()?;
        let hasher = ConsentHasher::new(&*self.key()?, &mask);
        self.import_lists(files, &TermsList(hasher), options, entry, observer)
    }
}

struct TermsList(ConsentHasher);

impl ListKind for TermsList {
    type Row = (Pseudonym, Terms);
    const WORD: &'static str = "keeping";
    const UNKNOWN: Option<(FindingCode, &'static str)> = Some((
        FindingCode::UnknownSample,
        "the store has no sample of this sample_id; import the sample first, or correct the sample_id or agency",
    ));

    fn read(&self, name: &str, bytes: &[u8], request: &ListRequest<'_>) -> ListIntake<Self::Row> {
        read_terms(name, bytes, &self.0, request)
    }

    fn sample(row: &Self::Row) -> Option<Pseudonym> {
        Some(row.0)
    }

    fn write(
        &self,
        ledger: &mut Ledger,
        rows: Vec<(u64, Self::Row)>,
        with: &Importing<'_>,
    ) -> Result<ListImported, LedgerError> {
        let mut rows: Vec<Self::Row> = rows.into_iter().map(|row| row.1).collect();
        // In the order of the table, which is written much faster.
        rows.sort_unstable_by_key(|row| row.0);
        Ok(ledger.import_terms(&rows, with.options.dry_run, with.entry)?.rows)
    }
}
