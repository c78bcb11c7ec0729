//! One changed bit in any file of a store leads to an error that names the file, or to the same result.
//!
//! The tests try a sample of the bits; with `REUNITE_ALL_FAULTS=1` every bit, which takes some minutes.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use reunite::ledger::LedgerError;
use reunite::pseudonym::KeySource;
use reunite::store::{Silent, Store, StoreError, entry};

use crate::common::rotation::custodian;
use crate::common::{Lab, reunite};

/// Makes a lab whose store has candidates.
fn matched() -> Lab {
    let lab = Lab::in_memory();
    lab.synth("files", 12, 60, 1);
    lab.run(&["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    lab.run(&["match"]).ends(0);
    lab
}

/// Calls `tries` with one bit of a file changed, for at most `most` bits unless all are wanted. Returns the number of
/// bits.
fn with_each_bit(path: &Path, most: usize, mut tries: impl FnMut(usize)) -> usize {
    let sound = fs::read(path).unwrap();
    let file: File = OpenOptions::new().write(true).open(path).unwrap();
    let bits = sound.len() * 8;
    let step = if std::env::var_os("REUNITE_ALL_FAULTS").is_some() { 1 } else { bits.div_ceil(most) };
    let mut tried = 0;
    // An odd step does not always choose the same bit of a byte.
    for bit in (0..bits).step_by(step | 1) {
        let (at, byte) = (bit / 8, sound[bit / 8]);
        file.write_all_at(&[byte ^ 1 << (bit % 8)], at as u64).unwrap();
        tries(bit);
        file.write_all_at(&[byte], at as u64).unwrap();
        tried += 1;
    }
    assert_eq!(fs::read(path).unwrap(), sound, "nobody else wrote it");
    tried
}

fn open(lab: &Lab) -> Result<Store, StoreError> {
    Store::open(&lab.path("store"), Some(KeySource::File(lab.path("key"))))
}

/// Every command that reads the ledger opens it first.
#[test]
fn a_ledger_with_a_changed_bit_is_not_opened() {
    let lab = matched();
    let store = open(&lab).unwrap();
    let tried = with_each_bit(&lab.path("store/ledger.db"), 100_000, |bit| match store.ledger() {
        Err(StoreError::Ledger(
            LedgerError::Altered { .. }
            | LedgerError::NotALedger(_)
            | LedgerError::Encrypted(_)
            | LedgerError::Plain(_)
            | LedgerError::WrongKey(_),
        )) => {}
        other => panic!("bit {bit}: {other:?}"),
    });
    println!("{tried} bits");
    assert!(tried >= 40_000, "{tried}");
    lab.run(&["match"]).ends(0);
}

#[test]
fn a_seal_with_a_changed_bit_makes_no_difference() {
    let lab = matched();
    let sound = fs::read(lab.path("store/ledger.db.seal")).unwrap();
    let candidates = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let store = open(&lab).unwrap();
    let tried = with_each_bit(&lab.path("store/ledger.db.seal"), 60, |_| {
        // The program reads the whole ledger instead, and seals it again.
        drop(store.ledger().unwrap());
    });
    assert!(tried > 40);
    fs::write(lab.path("store/ledger.db.seal"), &sound[..sound.len() / 2]).unwrap();
    assert_eq!(lab.run(&["candidates", "--format", "csv"]).ends(0).out, candidates);
    lab.run(&["verify"]).ends(0);
    assert_eq!(fs::read(lab.path("store/ledger.db.seal")).unwrap().len(), sound.len());
}

#[test]
fn settings_with_a_changed_bit_are_named() {
    let lab = matched();
    let before = lab.run(&["candidates", "--brief", "--format", "csv"]).ends(0).out;
    let (mut refused, mut named, mut same) = (0, 0, 0);
    for name in ["store/reunite.toml", "store/frequencies.csv"] {
        with_each_bit(&lab.path(name), 4_000, |bit| {
            let Ok(store) = open(&lab) else { return refused += 1 };
            match store.candidates(&Default::default(), &entry("candidates", None), &Silent) {
                Err(_) => refused += 1,
                Ok(listed) if !listed.changed_settings.is_empty() => named += 1,
                Ok(listed) => {
                    assert_eq!(listed.report.csv(), before, "{name}, bit {bit}");
                    same += 1;
                }
            }
        });
    }
    println!("{refused} refused, {named} named, {same} make no difference");
    assert!(refused > 100 && named > 20);
}

/// The changes that sqlite3 can make to a ledger, and that SQLite does not notice.
#[test]
fn an_edited_row_is_noticed_before_any_output() {
    let lab = matched();
    let listed = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let pair: Vec<&str> = listed.lines().nth(1).unwrap().split(',').collect();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    for sql in [
        "DELETE FROM candidate WHERE family = (SELECT min(family) FROM candidate)",
        "UPDATE sample SET changed = import_id",
        "UPDATE sample SET sex = 'unknown', agency = 'another'",
        "UPDATE import SET added = added + 1",
        "UPDATE run SET digest = zeroblob(32)",
        "INSERT INTO past SELECT generation + 100, stamp, last_import, sum FROM past LIMIT 1",
    ] {
        crate::common::copy(&lab.path("store"), &lab.path("edited"));
        // SQLite knows nothing of the seal, so the old one stays.
        let seal = fs::read(lab.path("edited/ledger.db.seal")).unwrap();
        lab.database("edited").execute_batch(sql).unwrap();
        fs::write(lab.path("edited/ledger.db.seal"), seal).unwrap();
        let noticed = ["ledger.db was changed since this program last wrote it"];
        for command in [
            &["candidates"][..],
            &["match"],
            &["match", "--full"],
            &["kin", "--within", "all"],
            &["export", "--as", "children", &lab.name("e.csv")],
            &["families", "list"],
            &["families", "withdraw", pair[0], "--cause", "other"],
            &["explain", pair[0], pair[1]],
            &["power", pair[0]],
            &["comparable"],
            &["import", &lab.name("files/children.csv")],
            &["expunge", pair[1], "--reason", "consent withdrawn"],
            &["reidentify", pair[1], "--identity", &identity, "--reason", "order", "--case-number", "1"],
            &["key", "rotate", "--new-key-file", &lab.name("new"), "--identity", &identity, "--reason", "shown"],
            &["audit", "list"],
            &["index"],
        ] {
            lab.run_on("edited", command).ends(2).says(&noticed);
        }
        lab.run_on("edited", &["verify"]).ends(1).says(&noticed);
        fs::remove_dir_all(lab.path("edited")).unwrap();
    }
}

#[test]
fn a_ledger_changed_on_purpose_is_resealed_with_a_reason() {
    let lab = matched();
    let seal = fs::read(lab.path("store/ledger.db.seal")).unwrap();
    lab.database("store").execute_batch("VACUUM").unwrap();
    fs::write(lab.path("store/ledger.db.seal"), seal).unwrap();
    lab.run(&["candidates"]).ends(2).says(&["verify --reseal --reason TEXT"]);
    lab.run(&["verify", "--reseal"]).ends(2).says(&["--reason"]);
    lab.run(&["verify", "--reseal", "--reason", "compacted by hand"]).ends(0);
    lab.run(&["candidates"]).ends(0);
    assert!(lab.run(&["audit", "list"]).ends(0).out.contains("compacted by hand"));
    // The program refuses to seal a ledger whose data is damaged.
    let seal = fs::read(lab.path("store/ledger.db.seal")).unwrap();
    lab.database("store").execute_batch("UPDATE candidate SET log10_lr = log10_lr + 1").unwrap();
    fs::write(lab.path("store/ledger.db.seal"), seal).unwrap();
    lab.run(&["verify", "--reseal", "--reason", "again"]).ends(2).says(&["so it cannot be accepted"]);
    lab.run(&["candidates"]).ends(2);
}
