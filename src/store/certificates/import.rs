//! Imports registry extracts of birth certificates, and claims of them by children.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::audit::Entry;
use crate::certificates::{Certificate, Claim};
use crate::intake::{FindingCode, ListIntake, ListRequest, read_certificates, read_claims};
use crate::ledger::{Ledger, LedgerError, ListImported};
use crate::model::Pseudonym;
use crate::pseudonym::CertificateHasher;

use super::list::CertificateList;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::intake::import::{ImportOptions, Imported};
use crate::store::intake::lists::{Importing, ListKind};
use crate::store::observer::Observer;

const CONFLICT: (FindingCode, &str) = (
    FindingCode::ConflictCertificate,
    "the store has this number with other details; decide which version is right: --on-conflict keep leaves the store's, \
     --on-conflict replace takes the file's",
);

impl Store {
    /// Imports registry extracts of birth certificates, or claims of them, which name children that the store has. A
    /// file is imported completely or not at all, unless [`ImportOptions::keep_going`] is set. Numbers become keyed
    /// hashes, and parents the pseudonyms that samples of the same identifiers have.
    ///
    /// Of the options, only `sheets`, `dry_run`, `keep_going`, `on_conflict`, `spreadsheet_numbers` and `encoding` have
    /// a meaning here.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let (options, entry) = (ImportOptions::default(), store::entry("import", None));
    /// store.import_certificates(&["registry.csv".into()], CertificateList::Registry, &options, &entry, &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the import cannot begin. Later errors are in [`Imported::failed`].
    pub fn import_certificates(
        &self,
        files: &[PathBuf],
        list: CertificateList,
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        let hasher = CertificateHasher::new(&*self.key()?);
        match list {
            CertificateList::Registry => self.import_lists(files, &Registry(hasher), options, entry, observer),
            CertificateList::Claims => self.import_lists(files, &Claims(hasher), options, entry, observer),
        }
    }
}

struct Registry(CertificateHasher);

impl ListKind for Registry {
    type Row = Certificate;
    const WORD: &'static str = CertificateList::Registry.word();
    const CONFLICT: Option<(FindingCode, &'static str)> = Some(CONFLICT);

    fn read(&self, name: &str, bytes: &[u8], request: &ListRequest<'_>) -> ListIntake<Certificate> {
        read_certificates(name, bytes, &self.0, request)
    }

    fn write(
        &self,
        ledger: &mut Ledger,
        rows: Vec<(u64, Certificate)>,
        with: &Importing<'_>,
    ) -> Result<ListImported, LedgerError> {
        let &ImportOptions { on_conflict, dry_run, .. } = with.options;
        ledger.import_certificates(rows, &with.names.recognised(), on_conflict, dry_run, with.entry)
    }
}

struct Claims(CertificateHasher);

impl ListKind for Claims {
    type Row = Claim;
    const WORD: &'static str = CertificateList::Claims.word();
    const CONFLICT: Option<(FindingCode, &'static str)> = Some(CONFLICT);
    const UNKNOWN: Option<(FindingCode, &'static str)> = Some((
        FindingCode::UnknownChild,
        "the store has no child of this sample_id; import the child first, or correct the sample_id or agency",
    ));

    fn read(&self, name: &str, bytes: &[u8], request: &ListRequest<'_>) -> ListIntake<Claim> {
        read_claims(name, bytes, &self.0, request, true)
    }

    fn sample(row: &Claim) -> Option<Pseudonym> {
        row.child
    }

    fn known(ledger: &Ledger, among: HashSet<Pseudonym>) -> Result<HashSet<Pseudonym>, LedgerError> {
        ledger.children_known(among)
    }

    fn write(
        &self,
        ledger: &mut Ledger,
        rows: Vec<(u64, Claim)>,
        with: &Importing<'_>,
    ) -> Result<ListImported, LedgerError> {
        ledger.import_claims(rows, with.options.on_conflict, with.options.dry_run, with.entry)
    }
}
