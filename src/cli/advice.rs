//! Says what to do about an error: what to type, and how to help a disk.
//!
//! The library's errors name neither options nor commands; their names are here.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::statvfs::statvfs;

use crate::cluster::ClusterError;
use crate::index::IndexError;
use crate::intake::{FindingCode, Problem};
use crate::ledger::{LedgerError, Trouble};
use crate::model::shown_path;
use crate::pseudonym::{KeyError, StreamError, VaultError};
use crate::review::{Refusal, Step};
use crate::store::{
    BackupFault, BadNumber, BadSetting, ExportConflict, Incomplete, OutputError, RotationState, StoreError,
};

/// Says what to do about an error, if it is one of the store's.
pub(super) fn fix_of(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(of_cause)
}

/// Says what to do about an error of the store's.
pub(super) fn of_store(error: &StoreError) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(fix) = of_cause(error) {
            return Some(fix);
        }
        cause = error.source();
    }
    None
}

fn of_cause(cause: &(dyn Error + 'static)) -> Option<String> {
    let plain = |fix: &str| fix.to_owned();
    (cause.downcast_ref().and_then(fix))
        .or_else(|| cause.downcast_ref().copied().map(number))
        .or_else(|| cause.downcast_ref().and_then(of_ledger).map(plain))
        .or_else(|| cause.downcast_ref().and_then(of_key).map(plain))
        .or_else(|| cause.downcast_ref().and_then(of_index).map(plain))
        .or_else(|| of_serve(cause))
}

/// Says how to make a key for the pages.
#[cfg(feature = "serve")]
fn of_serve(cause: &(dyn Error + 'static)) -> Option<String> {
    match cause.downcast_ref()? {
        crate::page::ServeError::NoKeys(folder) => {
            let folder = shown_path(folder);
            Some(format!(
                "make it and a key in it: mkdir {folder}; reunite review key --out {folder}/R17.key; reunite review enrol \
                 --staff R17 --public-key {folder}/R17.key.pub"
            ))
        }
        _ => None,
    }
}

#[cfg(not(feature = "serve"))]
fn of_serve(_: &(dyn Error + 'static)) -> Option<String> {
    None
}

/// Says what to do about an error of the store's.
fn fix(error: &StoreError) -> Option<String> {
    let text = match error {
        StoreError::NoStore(_) => "name it with --store, or make one with `reunite init`",
        StoreError::NoColumnMap(_) => "`reunite maps list` lists those that there are; `reunite maps set` adds one",
        StoreError::NotAFile(_) => "save what comes from it in a file; `import -` reads standard input",
        StoreError::Config { .. } => {
            "correct the settings, or restore the file from its backup; [access] has group = \"NAME\" and members = \"write\" or \
             \"read\"; [meaning] has prior = 0.5, above 0 and below 1"
        }
        StoreError::Setting(BadSetting::Unknown) => "`reunite config show` lists the settings",
        StoreError::Setting(BadSetting::Fixed(key)) => match *key {
            key if key.starts_with("frequencies.") => "see `reunite frequencies`",
            "store_version" | "store_id" => "it stays as long as the store",
            _ => "edit reunite.toml while no command is at work",
        },
        StoreError::NotEmpty(_) => "choose another --store",
        StoreError::NoIndexFolder(_) => "make it, or name another one with --index-dir",
        StoreError::OtherFrequencies(_) => "put it back, or make a new store",
        StoreError::NoPopulation { .. } => "`reunite frequencies list` shows the store's tables, `add` adds one",
        StoreError::PopulationLacks { .. } => {
            "give a table with these loci: `reunite frequencies check` shows a table's"
        }
        StoreError::LociLost(_) => "give a table with these loci, or accept it with --without-loci",
        StoreError::TableExchanged => "repeat the command",
        StoreError::OtherLedger(_) => "put back the one that belongs here",
        StoreError::Locked { .. } => "wait until it has ended",
        StoreError::KeyNeeded | StoreError::KeyForNewLedger => GIVE_KEY,
        StoreError::EncryptedLedger(cause) => return fix(cause),
        StoreError::ReasonNeeded => "give --reason TEXT",
        StoreError::FileExists(_) => "choose another name, or give --force to write over it",
        StoreError::Clock => "set the clock",
        StoreError::Output(OutputError::OtherKind(_)) => "choose another name, or give --force to write over it",
        StoreError::Output(_) => "choose another name",
        StoreError::Number(bad) => return Some(number(*bad)),
        StoreError::NoRun { .. } => "`reunite runs` lists them; `--since last` means the last one",
        StoreError::NeverMatched => "run `reunite match`",
        StoreError::NoFamily(_) => return Some(pseudonym("family")),
        StoreError::NoChild(_) => return Some(pseudonym("sample")),
        StoreError::StillUnsound => "restore it from its backup; `reunite verify` shows what is wrong",
        StoreError::ChangedMeanwhile => "match again",
        StoreError::Incomplete(Incomplete::Changes) => "run `reunite match --full`, and `reunite verify`",
        StoreError::Incomplete(Incomplete::Generation) => "run `reunite match --full`",
        StoreError::Incomplete(Incomplete::Families { .. } | Incomplete::Pedigree(_)) => "run `reunite verify`",
        StoreError::NoFacts(_) => "`reunite import --as found-children` and `--as missing-children` add facts",
        StoreError::NoClaim(_) => "`reunite import --as certificate-claims` adds claims",
        StoreError::NoCertificates => {
            "import the registry with `reunite import --as certificates`, and claims with --as certificate-claims"
        }
        StoreError::CertificatesForgotten { .. } => {
            "import the registry again with `reunite import --as certificates`, and the claims with --as \
             certificate-claims"
        }
        StoreError::NoTerms(_) => "`reunite import --as keeping` adds them",
        StoreError::NotSearched(_) => {
            "`reunite keeping show SAMPLE` shows the terms; import others if the person agrees"
        }
        StoreError::NoSubject(_) => "nothing was changed",
        StoreError::HalfAlone => "name the family with --family",
        StoreError::LetterLacksPhone => {
            "give --phone NUMBER, or set it for all letters: reunite config set letter.phone NUMBER"
        }
        StoreError::LetterLacksLaboratory => {
            "give --laboratory NAME, or set it for all letters: reunite config set letter.laboratory NAME"
        }
        StoreError::NoLetter(_) => "write one with `reunite letter FAMILY --out FILE`",
        StoreError::VoidLetter(_) => "replace it with `reunite letter FAMILY --renew --out FILE`",
        StoreError::Nobody => "give pseudonyms, or --identifiers and a list on standard input",
        StoreError::PedigreesOfChildren => "--pedigrees requires --as families",
        StoreError::CasesWithoutLayout => "--cases requires --as families or --as children",
        StoreError::Export(conflict) => export(*conflict),
        StoreError::PlanInPedigree(_) => "leave out --with",
        StoreError::WithdrawnFamily(_) => {
            "`reunite families list` says why; `reunite families restore` takes it in again"
        }
        StoreError::Unsealed(_) => {
            "import their files again with a custodian (`reunite vault recipients add`), or expunge them"
        }
        StoreError::NoCustodian => "add one with `reunite vault recipients add`",
        StoreError::UsedKey(_) => "make a fresh one with `reunite key new`",
        StoreError::Frequencies(problems) => return of_table(problems).map(str::to_owned),
        StoreError::SameKey => "make another with `reunite key new`",
        StoreError::PresentKey(cause) => {
            let without = "without it: --key-lost";
            return Some(fix(cause).map_or_else(|| without.to_owned(), |fix| format!("{fix}; {without}")));
        }
        StoreError::Rotation { state, source } => match state {
            RotationState::Unknown | RotationState::TracesLeft => "repeat the command",
            RotationState::NewKey => "finish with `reunite index`",
            _ => return fix(source),
        },
        StoreError::RotationNotCleared { .. } => {
            "mend the cause, then repeat the command, or run `reunite vault sweep`"
        }
        StoreError::NoBackupRecipient => {
            "name one with `reunite vault recipients add`, or give --recipient or --passphrase-file"
        }
        StoreError::Overtaken => "repeat the command",
        StoreError::RestoredOver(_) => "choose another --store",
        StoreError::Sealed { source, .. } => return of_sealed(source).map(str::to_owned),
        StoreError::Backup { source, .. } => return of_backup(source).map(str::to_owned),
        StoreError::RestoredUnsound(_) => "restore an earlier backup",
        StoreError::CannotEncrypt => "build it with `--features sqlcipher`",
        StoreError::Review(refusal) => return of_review(refusal).map(str::to_owned),
        StoreError::ReviewConflict(_) => "two reviewers must refute one of the pairs with `reunite review decide`",
        StoreError::ReviewerEnrolled(_) => "end that enrolment first with `reunite review withdraw-reviewer`",
        StoreError::ReviewerKeyKnown => "make another with `reunite review key`",
        StoreError::NoReviewer(_) => "`reunite review reviewers` lists those that there are",
        StoreError::NotAReviewer => "enrol its public key with `reunite review enrol`, or give another --key",
        StoreError::RoleDecidesNothing { .. } => "`reunite review role` gives another role",
        StoreError::NoFurtherSample => "give another --sample",
        StoreError::RetestTooShort { .. } => "type more loci, and import the sample again",
        StoreError::Future(_) => "correct --date",
        StoreError::Cluster(error) => return of_cluster(error).map(str::to_owned),
        StoreError::BrokenChain => "see `reunite audit verify`",
        _ => return None,
    };
    Some(text.to_owned())
}

/// Says what to do about a run in tiles.
fn of_cluster(error: &ClusterError) -> Option<&'static str> {
    Some(match error {
        ClusterError::NoPlan(_) => "give the folder that `reunite cluster plan` made",
        ClusterError::Damaged { .. } | ClusterError::Index { .. } => {
            "copy the folder again, or make a new one with `reunite cluster plan`"
        }
        ClusterError::Version { .. } | ClusterError::OtherProgram { .. } => {
            "install the same version of reunite on every machine, or make a new plan"
        }
        ClusterError::NoTile { .. } => "give --index another number",
        ClusterError::Grid { .. } => {
            "give --tiles at most 100,000, and --columns a number that divides the number of tiles"
        }
        ClusterError::FolderExists(_) => "choose another --out",
        ClusterError::TooMuch => "give --tiles a larger number, or raise --min-log10-lr",
        ClusterError::Incomplete { .. } => {
            "compute each with `reunite cluster tile FOLDER --index I`, or all of them with the job that `reunite cluster \
             script FOLDER --engine slurm` writes now"
        }
        ClusterError::StoreChanged { .. } | ClusterError::SettingsChanged | ClusterError::OtherStore => {
            "make a new plan with `reunite cluster plan`"
        }
        _ => return None,
    })
}

/// Says what to do about a backup that does not open.
fn of_sealed(error: &StreamError) -> Option<&'static str> {
    Some(match error {
        StreamError::Damaged => "take another copy of it, or an earlier backup",
        StreamError::OtherRecipients => "give the --identity of one of its recipients",
        StreamError::OtherPassphrase => "give another --passphrase-file",
        StreamError::NeedsPassphrase => "give --passphrase-file instead of --identity",
        StreamError::NeedsIdentity => "give --identity instead of --passphrase-file",
        _ => return None,
    })
}

/// Says what to do about a backup that cannot be restored.
fn of_backup(fault: &BackupFault) -> Option<&'static str> {
    Some(match fault {
        BackupFault::OtherContent => "give a file that `reunite backup` wrote",
        BackupFault::Version => "restore it with the program that wrote it",
        BackupFault::Damaged | BackupFault::Part(_) => "take another copy of it, or an earlier backup",
        BackupFault::Shorter(_) => "repeat the command",
        BackupFault::Io(_) => return None,
        _ => "`reunite backup` did not write this file: find out where it is from, and restore another one",
    })
}

