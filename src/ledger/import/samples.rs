//! Writes the samples of a batch.

use std::sync::mpsc::sync_channel;
use std::thread;

use rusqlite::{Statement, Transaction, named_params};

use super::plan::{Action, Plan};
use super::stored::{Encoder, role};
use crate::ledger::checksum::Sum;
use crate::ledger::described::checksum_of;
use crate::ledger::keys::key_id;
use crate::ledger::multi_allele::ManyOfSamples;
use crate::ledger::{Batch, LedgerError};
use crate::model::{DropOut, Layout, Pseudonym, SampleRecord};

/// Number of rows that are encoded together, and number of these blocks that encoding may be ahead of writing.
const BLOCK: usize = 1024;
const BLOCKS_AHEAD: usize = 4;

/// Number of rows that one statement inserts: setting up a statement takes as long as writing one row.
const TOGETHER: usize = 256;

/// Result of writing the samples of a batch.
pub(super) struct WrittenSamples {
    /// The id of each row's sample; 0 for rows that are ignored.
    pub(super) ids: Vec<i64>,
    /// Number of new samples.
    pub(super) new: i64,
}

/// Encoded profiles of some rows, and for each row its sample, its position, the end of its profile, and the checksum of
/// what it has besides the profile.
type Block = (Vec<u8>, Vec<(Pseudonym, usize, usize, Sum)>);

/// Writes the samples of the rows that are not ignored. `sealed` is the file of the vault that holds the identifiers of
/// new ones.
///
/// The order is that of the pseudonyms, so that the unique index grows at its end instead of at random places. The rows
/// are in another order, and fetching one takes longer than encoding it, so another thread fetches and encodes ahead.
pub(super) fn write(
    tx: &Transaction<'_>,
    batch: &Batch,
    encoder: &Encoder,
    plan: &Plan,
    import: i64,
    sealed: Option<i64>,
) -> Result<WrittenSamples, LedgerError> {
    let mut writer = Writer::new(tx, batch, encoder, plan, import, sealed)?;
    let first = writer.next;
    let encode = |rows: &[(Pseudonym, u64, usize)]| -> Block {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
        for &(sample, _, i) in rows.iter().filter(|&&(_, _, i)| !plan.aside[i]) {
            let mut sum = Sum::default();
            if matches!(plan.samples[i], Action::Insert | Action::Replace { .. }) {
                encoder.encode(&batch.rows[i], &mut bytes);
                sum = checksum_of(&batch.rows[i], role(batch.layout));
            }
            ends.push((sample, i, bytes.len(), sum));
        }
        (bytes, ends)
    };
    let (sender, blocks) = sync_channel(BLOCKS_AHEAD);
    thread::scope(|scope| {
        // If the receiver is gone, an error has ended the writing.
        let send = move || plan.order.chunks(BLOCK).try_for_each(|block| sender.send(encode(block)));
        if thread::Builder::new().spawn_scoped(scope, send).is_err() {
            // If there is no memory for a thread, this thread encodes and writes in turn.
            return plan.order.chunks(BLOCK).try_for_each(|block| writer.write(&encode(block)));
        }
        blocks.into_iter().try_for_each(|block| writer.write(&block))
    })?;
    Ok(WrittenSamples { new: writer.next - first, ids: writer.ids })
}

struct Writer<'a> {
    batch: &'a Batch,
    encoder: &'a Encoder,
    plan: &'a Plan,
    import: i64,
    insert_one: Insert<'a>,
    insert_several: Insert<'a>,
    update: Statement<'a>,
    many: ManyOfSamples<'a>,
    /// The id of the next new sample.
    next: i64,
    /// The sample of the previous row, and its id.
    last: Option<(Pseudonym, i64)>,
    ids: Vec<i64>,
}

impl<'a> Writer<'a> {
    fn new(
        tx: &'a Transaction<'_>,
        batch: &'a Batch,
        encoder: &'a Encoder,
        plan: &'a Plan,
        import: i64,
        sealed: Option<i64>,
    ) -> Result<Self, LedgerError> {
        let insert = |rows: usize| -> Result<_, LedgerError> {
            let mut statement = tx.prepare(&insert(rows))?;
            // These values stay bound from one execution to the next.
            statement.raw_bind_parameter(1, role(batch.layout))?;
            statement.raw_bind_parameter(2, import)?;
            statement.raw_bind_parameter(3, key_id(tx)?)?;
            statement.raw_bind_parameter(4, sealed.filter(|_| batch.layout == Layout::Children))?;
            Ok(Insert { statement, lacking: true })
        };
        Ok(Self {
            batch,
            encoder,
            plan,
            import,
            insert_one: insert(1)?,
            insert_several: insert(TOGETHER)?,
            update: tx.prepare(
                "UPDATE sample SET sex = :sex, profile = :profile, agency = :agency, region = :region, kit = :kit,
                 collected_on = :collected_on, changed = :import, drop_out = :drop_out, sum = :sum WHERE id = :id",
            )?,
            many: ManyOfSamples::new(tx)?,
            next: tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM sample", [], |row| row.get(0))?,
            last: None,
            ids: vec![0; batch.rows.len()],
        })
    }

