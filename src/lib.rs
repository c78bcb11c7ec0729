//! Reunite: kinship search for missing children.
//!
//! Forensic laboratories type the relatives of missing children and children of unknown origin at some twenty STR
//! loci. Reunite says who may belong together: for every family and every child it gives the likelihood ratio of "this
//! is the family's missing child" against "this child is unrelated", exactly, and loses no pair that reaches the
//! threshold.
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
//! # Own frequencies and an own model
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
//! The feature `cli` (on by default) builds the program. Without it the library needs none of the command line's packages:
//! `reunite = { version = "0.1", default-features = false }`. `xlsx` (on by default) reads Excel workbooks, `sqlcipher`
//! encrypts the ledger. Versions follow SemVer: below 1.0 a minor version may change the library's names, and the changelog says which;
//! files of a store, and the machine-readable output, are read by every later version. The oldest Rust that builds it is
//! in `Cargo.toml` (`rust-version`), and is raised in a minor version only.
//!
//! # The house
//!
//! Data flows one way, through rooms that import only what the table allows:
//!
//! files -> `intake` -> `ledger` -> `index` -> `screen` -> score -> rank (`matching`) -> `ledger` -> `report`
//!
//! | room | owns | may import |
//! |---|---|---|
//! | `model` | locus, allele, genotype, profile, panel, pedigree, relation, kinds of findings; no I/O | nothing |
//! | `files` | opens the files of a store, links not followed, and keeps their modes | nothing |
//! | `population` | allele frequencies, the floor for unlisted alleles, mutation models | model |
//! | `kinship` | exact likelihoods; pure: no I/O, threads, clock | model, population |
//! | `consistency` | relatives of one family held against each other; pure | model, population, kinship |
//! | `pseudonym` | the secret key and keyed hashes; with intake, the only place that sees an original identifier | model, files |
//! | `intake` | one file per input format, diagnostics per row | model, pseudonym, population (frequency tables) |
//! | `audit` | who did what and why: records in a hash chain, signed checkpoints | model, pseudonym (key files only) |
//! | `ledger` | SQLite, the one source of truth; the only user of rusqlite | model, audit, files |
//! | `index` | the children index in one piece of memory, always rebuildable; the only user of memmap2 | model, files |
//! | `screen` | bit-sliced kernel, and the plan that makes it lossless | model, index, kinship (tables only) |
//! | `matching` | compile, screen, score, rank, digest; rayon lives here, and in what large files pass through | model, population, kinship, index, screen |
//! | `planning` | what a family can show, and whom to sample next | model, population, kinship |
//! | `quality` | what is unusual in the profiles of a file: range, homozygosity, frequencies; pure | model, population |
//! | `report` | tables, CSV, JSON, files for other programs | model, population, consistency, intake (findings), kinship (result types), matching, planning |
//! | `synthesis` | synthetic populations with known truth | model, population |
//! | `store` | what a laboratory does with its store, as library calls; no printing | model, files, population, kinship, consistency, pseudonym, intake, audit, ledger, index, screen, matching, planning, quality, report |
//! | `cli` | arguments, output, progress and advice; one file per command; the only place that prints | all |
//!
//! `tests/it/house.rs` holds the code to this table.

pub mod audit;
#[cfg(feature = "cli")]
pub mod cli;
pub mod consistency;
pub mod files;
pub mod index;
pub mod intake;
pub mod kinship;
pub mod ledger;
pub mod matching;
pub mod model;
pub mod planning;
pub mod population;
pub mod pseudonym;
pub mod quality;
pub mod report;
pub mod screen;
pub mod store;
pub mod synthesis;
