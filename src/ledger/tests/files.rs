//! Tests the file itself: it is private, it is recognised as a ledger, damage is detected, and it is complete after a
//! crash.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

#[test]
fn a_ledger_is_private_and_opens_again() {
    let (dir, path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", ""])]);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (id, generation) = (ledger.store_id().unwrap(), ledger.generation().unwrap());
    assert_eq!(generation.number, 1);
    drop(ledger);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ledger = Ledger::open(&path, key().as_ref()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((ledger.store_id().unwrap(), ledger.generation().unwrap()), (id, generation));
    assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
    assert!(matches!(Ledger::create(&path, key().as_ref()), Err(LedgerError::Exists(_))));
    assert!(matches!(Ledger::open(&dir.path().join("none"), key().as_ref()), Err(LedgerError::Missing(_))));
    assert!(matches!(Ledger::open(dir.path(), key().as_ref()), Err(LedgerError::NotALedger(_))));
}

fn open(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    cipher::unlock(&connection, key().as_ref().filter(|_| ENCRYPTS)).unwrap();
    connection
}

/// Creates a ledger of an earlier version with one relative.
fn former(path: &Path, version: u8) -> rusqlite::Connection {
    let old = open(path);
    old.execute_batch(schema::MIGRATIONS[0]).unwrap();
    old.execute_batch(
        "INSERT INTO meta VALUES ('store_id', zeroblob(16)), ('stamp', zeroblob(16)), ('generation', 1);
         INSERT INTO locus VALUES (1, 'vWA');
         INSERT INTO import VALUES (1, 'families', zeroblob(32), 1, 1, 0, 0, 0);
         INSERT INTO sample VALUES (1, zeroblob(16), 'relative', 'male', x'01008c009600', NULL, NULL, NULL, NULL, 1);
         INSERT INTO family VALUES (1, zeroblob(16));
         INSERT INTO member VALUES (1, 1, 'father');",
    )
    .unwrap();
    schema::MIGRATIONS[1..version.into()].iter().for_each(|step| old.execute_batch(step).unwrap());
    old.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    old.pragma_update(None, "user_version", version).unwrap();
    old
}

fn version(path: &Path) -> i64 {
    open(path).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn ledgers_of_earlier_versions_are_brought_up_to_date() {
    for from in [1, 13, 14] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.db");
        let old = former(&path, from);
        if from == 14 {
            // Version 14 is the first with checksums.
            with_profile_checksum(&old);
        }
        drop(old);
        for _ in 0..2 {
            let ledger = Ledger::open(&path, key().as_ref()).unwrap();
            assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
            assert_eq!(shape(&ledger), [(p(0), vec![(Relation::Father, p(0))])]);
            let families = ledger.families(&Panel::new(loci(&["vWA"])).unwrap()).unwrap().0;
            assert_eq!(families[0].relatives[0].profile, profile(&["14/15"]));
        }
        assert_eq!(version(&path), schema::VERSION);
    }
}

/// Adds the checksum of version 14 to the profile of [`former`].
fn with_profile_checksum(old: &rusqlite::Connection) {
    let sum = blake3::Hasher::new().update(&[0; 16]).update(&[1, 0, 140, 0, 150, 0]).finalize();
    old.execute("UPDATE sample SET profile = CAST(profile || ?1 AS BLOB)", [&sum.as_bytes()[..8]]).unwrap();
}

#[test]
fn runs_of_earlier_versions_keep_what_only_their_manifests_held() {
    let family = "0b".repeat(16);
    let unscorable = format!(r#"[{{"family":"{family}","locus":"vWA","reason":"a reason"}}]"#);
    let all = format!(r#"{{"min_loci":7,"pairs_not_comparable":12,"unscorable":{unscorable},"survivors":3}}"#);
    let nobody = r#"{"min_loci":7,"unscorable":[{"family":null,"locus":"vWA","reason":"a reason"}]}"#;
    let found = vec![Unscorable { family: p(11), locus: "vWA".parse().unwrap(), reason: "a reason".to_owned() }];
    for (from, manifest, facts) in [
        (13, all.as_str(), (Some(7), Some(12), Some(found.clone()))),
        (14, all.as_str(), (Some(7), Some(12), Some(found))),
        (14, r#"{"unscorable":[]}"#, (None, None, Some(vec![]))),
        (14, nobody, (Some(7), None, None)),
        (13, "{}", (None, None, None)),
    ] {
        for is_sound in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("ledger.db");
            let old = former(&path, from);
            old.execute(
                "INSERT INTO run (id, mode, started_at, seconds, generation, families, children, pairs, candidates, digest,
                 manifest) VALUES (1, 'full', 5, 1.5, 1, 1, 2, 2, 0, zeroblob(32), ?1)",
                [manifest],
            )
            .unwrap();
            if from == 14 {
                with_profile_checksum(&old);
                let fixed = [5_u64, 1.5_f64.to_bits(), 1, 1, 2, 2].map(u64::to_le_bytes);
                let sum = fixed
                    .iter()
                    .fold(checksum::Checksum::default().with("full"), checksum::Checksum::with)
                    .with([0; 32])
                    .with(if is_sound { manifest } else { "other" })
                    .with([]);
                old.execute("UPDATE run SET sum = ?1", [sum.sum()]).unwrap();
            }
            drop(old);
            // A ledger without a seal is read completely.
            let ledger = match Ledger::open(&path, key().as_ref()) {
                Ok(ledger) => ledger,
                Err(error) => {
                    assert!(!is_sound && from == 14 && matches!(error, LedgerError::Unsound { .. }), "{error}");
                    continue;
                }
            };
            let run = ledger.last_run().unwrap().unwrap().1;
            assert!(is_sound || from < 14, "{manifest}");
            assert_eq!((run.min_loci, run.pairs_not_comparable, run.unscorable), facts, "{manifest}");
            assert_eq!(run.manifest, manifest);
        }
    }
}

#[test]
fn a_damaged_ledger_of_an_earlier_version_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    drop(former(&path, 14));
    // The profile has no checksum.
    let opened = Ledger::open(&path, key().as_ref());
    assert!(matches!(opened, Err(LedgerError::Damaged { .. })));
    assert_eq!(version(&path), 14);
}

#[test]
fn what_is_not_a_ledger_or_newer_is_refused_and_left_alone() {
    let (dir, path, ledger) = ledger();
    ledger.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(ledger);
    assert!(matches!(
        Ledger::open(&path, key().as_ref()),
        Err(LedgerError::Newer { found: 99, known: schema::VERSION, .. })
    ));
    let other = dir.path().join("other");
    for bytes in [&b""[..], b"no database at all, but quite a long text of something else"] {
        std::fs::write(&other, bytes).unwrap();
        assert!(matches!(Ledger::open(&other, key().as_ref()), Err(LedgerError::NotALedger(_))));
        assert_eq!(std::fs::read(&other).unwrap(), bytes);
    }
}

#[test]
fn a_ledger_belongs_to_one_key() {
    let (_dir, _path, mut ledger) = ledger();
    assert_eq!(ledger.key_fingerprint().unwrap(), None);
    ledger.bind_key([1; 8], TEST).unwrap();
    ledger.bind_key([1; 8], TEST).unwrap();
    assert!(matches!(ledger.bind_key([2; 8], TEST), Err(LedgerError::OtherKey { .. })));
    assert_eq!(ledger.key_fingerprint().unwrap(), Some([1; 8]));
}

#[test]
fn damage_is_found_and_named() {
    let (_dir, _path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["14", "22"])]);
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father)]);
    let panel = Panel::new(loci(&["vWA"])).unwrap();
    for blob in [&[1, 0, 140, 0, 150][..], &[1, 0, 9, 0, 150, 0], &[99, 0, 140, 0, 150, 0]] {
        ledger.connection.execute("UPDATE sample SET profile = ?1 WHERE pseudonym = ?2", (blob, [2u8; 16])).unwrap();
        let error = ledger.children(&panel, |_| {}).unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }));
        assert!(error.to_string().contains(&p(2).to_string()), "{error}");
        let findings = ledger.verify().unwrap();
        assert!(findings.len() == 1 && findings[0].contains(&p(2).to_string()), "{findings:?}");
    }
    ledger.connection.execute("UPDATE member SET relation = 'friend'", []).unwrap();
    assert!(matches!(ledger.families(&panel), Err(LedgerError::Damaged { .. })));
    assert_eq!(ledger.verify().unwrap().len(), 3, "the profile, the relation, and that it was changed");
    ledger.connection.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM sample WHERE role = 'relative'").unwrap();
    let findings = ledger.verify().unwrap();
    assert!(findings.iter().any(|finding| finding.contains("refers to a record of sample")), "{findings:?}");
}