    fn write(&mut self, (bytes, ends): &Block) -> Result<(), LedgerError> {
        let mut new = Vec::with_capacity(ends.len());
        let mut with_many = Vec::new();
        let mut start = 0;
        for &(sample, i, end, sum) in ends {
            let (row, blob) = (&self.batch.rows[i], &bytes[start..end]);
            start = end;
            if let Some((_, id)) = self.last.filter(|&(written, _)| written == sample) {
                self.ids[i] = id;
                continue;
            }
            let id = match self.plan.samples[i] {
                // Typings are written afterwards.
                Action::None(id) | Action::Add { id, .. } => id,
                Action::Insert => {
                    new.push((self.next, row, blob, sum));
                    if !row.many.is_empty() {
                        with_many.push((self.next, row));
                    }
                    self.next += 1;
                    self.next - 1
                }
                Action::Replace { id, .. } => {
                    self.update.execute(named_params! {
                        ":sex": row.sex.word(), ":profile": blob, ":agency": row.agency.as_deref(),
                        ":region": row.region.as_deref(), ":kit": row.kit.as_deref(),
                        ":collected_on": row.collected_on.map(|day| day.to_string()), ":import": self.import, ":id": id,
                        ":drop_out": row.drop_out.map(DropOut::get), ":sum": sum,
                    })?;
                    self.many.write(id, row, false, |at| self.encoder.id(at))?;
                    id
                }
            };
            self.ids[i] = id;
            self.last = Some((sample, id));
        }
        let (several, few) = new.as_chunks::<TOGETHER>();
        several.iter().try_for_each(|rows| execute(&mut self.insert_several, rows))?;
        few.iter().try_for_each(|row| execute(&mut self.insert_one, std::slice::from_ref(row)))?;
        with_many.iter().try_for_each(|(id, row)| self.many.write(*id, row, true, |at| self.encoder.id(at)))
    }
}

/// Returns the statement that inserts this number of samples. Parameters: role, import, key and sealed file; then those
/// of each row, in the order in which [`execute`] binds them.
fn insert(rows: usize) -> String {
    let values: Vec<String> = (0..rows)
        .map(|row| {
            let [id, pseudonym, sex, profile, sum, agency, region, kit, day, drop_out] =
                std::array::from_fn(|at| FIRST + row * OF_ROW + at);
            format!(
                "(?{id}, ?{pseudonym}, ?1, ?{sex}, ?{profile}, ?{agency}, ?{region}, ?{kit}, ?{day}, ?2, ?{drop_out}, ?3, ?4, ?{sum})"
            )
        })
        .collect();
    format!(
        "INSERT INTO sample (id, pseudonym, role, sex, profile, agency, region, kit, collected_on, import_id, drop_out,
                             key_id, sealed_id, sum) VALUES {}",
        values.join(", ")
    )
}

/// Number of parameters per row, and number of the first one.
const OF_ROW: usize = 10;
const FIRST: usize = 5;

/// A statement that inserts samples. `lacking` is set if no row bound so far had one of the values that most files
/// lack: an unbound value stays null from one execution to the next.
struct Insert<'a> {
    statement: Statement<'a>,
    lacking: bool,
}

fn execute(
    Insert { statement, lacking }: &mut Insert<'_>,
    rows: &[(i64, &SampleRecord, &[u8], Sum)],
) -> Result<(), LedgerError> {
    for (at, &(id, row, blob, sum)) in (FIRST..).step_by(OF_ROW).zip(rows) {
        statement.raw_bind_parameter(at, id)?;
        statement.raw_bind_parameter(at + 1, row.sample.as_bytes())?;
        statement.raw_bind_parameter(at + 2, row.sex.word())?;
        statement.raw_bind_parameter(at + 3, blob)?;
        statement.raw_bind_parameter(at + 4, sum)?;
        let has_none = row.agency.is_none()
            && row.region.is_none()
            && row.kit.is_none()
            && row.collected_on.is_none()
            && row.drop_out.is_none();
        if *lacking && has_none {
            continue;
        }
        *lacking = false;
        statement.raw_bind_parameter(at + 5, row.agency.as_deref())?;
        statement.raw_bind_parameter(at + 6, row.region.as_deref())?;
        statement.raw_bind_parameter(at + 7, row.kit.as_deref())?;
        statement.raw_bind_parameter(at + 8, row.collected_on.map(|day| day.to_string()))?;
        statement.raw_bind_parameter(at + 9, row.drop_out.map(DropOut::get))?;
    }
    statement.raw_execute()?;
    Ok(())
}