/// Says what to do if the rules of a review refuse something.
fn of_review(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::DecidedBefore | Refusal::NotConfirmed => "`reunite review show` shows who has decided",
        Refusal::Decided(_) => "--decision retest opens it again",
        Refusal::RetestMissing => {
            "import a further typing of the child, or record a further sample with `reunite review retest`"
        }
        Refusal::RetestRequested => "record it with `reunite review retest`",
        Refusal::NotRechecked => {
            "import a further typing of the child, or record a further sample with `reunite review retest`"
        }
        Refusal::BasisChanged(_) => "sign again with `reunite review decide`",
        Refusal::Text => "give --text TEXT",
        Refusal::Code => "`reunite review decide --help` lists the codes, page *Review by two people* which fit",
        Refusal::StepOrder { step: Step::Informed } => "`reunite review show` lists the steps",
        Refusal::StepOrder { .. } => "record that step first",
        Refusal::TooEarly(_) | Refusal::BeforeStep { .. } | Refusal::BeforeConfirmed { .. } => "correct --date",
        Refusal::NotFound => "record it with `reunite review found`",
        _ => return None,
    })
}

/// Says where pseudonyms of this kind come from.
fn pseudonym(kind: &str) -> String {
    format!(
        "`reunite candidates` lists pseudonyms, and `echo NUMBER | reunite pseudonym --kind {kind}` makes one; give it the \
         --agency that the file named, if it named one"
    )
}

