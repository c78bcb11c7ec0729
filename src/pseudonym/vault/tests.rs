//! Tests files of the vault: complete, without a record, and damaged.

use std::os::unix::fs::PermissionsExt;

use age::x25519;

use super::*;
use crate::pseudonym::{Pseudonymizer, SecretKey};

fn custodian() -> (Custodian, Identity) {
    let identity = x25519::Identity::generate();
    (Custodian(identity.to_public()), Identity(vec![identity]))
}

fn p(n: u8) -> Pseudonym {
    Pseudonym::from_bytes([n; 16])
}

/// Returns records of samples S1 to S3; the last two are of one family.
fn three() -> [Record; 3] {
    let names = Pseudonymizer::new(&SecretKey::from_bytes([9; 32])).remembering();
    let family = names.family(None, "F").unwrap();
    [None, Some(family), Some(family)].map({
        let mut number = 0;
        move |family| {
            number += 1;
            let sample = names.sample(None, &format!("S{number}")).unwrap();
            names.seal(&[Sealed { sample, family }]).unwrap().remove(0)
        }
    })
}

fn opened(vault: &Vault, name: &str, identity: &Identity) -> Result<Vec<String>, VaultError> {
    let mut all = Vec::new();
    vault.open(
        name,
        identity,
        |_| true,
        |one| {
            all.push(one.sample_id.to_string());
            Ok::<_, VaultError>(())
        },
    )?;
    Ok(all)
}

#[test]
fn records_come_back_and_can_be_taken_out() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::new(dir.path().join("vault"));
    assert_eq!(vault.names().unwrap(), [""; 0]);
    let [(first, a), (second, b), (_, stranger)] = std::array::from_fn(|_| custodian());
    let all = three();
    let of = [0, 1, 2].map(|i: usize| all[i].of);
    assert!(matches!(vault.begin(&[]), Err(VaultError::NoCustodian)));
    let mut writer = vault.begin(&[first, second]).unwrap();
    all.iter().try_for_each(|record| writer.push(record)).unwrap();
    assert_eq!(vault.names().unwrap(), [""; 0], "unfinished");
    let file = writer.finish().unwrap();
    assert_eq!(fs::metadata(vault.path(&file.name)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(dir.path().join("vault")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!((file.records, vault.names().unwrap()), (3, vec![file.name.clone()]));
    assert_eq!(vault.digest(&file.name).unwrap(), file.digest);
    assert_eq!(vault.records(&file.name).unwrap(), of);
    for identity in [&a, &b] {
        assert_eq!(opened(&vault, &file.name, identity).unwrap(), ["S1", "S2", "S3"]);
    }
    assert!(matches!(opened(&vault, &file.name, &stranger), Err(VaultError::Closed(_))));
    vault.open(&file.name, &stranger, |_| false, |_| Err(VaultError::NoCustodian)).unwrap();
    assert_eq!(vault.without(&file.name, |one| one.sample == p(7)).unwrap(), None);
    let less = vault.without(&file.name, |one| one.names(of[1].sample)).unwrap().unwrap();
    assert_eq!((less.records, vault.records(&less.name).unwrap()), (2, vec![of[0], of[2]]));
    assert_eq!(vault.digest(&less.name).unwrap(), less.digest);
    assert_eq!(opened(&vault, &less.name, &a).unwrap(), ["S1", "S3"]);
    let left = fs::read_to_string(vault.path(&less.name)).unwrap();
    let key = HEXLOWER.encode(&all[1].key);
    assert!(!left.contains(&key) && !left.contains(&of[1].sample.to_string()));
    assert_eq!(opened(&vault, &file.name, &a).unwrap().len(), 3, "the old file stays until it is removed");
    drop(vault.begin(&[custodian().0]).unwrap());
    fs::write(vault.path(".sealing-left"), "").unwrap();
    vault.clear_unfinished().unwrap();
    vault.remove(&file.name).unwrap();
    vault.remove(&file.name).unwrap();
    assert_eq!(fs::read_dir(dir.path().join("vault")).unwrap().count(), 1);
}

#[test]
fn damaged_files_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::new(dir.path().to_owned());
    let (custodian, identity) = custodian();
    let all = three();
    let mut writer = vault.begin(&[custodian]).unwrap();
    all.iter().try_for_each(|record| writer.push(record)).unwrap();
    let file = writer.finish().unwrap();
    let sound = fs::read_to_string(vault.path(&file.name)).unwrap();
    let read = |text: &str| {
        fs::write(vault.path("a.sealed"), text).unwrap();
        opened(&vault, "a.sealed", &identity)
    };
    assert_eq!(read(&sound).unwrap(), ["S1", "S2", "S3"]);
    let end = sound.find(LAST_LINE).unwrap() + LAST_LINE.len();
    let (armored, keys) = sound.split_at(end);
    let lines: Vec<&str> = keys.lines().collect();
    for text in [
        String::new(),
        sound.replace("vault-3", "vault-1"),
        armored[..end - 2].to_owned(),
        sound.replace(" key ", " box "),
        sound.replace("record 1", "record x"),
        sound.trim_end().to_owned(),
        sound[..sound.len() - 3].to_owned() + "\n",
        format!("{armored}{armored}"),
    ] {
        assert!(matches!(read(&text), Err(VaultError::Malformed(_))), "{text}");
    }
    // The key of another record, and a missing record.
    let exchanged = keys.replace(lines[0].split(' ').next_back().unwrap(), lines[1].split(' ').next_back().unwrap());
    assert!(matches!(read(&format!("{armored}{exchanged}")), Err(VaultError::Record(SealError::Closed(_)))));
    // A record with the pseudonym of another.
    let renamed = keys.replacen(&all[0].of.sample.to_string(), &p(7).to_string(), 1);
    assert!(matches!(read(&format!("{armored}{renamed}")), Err(VaultError::Record(SealError::Exchanged(_)))));
    let other = Key { of: Sealed { sample: p(1), family: None }, number: 4, key: [0; 32] }.line();
    assert!(matches!(read(&format!("{sound}{other}")), Err(VaultError::Record(SealError::Closed(_)))));
    // With a changed byte, the age file never opens or returns other records.
    for at in (FORM.len()..end).step_by(7) {
        let mut damaged = sound.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        assert!(read(std::str::from_utf8(&damaged).unwrap()).is_err(), "{at}");
    }
    assert!(matches!(opened(&vault, "b.sealed", &identity), Err(VaultError::Io { .. })));
}
