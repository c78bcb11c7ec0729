//! Gives samples, families and typings other row ids after a change of the key, in the order of their new pseudonyms.
//!
//! An import writes its rows in the order of pseudonyms. After a change of the key that is the order of the old ones: whoever has the
//! old key and a list of numbers, which the change is to keep out, would read off who is who.

use rusqlite::Transaction;

/// Gives everything its place. The caller renews what depends on row ids.
pub(super) fn renumber(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    // Until all of them are written, some rows refer to what has another id already.
    tx.execute_batch(
        "PRAGMA defer_foreign_keys = ON; CREATE TEMP TABLE moved (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)",
    )?;
    let of_sample = [("member", "sample_id"), ("many_alleles", "sample_id"), ("typing", "sample_id")];
    let of_family = [("member", "family_id"), ("pedigree", "family_id"), ("mark", "family_id")];
    renumber_table(tx, "sample", "pseudonym", &of_sample)?;
    renumber_table(tx, "family", "pseudonym", &of_family)?;
    // Typings of one sample stay in the order in which they came.
    renumber_table(tx, "typing", "sample_id, id", &[])?;
    // From the first on: those of an import are together no more. Nobody asks for what came before the change.
    tx.execute_batch("UPDATE import SET first_sample = 1; DROP TABLE moved")
}

/// Numbers the rows of a table from 1 in an order, and what refers to them with these columns.
fn renumber_table(tx: &Transaction<'_>, table: &str, order: &str, referring: &[(&str, &str)]) -> rusqlite::Result<()> {
    tx.execute_batch(&format!(
        "DELETE FROM moved; INSERT INTO moved SELECT id, row_number() OVER (ORDER BY {order}) FROM {table}"
    ))?;
    for (table, column) in [(table, "id")].iter().chain(referring) {
        // Below zero first, where nothing is in the way.
        tx.execute_batch(&format!(
            "UPDATE {table} SET {column} = -(SELECT new FROM moved WHERE old = {table}.{column});
             UPDATE {table} SET {column} = -{column}"
        ))?;
    }
    Ok(())
}