/// Makes changes that leave a sound database of sound records, for example those of another laboratory.
#[test]
fn what_is_missing_or_exchanged_is_noticed() {
    let panel = Panel::new(loci(&["vWA", "FGA"])).unwrap();
    for (damage, of) in [
        ("UPDATE member SET relation = 'full-sibling' WHERE sample_id = 3", "family 09"),
        ("UPDATE member SET sample_id = 5 WHERE sample_id = 3", "family 09"),
        ("UPDATE member SET family_id = 2 WHERE sample_id = 3", "family"),
        ("UPDATE member SET family_id = 2 WHERE family_id = 3", "family"),
        ("DELETE FROM member WHERE sample_id = 3", "family 09"),
        ("DELETE FROM member WHERE family_id = 3", "family 0b"),
        ("UPDATE family SET pseudonym = zeroblob(16) WHERE id = 1", "family 00"),
        ("DELETE FROM member WHERE family_id = 3; DELETE FROM family WHERE id = 3", "the families"),
        ("UPDATE family SET withdrawn = 'consent' WHERE id = 3", "the families"),
        ("UPDATE locus SET name = 'TH01' WHERE name = 'vWA'", "the loci"),
        ("UPDATE locus SET id = 9 WHERE name = 'vWA'", "the loci"),
        ("UPDATE sample SET role = 'relative' WHERE id = 1", "the children"),
        ("DELETE FROM sample WHERE id = 1", "the children"),
    ] {
        let (_dir, _path, mut ledger) = ledger();
        import(&mut ledger, vec![child(2, 1, ["14", "22"]), child(3, 2, ["14", "22"])]);
        let father = |line, family, sample| relative(line, family, sample, Relation::Father);
        import(&mut ledger, vec![father(2, 9, 5), father(3, 10, 6), father(4, 11, 7)]);
        let read = |ledger: &Ledger| ledger.families(&panel).map(drop).and(ledger.children(&panel, |_| {}).map(drop));
        read(&ledger).unwrap();
        assert_eq!(ledger.verify().unwrap(), [""; 0]);
        ledger.connection.execute_batch(damage).unwrap();
        let error = read(&ledger).unwrap_err();
        assert!(error.to_string().contains(&format!("the stored record of {of}")), "{damage}: {error}");
        let found = ledger.verify().unwrap();
        assert!(found.iter().any(|finding| finding.contains(of)), "{damage}: {found:?}");
    }
}

