//! Replaces the frequency table of a store, and keeps the tables of other populations.

use std::fs;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::model::Locus;
use crate::population::FrequencyTable;

use super::frequencies::Frequencies;
use crate::store::configuration::config::{CONFIG, Config, PopulationConfig};
use crate::store::error::{FileAction, StoreError};
use crate::store::folder::{Store, kept_table, read_config};
use crate::store::output::write::{flush, write_over};

/// A frequency table that a store keeps.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeptTable {
    /// The population; `None` for the store's own table.
    pub population: Option<String>,
    /// The table, with all loci of its file.
    pub table: FrequencyTable,
}

/// The result of replacing a store's table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableExchange {
    /// Digest of the earlier table.
    pub before: [u8; 32],
    /// Digest of the new table.
    pub after: [u8; 32],
    /// Loci that are new in the panel. Samples of the store are untyped there until their files are imported again.
    pub gained: Vec<Locus>,
    /// Loci that are no longer in the panel. Their genotypes stay in the ledger but are not used.
    pub lost: Vec<Locus>,
}

impl Store {
    /// Replaces the store's frequency table, and records the change with its reason. The next match compares
    /// everything, because a run depends on the table. Open the store again to use the new table.
    ///
    /// The new table's loci become the panel. If loci of the panel would be lost, the change is refused, unless
    /// `without_loci` is set or nothing was imported yet. The model does not change.
    ///
    /// ```
    /// use reunite::store::{self, *};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
    /// let new = NewStore::new(&frequencies, &settings).for_invented_people();
    /// let store = Store::create(&folder.path().join("store"), &new)?;
    ///
    /// let path = folder.path().join("table.csv");
    /// std::fs::write(&path, "Allele,vWA,FGA\n14,0.4,\n15,0.6,\n22,,1\nN,500,500\n")?;
    /// let exchange = store.set_frequencies(&Frequencies::read(&path)?, false, &store::entry("set", Some("new census")))?;
    /// assert_eq!(exchange.lost.len(), 21);
    /// assert_eq!(Store::open(store.dir(), None)?.table().digest(), exchange.after);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`], [`StoreError::LociLost`], [`StoreError::PopulationLacks`], [`StoreError::Model`];
    /// [`StoreError`]. The store keeps its earlier table then.
    pub fn set_frequencies(
        &self,
        frequencies: &Frequencies,
        without_loci: bool,
        entry: &Entry,
    ) -> Result<TableExchange, StoreError> {
        require_reason(entry)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let mut config = read_config(self.dir())?;
        let former = kept_table(self.dir(), &config.frequencies.file, &config.frequencies.digest)?;
        let table = &frequencies.table;
        let others = |of: &FrequencyTable, than: &FrequencyTable| -> Vec<Locus> {
            of.panel().loci().iter().filter(|locus| than.panel().position(locus).is_none()).cloned().collect()
        };
        let (gained, lost) = (others(table, &former), others(&former, table));
        let is_empty =
            ledger.children_imported()? == 0 && ledger.families_matched()? == 0 && ledger.withdrawn()?.is_empty();
        if !lost.is_empty() && !without_loci && !is_empty {
            return Err(StoreError::LociLost(lost));
        }
        self.settings().calculator(table)?;
        for one in &config.frequencies.populations {
            kept_table(self.dir(), &one.file, &one.digest)?
                .of_panel(table.panel())
                .map_err(|loci| StoreError::PopulationLacks { name: one.name.clone(), loci })?;
        }
        let exchange = TableExchange { before: former.digest(), after: table.digest(), gained, lost };
        let (file, digest) = self.keep(frequencies)?;
        let names = |loci: &[Locus]| loci.iter().map(|locus| locus.name().to_owned()).collect::<Vec<_>>();
        // The record comes first, so that no change is missing from the audit chain.
        ledger.append(
            &entry
                .clone()
                .with_digest("frequencies_before", &exchange.before)
                .with_digest("frequencies", &exchange.after)
                .with("loci", table.panel().len())
                .with("loci_gained", names(&exchange.gained))
                .with("loci_lost", names(&exchange.lost)),
        )?;
        (config.frequencies.file, config.frequencies.digest) = (file, digest);
        self.write_config(&config)?;
        // The indices depend on the earlier table; the next operation that needs them builds them again.
        self.remove_index()?;
        Ok(exchange)
    }

