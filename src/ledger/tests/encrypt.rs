//! Tests encryption: no plain text in a build that encrypts, and one valid key at any instant. In a build that does not
//! encrypt, the same searches find the plain text.

use std::collections::HashMap;
use std::path::Path;

use super::*;

fn other() -> Option<LedgerKey> {
    Some(LedgerKey::new([2; 32].into()))
}

/// Reports whether a file of the folder contains these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

fn copy(from: &Path, to: &Path) {
    for end in ["", "-wal"] {
        let file = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
        if file(from).exists() {
            std::fs::copy(file(from), file(to)).unwrap();
        }
    }
}

#[test]
fn what_is_stored_is_in_clear_only_where_the_build_does_not_encrypt() {
    let (dir, path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 0xab, ["14/15", "22"])]);
    import(&mut ledger, vec![relative(2, 0xcd, 0xef, Relation::Father)]);
    let profile: Vec<u8> =
        ledger.connection.query_row("SELECT profile FROM sample LIMIT 1", [], |row| row.get(0)).unwrap();
    // The data is first in the journal, then in the file itself.
    for _ in 0..2 {
        for bytes in [&p(0xab).as_bytes()[..], p(0xcd).as_bytes(), p(0xef).as_bytes(), &profile, b"Jinan"] {
            assert_eq!(holds(dir.path(), bytes), !ENCRYPTS);
        }
        assert_eq!(std::fs::read(&path).unwrap().starts_with(b"SQLite format 3\0"), !ENCRYPTS);
        ledger.compact().unwrap();
    }
}

#[test]
fn a_build_that_encrypts_opens_with_the_right_key_alone() {
    let (dir, path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"])]);
    drop(ledger);
    let none = dir.path().join("none.db");
    if ENCRYPTS {
        assert!(matches!(Ledger::create(&none, None), Err(LedgerError::KeyNeeded(_))) && !none.exists());
        assert!(matches!(Ledger::open(&path, None), Err(LedgerError::KeyNeeded(_))));
        assert!(matches!(Ledger::open(&path, other().as_ref()), Err(LedgerError::WrongKey(_))));
    } else {
        Ledger::create(&none, None).unwrap();
        Ledger::open(&path, None).unwrap();
    }
    assert_eq!(Ledger::open(&path, key().as_ref()).unwrap().counts().unwrap().children, 1);
}

#[test]
fn a_build_refuses_the_other_kind_of_file() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, pages) = (dir.path().join("plain.db"), dir.path().join("pages.db"));
    rusqlite::Connection::open(&plain).unwrap().execute_batch("PRAGMA page_size = 8192; CREATE TABLE a (b)").unwrap();
    std::fs::write(&pages, [0x5a; 16384]).unwrap();
    let before = std::fs::read(&plain).unwrap();
    let [of_plain, of_pages] = [&plain, &pages].map(|path| Ledger::open(path, key().as_ref()).unwrap_err());
    if ENCRYPTS {
        assert!(matches!(of_plain, LedgerError::Plain(_)) && matches!(of_pages, LedgerError::WrongKey(_)));
    } else {
        assert!(matches!(of_plain, LedgerError::NotALedger(_)) && matches!(of_pages, LedgerError::Encrypted(_)));
    }
    assert_eq!(std::fs::read(&plain).unwrap(), before);
}

/// Returns a ledger of some pages, and the new names of its children.
fn filled() -> (TempDir, PathBuf, Ledger, Renamed) {
    let (dir, path, mut ledger) = ledger();
    ledger.bind_key([1; 8], TEST).unwrap();
    import(&mut ledger, (1..=200).map(|n| child(u64::from(n), n, ["14", "22"])).collect());
    let names: HashMap<_, _> =
        (1..=200).map(|n| (p(n), Pseudonym::from_bytes([n, 7].repeat(8).try_into().unwrap()))).collect();
    (dir, path, ledger, Renamed { samples: names, ..Renamed::default() })
}

#[test]
fn a_new_key_takes_effect_with_the_new_names_and_at_one_instant() {
    let (dir, path, mut ledger, renamed) = filled();
    // A reader keeps the data in the journal; with a small cache, SQLite writes it before the end of the transaction.
    let reader = Ledger::open(&path, key().as_ref()).unwrap();
    assert_eq!(reader.counts().unwrap().children, 200);
    ledger.connection.pragma_update(None, "cache_size", 10).unwrap();
    let [before, after] = ["before.db", "after.db"].map(|name| dir.path().join(name));
    copy(&path, &before);
    ledger.rekey([2; 8], other().as_ref(), &renamed, &[], TEST).unwrap();
    copy(&path, &after);
    for (path, is, is_not, fingerprint) in [(&before, key(), other(), [1; 8]), (&after, other(), key(), [2; 8])] {
        let opened = Ledger::open(path, is.as_ref()).unwrap();
        assert_eq!(opened.key_fingerprint().unwrap(), Some(fingerprint));
        assert_eq!(opened.counts().unwrap().children, 200);
        assert_eq!(opened.verify().unwrap(), Vec::<String>::new());
        if ENCRYPTS {
            assert!(matches!(Ledger::open(path, is_not.as_ref()), Err(LedgerError::WrongKey(_))));
        }
    }
    drop(reader);
    // Later changes are written under the new key, too.
    import(&mut ledger, vec![child(2, 250, ["14", "22"])]);
    assert!(ledger.compact().unwrap());
    drop(ledger);
    let ledger = Ledger::open(&path, other().as_ref()).unwrap();
    assert_eq!((ledger.counts().unwrap().children, ledger.verify().unwrap()), (201, Vec::new()));
}

#[test]
fn a_change_of_key_that_fails_leaves_a_ledger_that_goes_on_under_the_old_one() {
    let (_dir, path, mut ledger, mut renamed) = filled();
    renamed.samples.remove(&p(77));
    assert!(matches!(ledger.rekey([2; 8], other().as_ref(), &renamed, &[], TEST), Err(LedgerError::Damaged { .. })));
    import(&mut ledger, vec![child(2, 250, ["14", "22"])]);
    drop(ledger);
    let ledger = Ledger::open(&path, key().as_ref()).unwrap();
    assert_eq!(ledger.key_fingerprint().unwrap(), Some([1; 8]));
    assert_eq!((ledger.counts().unwrap().children, ledger.verify().unwrap()), (201, Vec::new()));
}
