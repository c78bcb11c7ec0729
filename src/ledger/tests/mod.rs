//! Tests the state of the ledger after an import, a run and a crash.

mod audit;
mod changes;
mod encrypt;
mod family_marks;
mod files;
mod imports;
mod multi_allele;
mod runs;
mod samples;
mod typings;

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::audit::Attribution;
use crate::model::{Candidate, Layout, Locus, Panel, Profile, Pseudonym, Relation, SampleRecord, Sex, Unscorable};

/// Attribution of changes in tests that are not about audit records.
const TEST: Attribution<'_> = Attribution::Unrecorded("a test");

fn p(n: u8) -> Pseudonym {
    Pseudonym::from_bytes([n; 16])
}

fn loci(names: &[&str]) -> Vec<Locus> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn profile(cells: &[&str]) -> Profile {
    Profile::new(cells.iter().map(|cell| cell.parse().ok()).collect())
}

fn child(line: u64, sample: u8, cells: [&str; 2]) -> SampleRecord {
    SampleRecord {
        line,
        sample: p(sample),
        family: None,
        sex: Sex::Female,
        agency: None,
        region: Some("Jinan".into()),
        kit: None,
        collected_on: "2024-01-31".parse().ok(),
        drop_out: None,
        profile: profile(&cells),
        many: Vec::new(),
    }
}

fn relative(line: u64, family: u8, sample: u8, relation: Relation) -> SampleRecord {
    let sex = relation.sex().unwrap_or(Sex::Unknown);
    SampleRecord { family: Some((p(family), relation)), sex, ..child(line, sample, ["14/15", "22"]) }
}

fn batch(rows: Vec<SampleRecord>) -> Batch {
    let layout = if rows.iter().all(|row| row.family.is_some()) { Layout::Families } else { Layout::Children };
    Batch {
        layout,
        file_digest: [7; 32],
        loci: loci(&["vWA", "FGA"]),
        rows,
        pedigrees: Vec::new(),
        returning: Returning::default(),
    }
}

/// Returns the key of the tests, which only a build that encrypts uses.
fn key() -> Option<LedgerKey> {
    Some(LedgerKey::new([1; 32].into()))
}

fn ledger() -> (TempDir, PathBuf, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let ledger = Ledger::create(&path, key().as_ref()).unwrap();
    (dir, path, ledger)
}

fn import(ledger: &mut Ledger, rows: Vec<SampleRecord>) -> ImportReport {
    ledger.import(&batch(rows), OnConflict::Refuse, false, TEST).unwrap()
}

fn conflicts(result: Result<ImportReport, LedgerError>) -> Vec<(u64, ConflictKind)> {
    match result {
        Err(LedgerError::Conflicts(conflicts)) => conflicts.iter().map(|c| (c.line, c.kind)).collect(),
        other => panic!("{other:?}"),
    }
}

fn shape(ledger: &Ledger) -> Vec<(Pseudonym, Vec<(Relation, Pseudonym)>)> {
    let panel = Panel::new(loci(&["FGA"])).unwrap();
    let (families, _) = ledger.families(&panel).unwrap();
    families
        .iter()
        .map(|f| (f.pseudonym, f.relatives.iter().map(|relative| (relative.relation, relative.sample)).collect()))
        .collect()
}

fn run(ledger: &Ledger) -> RunRecord {
    RunRecord {
        mode: "full".to_owned(),
        started_at: 1_700_000_000,
        seconds: 1.5,
        generation: ledger.generation().unwrap().number,
        families: 1,
        children: 2,
        pairs: 2,
        digest: [3; 32],
        basis: Some([4; 32]),
        min_loci: Some(8),
        pairs_not_comparable: Some(1),
        unscorable: Some(Vec::new()),
        manifest: "{}".to_owned(),
    }
}

fn candidate(family: u8, child: u8, log10_lr: f64) -> Candidate {
    Candidate {
        family: p(family),
        child: p(child),
        log10_lr,
        loci_compared: 2,
        incompatible_loci: 0,
        same_as: None,
        views: None,
    }
}