/// Says which option helps with a frequency table.
fn of_table(problems: &[Problem]) -> Option<&'static str> {
    let has = |code| problems.iter().any(|problem| problem.code == code);
    if has(FindingCode::Population) {
        Some("give --population NAME")
    } else if has(FindingCode::TableLocus) {
        Some("--keep-locus NAME keeps the name")
    } else if has(FindingCode::Sheet) {
        Some("--frequency-sheet NAME names a sheet")
    } else {
        None
    }
}

pub(super) const GIVE_KEY: &str = "give --key-file FILE or set REUNITE_KEY_FILE";

/// Says what to do about an error of the ledger.
fn of_ledger(error: &LedgerError) -> Option<&'static str> {
    Some(match error {
        LedgerError::Missing(_) => "name the store with --store, or make one with `reunite init`",
        LedgerError::Plain(_) => {
            "`reunite key encrypt` encrypts it, and a build without the feature opens it unchanged"
        }
        LedgerError::Encrypted(_) => {
            "an encrypted ledger needs a build with `--features sqlcipher`, a damaged one its backup"
        }
        LedgerError::KeyNeeded(_) => GIVE_KEY,
        LedgerError::WrongKey(_) => {
            "use the right --key-file, after `reunite key rotate` the new one; if it is the right one, the ledger is \
             damaged: restore it from its backup"
        }
        LedgerError::Altered { .. } => {
            "restore the store from its backup, or see `reunite verify`; if you changed the ledger yourself and it is sound, \
             `reunite verify --reseal --reason TEXT` accepts it"
        }
        LedgerError::Unsound { .. } => "`reunite verify` shows what is wrong; restore the store from its backup",
        LedgerError::Damaged { .. } => "`reunite verify` shows the extent of the damage",
        LedgerError::Review(_) => "`reunite verify` shows what is wrong",
        LedgerError::OtherKey { .. } => "use the right --key-file",
        LedgerError::AnnouncedKey { .. } => "use the old key file, or finish `reunite key rotate` first",
        _ => return None,
    })
}

