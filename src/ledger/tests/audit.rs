//! Tests that a change appends to the audit chain, or that neither happens.

use super::*;
use crate::audit::{Break, Chain, Entry, Record};

fn entry(command: &str) -> Entry {
    Entry::new(1000, "ada", command, Some("a test"))
}

fn records(ledger: &Ledger) -> Vec<Record> {
    let mut all = Vec::new();
    ledger.audit(|record| all.push(record)).unwrap();
    all
}

fn breaks(ledger: &Ledger) -> Vec<Break> {
    let mut chain = Chain::new(&ledger.store_id().unwrap());
    records(ledger).iter().filter_map(|record| chain.follow(record)).collect()
}

#[test]
fn a_change_and_its_record_are_one() {
    let (_dir, path, mut ledger) = ledger();
    let first = batch(vec![child(2, 1, ["14", "22"])]);
    ledger.import(&first, OnConflict::Refuse, false, &entry("import")).unwrap();
    let other = batch(vec![child(2, 1, ["15", "22"])]);
    let refused = ledger.import(&other, OnConflict::Refuse, false, &entry("refused"));
    assert_eq!(conflicts(refused), [(2, ConflictKind::Profile)]);
    import(&mut ledger, vec![child(2, 2, ["14", "22"])]);
    ledger.import(&batch(vec![child(2, 3, ["14", "22"])]), OnConflict::Refuse, true, &entry("dry")).unwrap();
    import(&mut ledger, vec![relative(2, 9, 5, Relation::Father)]);
    let before = ledger.standing().unwrap();
    let run = run(&ledger);
    ledger.record_run(&run, &[candidate(9, 1, 5.0)], &before, &entry("match")).unwrap();
    ledger.set_marks("now", &[p(9)], &[(p(9), "cause")], &entry("check")).unwrap();
    assert_eq!(ledger.withdraw(&[p(9)], Some("found"), &entry("withdraw")).unwrap(), 1);
    ledger.append(&entry("explain").about([p(9)])).unwrap();
    drop(ledger);
    let ledger = Ledger::open(&path, key().as_ref()).unwrap();
    let found = records(&ledger);
    let commands: Vec<&str> = found.iter().map(|record| record.command.as_str()).collect();
    assert_eq!(commands, ["import", "match", "check", "withdraw", "explain"]);
    // Only someone with the key and the store's secret can find out which file it was.
    assert!(found[0].details.contains("\"added\":1") && !found[0].details.contains(&"07".repeat(32)));
    assert!(found[1].details.contains(&format!("\"run_digest\":\"{}\"", "03".repeat(32))));
    assert_eq!((found[0].user.as_str(), found[0].reason.as_deref()), ("ada", Some("a test")));
    assert_eq!(breaks(&ledger), []);
    assert_eq!(ledger.audit_end().unwrap(), Chain { length: 5, head: found[4].hash });
    let store = ledger.store_id().unwrap();
    let about: Vec<bool> = [9, 1]
        .iter()
        .map(|&who| found[1].is_about(crate::audit::Subject::commit_to(&store, p(who))).unwrap())
        .collect();
    assert_eq!(about, [true, true]);
}

#[test]
fn the_chain_can_only_be_changed_by_force_and_not_unnoticed() {
    let (_dir, _path, mut ledger) = ledger();
    for command in ["a", "b", "c", "d"] {
        ledger.append(&entry(command)).unwrap();
    }
    for sql in ["UPDATE audit SET user = 'eve'", "DELETE FROM audit WHERE number = 4"] {
        let error = ledger.connection.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("only appended to"), "{error}");
    }
    ledger.connection.execute_batch("DROP TRIGGER audit_is_not_edited; DROP TRIGGER audit_is_not_cut").unwrap();
    let broken = |sql: &str| {
        let tx = ledger.connection.unchecked_transaction().unwrap();
        tx.execute_batch(sql).unwrap();
        let found = breaks(&ledger);
        tx.rollback().unwrap();
        found
    };
    assert_eq!(broken("SELECT 1"), []);
    assert_eq!(broken("UPDATE audit SET reason = NULL WHERE number = 2"), [Break::Edited(2)]);
    assert_eq!(broken("UPDATE audit SET at = at + 1 WHERE number = 4"), [Break::Edited(4)]);
    assert_eq!(broken("DELETE FROM audit WHERE number = 2"), [Break::Missing(2, 2)]);
    assert_eq!(broken("DELETE FROM audit WHERE number < 3"), [Break::Missing(1, 2)]);
    let exchanged = "UPDATE audit SET number = -2 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;
                     UPDATE audit SET number = 3 WHERE number = -2";
    assert_eq!(broken(exchanged), [Break::Apart(2), Break::Apart(3), Break::Apart(4)]);
    assert_eq!(broken("DELETE FROM audit WHERE number = 4"), []);
}