    /// Adds the table of another population under a name, or replaces the table of that name, and records the change
    /// with its reason. [`Self::with_population`] computes with the table. Loci outside the panel are kept but not
    /// used.
    ///
    /// ```
    /// use reunite::store::{self, *};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
    /// let new = NewStore::new(&frequencies, &settings).for_invented_people();
    /// let store = Store::create(&folder.path().join("store"), &new)?;
    /// store.add_frequencies("Han 2", &frequencies, &store::entry("add", Some("a second table")))?;
    /// let store = Store::open(store.dir(), None)?;
    /// assert_eq!(store.tables()?.len(), 2);
    /// assert_eq!(store.with_population("Han 2")?.population(), Some("Han 2"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`], [`StoreError::PopulationName`], [`StoreError::PopulationLacks`], [`StoreError::Model`];
    /// [`StoreError`].
    pub fn add_frequencies(&self, name: &str, frequencies: &Frequencies, entry: &Entry) -> Result<(), StoreError> {
        require_reason(entry)?;
        let letters = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let sound = (1..=40).contains(&name.chars().count()) && name.chars().all(letters) && name.trim() == name;
        if !sound {
            return Err(StoreError::PopulationName);
        }
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let mut config = read_config(self.dir())?;
        let main = kept_table(self.dir(), &config.frequencies.file, &config.frequencies.digest)?;
        let used = frequencies
            .table
            .of_panel(main.panel())
            .map_err(|loci| StoreError::PopulationLacks { name: name.to_owned(), loci })?;
        self.settings().calculator(&used)?;
        let (file, digest) = self.keep(frequencies)?;
        let former = config.frequencies.populations.iter().position(|one| one.name == name);
        let mut entry = entry.clone().with("population", name).with_digest("frequencies", &frequencies.table.digest());
        if let Some(at) = former {
            entry = entry.with("frequencies_before", config.frequencies.populations.remove(at).digest);
        }
        ledger.append(&entry)?;
        config.frequencies.populations.push(PopulationConfig { name: name.to_owned(), file, digest });
        self.write_config(&config)
    }

    /// Lists the store's tables: its own, then those of other populations in the order in which they were added.
    ///
    /// ```
    /// # use reunite::store::*;
    /// # let folder = tempfile::tempdir()?;
    /// # let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
    /// # let new = NewStore::new(&frequencies, &settings).for_invented_people();
    /// # let store = Store::create(&folder.path().join("store"), &new)?;
    /// let tables = store.tables()?;
    /// assert_eq!((tables.len(), tables[0].population.as_deref(), tables[0].table.panel().len()), (1, None, 23));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if one of them was changed.
    pub fn tables(&self) -> Result<Vec<KeptTable>, StoreError> {
        let own = read_config(self.dir())?.frequencies;
        let mut tables = vec![KeptTable { population: None, table: kept_table(self.dir(), &own.file, &own.digest)? }];
        for one in own.populations {
            let table = kept_table(self.dir(), &one.file, &one.digest)?;
            tables.push(KeptTable { population: Some(one.name), table });
        }
        Ok(tables)
    }

    /// Writes a table beside the others, unless it exists already. Returns its file and digest. Unused tables are kept,
    /// because earlier results depend on them.
    fn keep(&self, frequencies: &Frequencies) -> Result<(String, String), StoreError> {
        let digest = HEXLOWER.encode(&frequencies.table.digest());
        let file = format!("frequencies-{}.csv", &digest[..16]);
        let path = self.dir().join(&file);
        if kept_table(self.dir(), &file, &digest).is_err() {
            if path.exists() {
                // Remove an incomplete file of an interrupted command.
                fs::remove_file(&path).map_err(|source| StoreError::io(FileAction::Remove, &path, source))?;
            }
            write_over(&path, frequencies.text.as_bytes())?;
            flush(self.dir()).map_err(|source| StoreError::io(FileAction::Flush, self.dir(), source))?;
        }
        Ok((file, digest))
    }

    fn write_config(&self, config: &Config) -> Result<(), StoreError> {
        write_over(&self.dir().join(CONFIG), toml::to_string(config)?.as_bytes())
    }
}

fn require_reason(entry: &Entry) -> Result<(), StoreError> {
    if entry.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(StoreError::ReasonNeeded);
    }
    Ok(())
}