/// Says what to do about an error of a key file.
fn of_key(error: &KeyError) -> Option<&'static str> {
    match error {
        KeyError::Missing(_) | KeyError::Zero(_) => Some(
            "name the right file (`reunite key new` makes the key of a store, `reunite audit key new` a signing key, `reunite review key` a \
             reviewer's)",
        ),
        _ => None,
    }
}

/// Says what to do about an error of an index.
fn of_index(error: &IndexError) -> Option<&'static str> {
    match error {
        IndexError::Damaged(_) | IndexError::Version(_) | IndexError::Stale => {
            Some("build it again with `reunite index`")
        }
        _ => None,
    }
}

/// Says which option has a number out of range.
fn number(bad: BadNumber) -> String {
    match bad {
        BadNumber::MinLog10Lr(number) => format!("give --min-log10-lr another number than {number}"),
        BadNumber::MaxChanceHits(number) => format!("give --max-chance-hits another number than {number}"),
    }
}

/// Says what to do about options of an export that conflict.
fn export(conflict: ExportConflict) -> &'static str {
    match conflict {
        ExportConflict::FamNeedsGenotypes | ExportConflict::CmfNeedsGenotypes => "give --show-genotypes",
        ExportConflict::CmfNeedsParties => "give --source-lab and --destination-lab",
        ExportConflict::CmfHoldsNoPedigrees => "leave out --pedigrees, or write CSV",
        ExportConflict::FamHoldsPedigrees => "leave out --pedigrees",
        ExportConflict::NoLayout => "give --as families or --as children",
        ExportConflict::PedigreesOfChildren => "--pedigrees requires --as families",
        ExportConflict::ChildrenAmongFamilies => "leave out --as families, or --child and --candidates",
        ExportConflict::FamiliesAmongChildren => "give --candidates, to write the children that are candidates of them",
        ExportConflict::NoCandidate => "run `reunite match`, or leave out --candidates",
        ExportConflict::PedigreesNeeded(_) => "give --pedigrees FILE to write them beside it",
    }
}

