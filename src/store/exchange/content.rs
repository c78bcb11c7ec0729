//! Writes a package to its file, and records that it was sent.

use std::path::Path;

use data_encoding::HEXLOWER;

use crate::audit::{Attribution, Entry};
use crate::exchange::{Card, ContentKind, ExchangeKey, MOST_NUMBER, Manifest, Mapping, seal};
use crate::ledger::{LastPackage, Ledger, PackageKind, Partner, Sending};

use super::error::ExchangeError;
use super::partners::partner_to_send_to;
use crate::store::actor::now;
use crate::store::error::StoreError;
use crate::store::folder::{Lock, Store};
use crate::store::observer::Observer;
use crate::store::output::check::Replace;
use crate::store::output::write::NewFile;

/// A package to an agency.
#[derive(Clone, Copy, Debug)]
pub struct PackageOptions<'a> {
    /// The name of the agency.
    pub to: &'a str,
    /// This laboratory's exchange key.
    pub key: &'a ExchangeKey,
    /// The file to write, with mode 0600.
    pub file: &'a Path,
    /// `true` to send everything, not only what changed since the last package: what the agency has besides is withdrawn.
    pub complete: bool,
    /// The number of the last package that the agency took, if this store lost count of them; requires `complete`.
    pub after: Option<u64>,
}

/// Returns the kind under which the ledger numbers packages of this content.
pub(super) fn kind_of(content: ContentKind) -> PackageKind {
    match content {
        ContentKind::Records => PackageKind::Records,
        ContentKind::Hits => PackageKind::Hits,
    }
}

impl Store {
    /// Opens the ledger to write a package to an agency.
    pub(super) fn open_to_send(
        &self,
        to: &str,
        observer: &dyn Observer,
    ) -> Result<(Lock, Ledger, Partner, Card), StoreError> {
        let lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.pseudonymizer(&mut ledger)?;
        self.finish_interrupted(&mut ledger, observer)?;
        let (partner, card) = partner_to_send_to(&ledger, to)?;
        Ok((lock, ledger, partner, card))
    }
}

/// Records that there was nothing to send.
pub(super) fn nothing_new(ledger: &mut Ledger, partner: &Partner, entry: &Entry) -> Result<(), StoreError> {
    let entry = entry.clone().with("agency", partner.name.as_str()).with("outcome", "nothing new");
    Ok(ledger.append_look(&entry)?)
}

/// Appends a line to the content of a package.
pub(super) fn push_line(content: &mut Vec<u8>, line: &str) {
    content.extend_from_slice(line.as_bytes());
    content.push(b'\n');
}

/// Writes the package, and records that it was sent.
pub(super) fn write_package(
    ledger: &mut Ledger,
    options: &PackageOptions<'_>,
    (partner, card): (&Partner, &Card),
    (kind, content): (ContentKind, &[u8]),
    changes: &Sending<'_>,
    entry: &Entry,
) -> Result<u64, StoreError> {
    let before = partner.sent.of(kind_of(kind));
    let last = before.number;
    let after = options.after.unwrap_or(last);
    if after < last || after >= MOST_NUMBER {
        return Err(ExchangeError::After { agency: partner.name.clone(), after, last }.into());
    }
    let number = after + 1;
    let manifest = Manifest {
        form: Manifest::FORM,
        mapping: Mapping::own().name.to_owned(),
        content: kind,
        sender: options.key.card().fingerprint(),
        recipient: card.fingerprint(),
        number,
        previous: before.digest.map(|digest| HEXLOWER.encode(&digest)),
        complete: options.complete,
        made_on: now()?.strftime("%Y-%m-%d").to_string(),
        program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
        lines: 0,
        length: 0,
        digest: String::new(),
    };
    let file = NewFile::create(options.file, Replace::Nothing, &[])?;
    let refused = |source| ExchangeError::Package { path: options.file.to_owned(), source };
    let out = std::io::BufWriter::new(file.writer());
    let digest = seal(manifest, content, options.key, card, out).map_err(refused)?;
    let package = LastPackage { number, digest: Some(digest) };
    let entry = entry
        .clone()
        .with("agency", partner.name.as_str())
        .with("package", number)
        .with("complete", options.complete)
        .with("manifest", HEXLOWER.encode(&digest));
    // Recorded before anybody can have the file. What the agency has is noted after it: a package that is not in its place must
    // not count as sent, or a withdrawal in it would be forgotten.
    ledger.append(&entry)?;
    file.finish()?;
    let by = Attribution::Unrecorded("the package was recorded before its file appeared");
    let recorded = ledger.record_sending(partner.id, (kind_of(kind), package), changes, by);
    if let Err(error) = recorded {
        // It would be followed by another one with the same number.
        let _ = std::fs::remove_file(options.file);
        return Err(error.into());
    }
    Ok(number)
}