#[test]
fn a_transaction_that_dies_leaves_the_old_state() {
    let (dir, path, mut ledger) = ledger();
    import(&mut ledger, vec![child(2, 1, ["14", "22"])]);
    let generation = ledger.generation().unwrap();
    // With a small cache, the unfinished transaction already has pages in the journal.
    ledger.connection.pragma_update(None, "cache_size", 10).unwrap();
    let tx = ledger.begin().unwrap();
    tx.execute("UPDATE meta SET value = 77 WHERE key = 'generation'", []).unwrap();
    for i in 0..2000_u32 {
        let pseudonym: [u8; 16] = std::array::from_fn(|at| i.to_le_bytes()[at % 4] ^ 0x55);
        let sql = "INSERT INTO sample (pseudonym, role, sex, profile, import_id) VALUES (?1, 'child', 'male', ?2, 1)";
        tx.execute(sql, (pseudonym, [0_u8; 138])).unwrap();
    }
    // Copies the files as a power cut would leave them.
    let crashed = dir.path().join("crashed.db");
    let journal = |path: &PathBuf| PathBuf::from(format!("{}-wal", path.display()));
    std::fs::copy(&path, &crashed).unwrap();
    std::fs::copy(journal(&path), journal(&crashed)).unwrap();
    assert!(std::fs::metadata(journal(&crashed)).unwrap().len() > 100_000);
    drop(tx);
    for path in [path, crashed] {
        let ledger = Ledger::open(&path, key().as_ref()).unwrap();
        assert_eq!(ledger.generation().unwrap(), generation);
        assert_eq!(ledger.counts().unwrap().children, 1);
        assert_eq!(ledger.verify().unwrap(), Vec::<String>::new());
    }
}
