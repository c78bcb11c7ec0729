//! Reunite: kinship search for missing children.
//!
//! Forensic laboratories type the relatives of missing children and children of unknown origin at some twenty STR
//! loci. Reunite finds families and children who may belong together. For every family and every child it computes the
//! exact likelihood ratio of "this is the family's missing child" against "this child is unrelated", and it misses no
//! pair that reaches the threshold.
//!
//! # The likelihood ratio of one pair
//!
//! ```
//! use reunite::kinship::Calculator;
//! use reunite::matching::explain;
//! use reunite::model::{Child, Family, Genotype, Profile, Pseudonym, Relation, Relative};
//! use reunite::population::{FrequencyTable, Model};
//!
//! // 23 loci, Chinese Han; stepwise mutation.
//! let table = FrequencyTable::chinese_han_23();
//! let calculator = Calculator::new(table, Model::default())?;
//! // A profile has one genotype per locus of the panel, or `None` where it is untyped.
//! let profile = |typed: &[(&str, &str)]| -> Result<Profile, Box<dyn std::error::Error>> {
//!     let mut genotypes = vec![None; table.panel().len()];
//!     for (locus, genotype) in typed {
//!         let position = table.panel().position(&locus.parse()?).ok_or("a locus of the panel")?;
//!         genotypes[position] = Some(genotype.parse::<Genotype>()?);
//!     }
//!     Ok(Profile::new(genotypes))
//! };
//! let mother = profile(&[("D3S1358", "15/16"), ("vWA", "14/17"), ("FGA", "22/24")])?;
//! let child = profile(&[("D3S1358", "16/17"), ("vWA", "14/18"), ("FGA", "24/25")])?;
//!
//! let family = Family {
//!     pseudonym: Pseudonym::from_bytes([1; 16]),
//!     relatives: vec![Relative {
//!         sample: Pseudonym::from_bytes([2; 16]),
//!         relation: Relation::Mother,
//!         profile: mother,
//!         drop_out: None,
//!     }],
//!     pedigree: None,
//! };
//! let child = Child { pseudonym: Pseudonym::from_bytes([3; 16]), profile: child, drop_out: None };
//! let explained = explain(&calculator, &family, &child, None).map_err(|error| error.reason)?;
//! assert_eq!(explained.loci_compared, 3);
//! // Three loci at which common alleles are shared say next to nothing: the likelihood ratio is 1.1.
//! assert!((explained.log10_lr - 0.043).abs() < 0.001);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Import and match in a store
//!
//! ```
//! use reunite::audit::Attribution;
//! use reunite::model::Layout;
//! use reunite::store::{self, Frequencies, MatchOptions, NewStore, Settings, Silent, Store};
//!
//! let folder = tempfile::tempdir()?;
//! let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
//! // Real stores have a key of their own: `NewStore { key: Some(key), .. }`.
//! let new = NewStore::new(&frequencies, &settings).for_invented_people();
//! let store = Store::create(&folder.path().join("store"), &new)?;
//!
//! let entry = store::entry("example", Some("to see it work"));
//! let families = "family_id,sample_id,relation,sex,D3S1358,vWA,FGA,D8S1179,D21S11,D18S51\n\
//!                 F1,S1,father,male,15/16,14/17,22/24,10/13,29/30,13/15\n\
//!                 F1,S2,mother,female,15/17,16/18,21/23,12/14,31/32.2,14/16\n";
//! let children = "sample_id,sex,D3S1358,vWA,FGA,D8S1179,D21S11,D18S51\n\
//!                 C1,female,16/17,14/18,21/24,13/14,30/32.2,15/16\n\
//!                 C2,male,14/18,15/19,20/26,11/15,28/33.2,12/20\n";
//! store.import_sound_text("families.csv", families, Layout::Families, (&entry).into())?;
//! store.import_sound_text("children.csv", children, Layout::Children, (&entry).into())?;
//! // Files go in with `store.import(&paths, &options, &entry, &observer)`, which reports each of them.
//!
//! // Six loci do not reach 10,000, the threshold of the store.
//! let mut options = MatchOptions::new(&store);
//! options.criterion.min_log10_lr = 2.0;
//! let matched = store.match_all(&options, &entry, &Silent)?;
//! let candidates = &matched.report.candidates;
//! assert_eq!(candidates.len(), 1);
//! assert_eq!((candidates[0].loci_compared, candidates[0].incompatible_loci), (6, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Custom frequencies and a custom model
//!
//! ```
//! use reunite::kinship::{Calculator, Evidence};
//! use reunite::model::Relation;
//! use reunite::population::{Floor, FrequencyTable, LocusFrequencies, Model, Mutation};
//!
//! let frequencies = LocusFrequencies::new([("14".parse()?, 0.1), ("15".parse()?, 0.9)], Some(200), None)?;
//! let table = FrequencyTable::new([("vWA".parse()?, frequencies)])?;
//! let model = Model { mutation: Mutation::None, floor: Floor::Refuse, ..Model::default() };
//! let calculator = Calculator::new(&table, model)?;
//!
//! // A mother 14/14 hands on 14, the unknown father 15 with its frequency: 0.9 against 2 x 0.1 x 0.9.
//! let mother = Evidence::new([(Relation::Mother, Some("14/14".parse()?))], calculator.model().convention);
//! let log10_lr = calculator.log10_lr(0, &mother, Some("14/15".parse()?))?;
//! assert!((log10_lr - 5f64.log10()).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features and stability
//!
//! The feature `cli` (on by default) builds the program. Without it, the library does not depend on the packages of the
//! command line: `reunite = { version = "0.1", default-features = false }`. The feature `xlsx` (on by default) reads
//! Excel workbooks, and `sqlcipher` encrypts the ledger. The feature `serve` (on by default) serves pages to browsers. Versions follow SemVer: below 1.0 a minor version may change
//! names in the library, and the changelog lists them. Every later version reads the files of a store and the
//! machine-readable output. `Cargo.toml` (`rust-version`) states the oldest supported version of Rust; only a minor
//! version may raise it.
//!
//! # Structure of the code
//!
//! Data flows in one direction through the top-level modules ("rooms"). A room imports only what the table allows:
//!
//! files -> `intake` -> `ledger` -> `index` -> `screen` -> score -> rank (`matching`) -> `ledger` -> `report`
//!
//! | room | owns | may import |
//! |---|---|---|
//! | `model` | locus, allele, genotype, profile, panel, pedigree, relation, kinds of findings; no I/O | nothing |
//! | `words` | the Chinese of texts, by a catalogue with the English ones as its keys; wraps lines | model |
//! | `files` | opens the files of a store without following links, and keeps their modes | nothing |
//! | `population` | allele frequencies, the floor for unlisted alleles, mutation models | model |
//! | `kinship` | exact likelihoods; pure: no I/O, threads, clock | model, population |
//! | `consistency` | checks of the relatives of one family against each other; pure | model, population, kinship |
//! | `pseudonym` | the secret key and keyed hashes, which turn original identifiers into pseudonyms | model, files |
//! | `intake` | readers of the input formats, with findings for each row | model, pseudonym, certificates, facts, keeping, population (frequency tables) |
//! | `audit` | records of who did what and why, in a hash chain with signed checkpoints | model, pseudonym (key files only) |
//! | `certificates` | checks of birth certificates: numbers, claims, the codes of answers; pure | model |
//! | `exchange` | packages between agencies: signed, sealed, numbered; no store | model, facts, keeping, pseudonym |
//! | `facts` | what people state of found and missing children, how it compares, and what sex and age weigh; pure | model |
//! | `keeping` | how long and for what a sample may be kept: legal basis, purposes, consent, what is due; pure | model |
//! | `review` | the states of a pair that two people review, what they sign, what is due; pure | model, audit (reviewers' public keys) |
//! | `ledger` | the SQLite database, the only source of truth; the only user of rusqlite | model, audit, files, review, certificates, facts, keeping |
//! | `index` | indices of children and families, which can always be rebuilt; the only user of memmap2 | model, files |
//! | `screen` | the bit-sliced kernel, and the plan by which it loses no candidate | model, index, kinship (tables only) |
//! | `matching` | compilation, screening, scoring, ranking and the digest of results, in several threads | model, population, kinship, index, screen |
//! | `cluster` | runs in tiles on other machines: plan, families and children without names, shards, scripts; no store | model, files, population, kinship, index, matching |
//! | `meaning` | what a candidate's number means: chance hits, posterior, rivals, classes, assignment; pure | model, population, kinship, matching |
//! | `supervision` | counts for supervisors, with small numbers hidden; pure | meaning, model |
//! | `planning` | the power of a family, and whom to sample next | model, population, kinship |
//! | `quality` | checks for unusual profiles in a file: range, homozygosity, frequencies; pure | model, population |
//! | `report` | output as tables, CSV, JSON and files for other programs | model, certificates, exchange (hits), facts, keeping, population, consistency, intake (findings), kinship (result types), matching, meaning, planning, review, supervision, validation, words |
//! | `pages` | pages to hand over, as HTML in Chinese and English, with drawings; no I/O but a laboratory's own templates | model, kinship (names), matching, meaning, facts (words), report, review (words) |
//! | `synthesis` | synthetic populations with known truth | model, population |
//! | `validation` | simulations with known truth, and measures of calibration | model, population, kinship, index, matching, meaning, synthesis, facts |
//! | `store` | the operations of a laboratory on its store, as library calls; no printing | model, exchange, files, population, kinship, consistency, pseudonym, intake, audit, certificates, facts, keeping, review, ledger, index, screen, matching, cluster, meaning, planning, quality, supervision, validation, report, pages |
//! | `guide` | the pages for users, as documentation | nothing |
//! | `page` | the pages that the program serves to browsers on this machine; the only room that listens | audit, intake (options), ledger (a connection that stays open), matching, model, pages, pseudonym, report, review, store, supervision, words |
//! | `cli` | arguments, output, progress and advice; one file per command; the only room that prints | all |
//!
//! The test `tests/it/house.rs` enforces this table.

pub mod audit;
pub mod certificates;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod consistency;
pub mod exchange;
pub mod facts;
pub mod files;
#[cfg(doc)]
pub mod guide;
pub mod index;
pub mod intake;
pub mod keeping;
pub mod kinship;
pub mod ledger;
pub mod matching;
pub mod meaning;
pub mod model;
#[cfg(feature = "serve")]
pub mod page;
pub mod pages;
pub mod planning;
pub mod population;
pub mod pseudonym;
pub mod quality;
pub mod report;
pub mod review;
pub mod screen;
pub mod store;
pub mod supervision;
pub mod synthesis;
pub mod validation;
pub mod words;
