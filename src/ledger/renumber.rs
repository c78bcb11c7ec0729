//! Gives samples, families and typings new row ids after a change of the key, in the order of their new pseudonyms.
//!
//! An import writes its rows in the order of pseudonyms. After a change of the key, the row ids would still show the
//! order of the old pseudonyms. A person with the old key and a list of identity numbers could then find out who is
//! who, which the change of the key must prevent.

use rusqlite::Transaction;

/// Renumbers all rows. The caller must renew the values that depend on row ids.
pub(super) fn renumber(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    // Until all rows are written, some rows refer to ids that already changed.
    tx.execute_batch(
        "PRAGMA defer_foreign_keys = ON; CREATE TEMP TABLE moved (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)",
    )?;
    let of_sample = [("member", "sample_id"), ("many_alleles", "sample_id"), ("typing", "sample_id")];
    let of_family =
        [("member", "family_id"), ("pedigree", "family_id"), ("mark", "family_id"), ("letter", "family_id")];
    renumber_table(tx, "sample", "pseudonym", &of_sample)?;
    renumber_table(tx, "family", "pseudonym", &of_family)?;
    // Typings of one sample stay in the order of their import.
    renumber_table(tx, "typing", "sample_id, id", &[])?;
    // The column becomes 1 everywhere, because the samples of an import are no longer adjacent. Nobody asks for changes
    // before the change of the key.
    tx.execute_batch("UPDATE import SET first_sample = 1; DROP TABLE moved")
}

/// Numbers the rows of a table from 1 in this order, and updates these columns of other tables that refer to them.
fn renumber_table(tx: &Transaction<'_>, table: &str, order: &str, referring: &[(&str, &str)]) -> rusqlite::Result<()> {
    tx.execute_batch(&format!(
        "DELETE FROM moved; INSERT INTO moved SELECT id, row_number() OVER (ORDER BY {order}) FROM {table}"
    ))?;
    for (table, column) in [(table, "id")].iter().chain(referring) {
        // The ids are negative at first, so that they do not conflict with ids in use.
        tx.execute_batch(&format!(
            "UPDATE {table} SET {column} = -(SELECT new FROM moved WHERE old = {table}.{column});
             UPDATE {table} SET {column} = -{column}"
        ))?;
    }
    Ok(())
}