/// Says what to do about an error of the disk that a store is on, and which store that is.
pub(super) fn about_disk(error: &anyhow::Error, dir: &Path) -> Option<String> {
    let trouble = error.chain().find_map(trouble)?;
    let full = trouble == Trouble::Full || trouble == Trouble::Failing && has_no_room(dir);
    let dir = shown_path(dir);
    Some(match trouble {
        _ if full => {
            format!("free disk space for the store {dir}, then repeat the command; earlier work is intact")
        }
        Trouble::Full | Trouble::Failing => format!(
            "I/O error on the disk that holds the store {dir}: see the system's log, copy the store to another disk, and run \
             `reunite verify` on the copy"
        ),
        Trouble::Closed => {
            format!("the store {dir}, its ledger.db and the files beside it must be writable for this user")
        }
    })
}

/// Finds out what is wrong with the disk, if that is what this error is about.
fn trouble(error: &(dyn Error + 'static)) -> Option<Trouble> {
    let of_system = |error: &io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(Trouble::Full),
        _ if error.raw_os_error() == Some(Errno::EIO as i32) => Some(Trouble::Failing),
        _ => None,
    };
    if let Some(LedgerError::Sealing(error)) = error.downcast_ref() {
        trouble(&**error)
    } else if let Some(error) = error.downcast_ref::<LedgerError>() {
        error.trouble()
    } else if let Some(IndexError::Io { error, .. }) = error.downcast_ref() {
        of_system(error)
    } else if let Some(VaultError::Io { source, .. }) = error.downcast_ref() {
        of_system(source)
    } else {
        None
    }
}

/// Finds out whether the disk of a store is as good as full: of some files that it cannot enlarge then, SQLite says no more
/// than of a disk that fails.
fn has_no_room(dir: &Path) -> bool {
    const LITTLE: u64 = 1 << 20;
    statvfs(dir).is_ok_and(|disk| disk.blocks_available() * disk.fragment_size() < LITTLE)
}
