//! Tests the changes since an earlier generation against a count of every change, and those that an older ledger
//! reports.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ledger::generation::samples_since;

fn cells(allele: u8) -> [String; 2] {
    [format!("{allele}"), "22".to_owned()]
}

fn typed(mut record: SampleRecord, allele: u8) -> SampleRecord {
    let cells = cells(allele);
    record.profile = profile(&[&cells[0], &cells[1]]);
    record
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Children 1 to 12 are added, changed and expunged, so that their ids are used again; relatives 101 to 104 are
    /// added and changed in families 201 to 203.
    #[test]
    fn every_change_is_told(steps in prop::collection::vec((0_u8..5, 1_u8..=12, 14_u8..=16), 1..25)) {
        let (_dir, _path, mut ledger) = ledger();
        let panel = Panel::new(loci(&["vWA", "FGA"])).unwrap();
        // Each with its allele, and the generation in which the allele, or a membership, was new.
        let mut children: BTreeMap<u8, (u8, u64)> = BTreeMap::new();
        let mut relatives: BTreeMap<u8, (u8, u64)> = BTreeMap::new();
        let mut members: BTreeMap<(u8, u8), u64> = BTreeMap::new();
        let mut pasts = vec![ledger.past(0).unwrap().unwrap()];
        for (what, who, allele) in steps {
            let next = ledger.generation().unwrap().number + 1;
            let touch = |of: &mut BTreeMap<u8, (u8, u64)>, who: u8| {
                if of.get(&who).is_none_or(|known| known.0 != allele) {
                    of.insert(who, (allele, next));
                }
            };
            match what {
                0 | 1 => {
                    let rows = [who, who % 12 + 1].map(|who| typed(child(who.into(), who, ["14", "22"]), allele));
                    let returning = Returning { take_in: true, ..Returning::default() };
                    let batch = Batch { returning, ..batch(rows.to_vec()) };
                    ledger.import(&batch, OnConflict::Replace, false, TEST).unwrap();
                    touch(&mut children, who);
                    touch(&mut children, who % 12 + 1);
                }
                2 | 3 => {
                    if children.remove(&who).is_some() {
                        let scope = Scope { samples: [p(who)].into(), ..Scope::default() };
                        ledger.expunge(&scope, &[], TEST).unwrap();
                    }
                }
                _ => {
                    let (family, sample) = (201 + who % 3, 101 + who % 4);
                    let row = typed(relative(1, family, sample, Relation::FullSibling), allele);
                    ledger.import(&batch(vec![row]), OnConflict::Replace, false, TEST).unwrap();
                    touch(&mut relatives, sample);
                    members.entry((family, sample)).or_insert(next);
                }
            }
            let now = ledger.generation().unwrap().number;
            pasts.extend(ledger.past(now).unwrap().filter(|_| pasts.last().unwrap().generation.number != now));
        }
        for past in &pasts {
            let since = past.generation.number;
            let found: Vec<_> = ledger.changed_children(&panel, past).unwrap().iter().map(|one| one.pseudonym).collect();
            let expected: Vec<_> = children.iter().filter(|one| one.1.1 > since).map(|one| p(*one.0)).collect();
            prop_assert_eq!(found, expected, "children since {}", since);
            let found: Vec<_> = ledger.changed_families(&panel, past).unwrap().iter().map(|one| one.pseudonym).collect();
            let changed = members.iter().filter(|one| *one.1 > since || relatives[&one.0.1].1 > since);
            let expected: BTreeSet<_> = changed.map(|one| p(one.0.0)).collect();
            prop_assert_eq!(found, Vec::from_iter(expected), "families since {}", since);
        }
    }
}

/// Returns the ids of the samples that were added or changed after each of these imports.
fn told(connection: &rusqlite::Connection, imports: i64) -> Vec<BTreeSet<i64>> {
    let sql = samples_since("?1");
    let since = |import: i64| {
        let mut statement = connection.prepare(&sql).unwrap();
        statement.query_map([import], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    (0..=imports).map(since).collect()
}

#[test]
fn an_older_ledger_tells_the_same_changes() {
    // The last import of each sample, by rising id: of 7 samples, two were changed after others had been added.
    let last = [1, 5, 1, 2, 4, 3, 5];
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    schema::MIGRATIONS[..14].iter().for_each(|step| connection.execute_batch(step).unwrap());
    for import in 1..=6 {
        let sql = "INSERT INTO import VALUES (?1, 'children', zeroblob(32), 1, 1, 0, 0, 0)";
        connection.execute(sql, [import]).unwrap();
    }
    for (id, import) in (1_i64..).zip(last) {
        let sql = "INSERT INTO sample (id, pseudonym, role, sex, profile, import_id)
                   VALUES (?1, randomblob(16), 'child', 'male', x'', ?2)";
        connection.execute(sql, [id, import]).unwrap();
    }
    connection.execute_batch(schema::MIGRATIONS[14]).unwrap();
    let after = |import: i64| (1..).zip(last).filter(|one| one.1 > import).map(|one| one.0).collect();
    assert_eq!(told(&connection, 6), (0..=6).map(after).collect::<Vec<BTreeSet<i64>>>());
    // Samples that never changed are not in the index of changes.
    let changed: i64 = connection.query_row("SELECT count(changed) FROM sample", [], |row| row.get(0)).unwrap();
    assert_eq!(changed, 2);
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", samples_since("?1"))).unwrap();
    let plan: Vec<String> = plan.query_map([1], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
    let plan = plan.join("; ");
    for part in ["SEARCH sample USING INTEGER PRIMARY KEY (rowid>?)", "INDEX sample_by_change (changed>?)"] {
        assert!(plan.contains(part), "{plan}");
    }
}
