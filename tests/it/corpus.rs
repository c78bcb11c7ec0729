//! Every reader reads the seeds of its fuzz target, so that the seeds remain what their names say.

#[allow(unreachable_pub, reason = "the fuzz targets use the same file as a library")]
#[path = "../fuzz/readers.rs"]
pub(crate) mod readers;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reunite::cluster::{Column, Plan, PlanFile, RowWriter, TileOptions, column_of, run_tile};
use reunite::index::{Access, Binding, Builder, FamilyBinding, FamilyHead, FamilyRecord, FamilyWriter, Index};
use reunite::intake::{Format, Layout, Request, read_bytes};
use reunite::matching::Watch;
use reunite::model::{Child, DropOut, Family, Member, Pedigree, Profile, Pseudonym, Relation, Relative};
use reunite::population::FrequencyTable;
use reunite::pseudonym::{Pseudonymizer, SecretKey};
use zerocopy::byteorder::little_endian::{F32, F64};

/// Reads everything in some bytes; `true` if they are valid.
type Opens = fn(&[u8]) -> bool;
type Seal = fn(&[u8]) -> Vec<u8>;

pub(crate) fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Returns the seeds of a target. Seeds have names with an extension; files that fuzzing adds have digests for names
/// and are not kept.
pub(crate) fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(target);
    let named = |name: &String| name.contains('.');
    names(&folder).into_iter().filter(named).map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

/// Makes an index of a few children: typed, untyped, with an unlisted allele and with a drop-out probability.
fn index() -> Vec<u8> {
    let table = FrequencyTable::chinese_han_23();
    let loci = table.panel().loci().iter().zip(table.loci()).take(2);
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    for number in 0..6 {
        let genotypes = vec!["15/16".parse().ok().filter(|_| number != 2), "14/99".parse().ok().filter(|_| number > 3)];
        builder.push(Child {
            pseudonym: Pseudonym::from_bytes([number; 16]),
            profile: Profile::new(genotypes),
            drop_out: DropOut::new(0.1).filter(|_| number == 5),
        });
    }
    builder.finish(&Binding { alleles: [1; 32], stamp: [2; 16], generation: 3 }).unwrap()
}

/// Makes a families index of two parts, with two families and one.
fn families_index() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let binding = FamilyBinding { basis: [1; 32], stamp: [2; 16], generation: 3 };
    let mut writer = FamilyWriter::new(folder.path(), &binding, 2).unwrap();
    for families in [2, 1] {
        let mut records = Vec::new();
        for number in 0..families {
            let head = FamilyHead {
                pseudonym: [number; 16],
                room: F64::new(2.5),
                units: F64::new(16.0),
                start: 7,
                rest: [0; 7],
            };
            let gaps = [F32::new(1.0); 2];
            FamilyRecord { head: &head, gaps: &gaps, weights: &[9; 128] }.write(&mut records);
        }
        writer.append(&records).unwrap();
    }
    let path = folder.path().join("families.idx");
    writer.finish(&path).unwrap();
    fs::read(path).unwrap()
}

/// Makes the files of a run in tiles: a plan, a page of families, and a shard, of six families and six children.
fn cluster() -> [(&'static str, Vec<u8>); 3] {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    Plan::folders(folder).iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let mut planned = readers::planned(6, 6);
    let table = FrequencyTable::from_csv(&planned.table).unwrap();
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    let profile = |cells: [&str; 2]| Profile::new(cells.iter().map(|cell| cell.parse().ok()).collect());
    for number in 0..6 {
        let cells = [["14/15", "22/23"], ["14", "22"], ["15", ""], ["14/99", "22"], ["15", "23"], ["14", "23"]];
        let pseudonym = Pseudonym::from_bytes([number; 16]);
        let drop_out = DropOut::new(0.1).filter(|_| number == 5);
        builder.push(Child { pseudonym, profile: profile(cells[usize::from(number)]), drop_out });
    }
    let binding = Binding { alleles: [0; 32], stamp: [0; 16], generation: 0 };
    let index = Index::from_bytes(&builder.finish(&binding).unwrap()).unwrap();
    let column = Plan::column_file(folder, 0);
    column_of(&index, &[0, 1, 2, 3, 4, 5], 0..1).write(&column, &binding).unwrap();
    planned.columns = vec![Column { children: 6, file: PlanFile::of(&column).unwrap() }];
    let row = Plan::row_file(folder, 0);
    let mut writer = RowWriter::create(&row, 0).unwrap();
    let couple = |father, mother| Member { father: Some(father), mother: Some(mother) };
    let members = [Member::default(), Member::default(), couple(0, 1)];
    let families: Vec<Family> = (0..6_u8)
        .map(|number| {
            let relations = if number == 3 { [Relation::Member; 2] } else { [Relation::Father, Relation::FullSibling] };
            let relative = |(at, relation)| Relative {
                sample: Pseudonym::from_bytes([10 + number * 2 + at as u8; 16]),
                relation,
                profile: profile([["14", "22"], ["14/15", "22/23"]][at]),
                drop_out: DropOut::new(0.2).filter(|_| number == 1),
            };
            let pedigree = (number == 3).then(|| Arc::new(Pedigree::from_members(&members, 2, &[0, 1]).unwrap()));
            let relatives = relations.into_iter().enumerate().map(relative).collect();
            Family { pseudonym: Pseudonym::from_bytes([number; 16]), relatives, pedigree }
        })
        .collect();
    writer.append(&families).unwrap();
    planned.rows = vec![writer.finish().unwrap()];
    Plan::write(folder, &planned).unwrap();
    let plan = Plan::read(folder).unwrap();
    let shards = Plan::shards(folder);
    let done = run_tile(&plan, 0, &TileOptions { shards: &shards, access: Access::Usual }, &Watch::default()).unwrap();
    assert!(done.candidates.unwrap() > 0);
    let shard = fs::read(shards.join("0.shard")).unwrap();
    [
        ("plan.bin", fs::read(folder.join("plan")).unwrap()),
        ("families.bin", fs::read(row).unwrap()),
        ("shard.bin", shard),
    ]
}

/// The seeds are files of this version of the program: after a change of the version, or of the layout, the message says
/// where fresh ones are.
#[test]
fn seeds_of_runs_in_tiles_are_of_this_version() {
    let folder = fuzz().join("corpus/cluster");
    let mut stale = Vec::new();
    for (name, fresh) in cluster() {
        assert!(readers::walk_cluster(&readers::sealed_cluster(&fresh)), "{name}");
        let kept = fs::read(folder.join(name)).unwrap_or_default();
        if !readers::walk_cluster(&readers::sealed_cluster(&kept)) {
            let at = std::env::temp_dir().join(name);
            fs::write(&at, &fresh).unwrap();
            stale.push(at);
        }
    }
    assert!(stale.is_empty(), "seeds are missing or of another version; fresh ones are {stale:?}");
}

#[test]
fn every_seed_is_read() {
    for (target, read) in readers::READERS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seed");
        for (name, bytes) in seeds {
            assert!(bytes.len() < 16 << 10, "{target}/{name} is too large for a seed");
            read(&bytes);
        }
    }
}

#[test]
fn every_reader_has_a_target_and_seeds() {
    let readers: BTreeSet<String> = readers::READERS.iter().map(|reader| reader.0.to_owned()).collect();
    assert_eq!(names(&fuzz().join("corpus")), readers);
    let targets = names(&fuzz().join("fuzz_targets"));
    assert_eq!(targets, readers.iter().map(|name| format!("{name}.rs")).collect());
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in readers {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is no target");
        let target = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("readers::{name}(bytes)")), "{name} reads something else");
    }
}

/// Checks the contents of the text seeds: a seed that is refused as a whole exercises nothing behind the refusal.
#[test]
fn usual_files_among_the_seeds_are_sound() {
    let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
    let panel = FrequencyTable::chinese_han_23().panel();
    for (target, name, layout, format, rows) in [
        ("children", "usual.csv", Layout::Children, Format::Csv, 2),
        ("families", "usual.csv", Layout::Families, Format::Csv, 4),
        ("fam", "pedigrees.fam", Layout::Families, Format::Fam, 4),
        ("fam", "dvi.fam", Layout::Families, Format::Fam, 3),
        ("fam", "dvi.fam", Layout::Children, Format::Fam, 2),
        ("fam", "missing.fam", Layout::Families, Format::Fam, 4),
        ("dat", "usual.dat", Layout::Children, Format::Dat, 2),
        ("dat", "categories.dat", Layout::Children, Format::Dat, 1),
        ("genemapper", "sample_info.txt", Layout::Children, Format::GeneMapper, 2),
        ("forms", "two_columns.csv", Layout::Children, Format::Csv, 2),
        ("forms", "utf_16_be.csv", Layout::Families, Format::Csv, 1),
        ("forms", "utf_16_without_mark.csv", Layout::Children, Format::Csv, 1),
        ("forms", "gb18030.csv", Layout::Children, Format::Csv, 2),
        ("genemapper", "usual.txt", Layout::Children, Format::GeneMapper, 2),
        ("genemapper", "utf_16.txt", Layout::Children, Format::GeneMapper, 1),
        ("cmf", "utf_16.xml", Layout::Children, Format::Cmf, 1),
        ("cmf", "utf_16.xml", Layout::Families, Format::Cmf, 1),
    ] {
        let bytes = fs::read(fuzz().join("corpus").join(target).join(name)).unwrap();
        let request = Request::new(layout, panel, &pseudonymizer);
        let intake = read_bytes(name, &bytes, &request);
        assert_eq!((intake.format, intake.rows.len(), intake.problems), (format, rows, vec![]), "{target}/{name}");
    }
}

/// The layout of an index changes now and then: the reader refuses a seed of an old layout at once, and fuzzing it
/// finds nothing.
#[test]
fn seeds_of_indexes_are_of_this_layout() {
    let opens: [(&str, Opens, Vec<u8>); 2] =
        [("index", readers::walk_index, index()), ("families_index", readers::walk_families_index, families_index())];
    let mut stale = Vec::new();
    for (target, opens, fresh) in opens {
        assert!(opens(&fresh));
        let seeds = seeds(target);
        if seeds.is_empty() || seeds.iter().any(|(_, bytes)| !opens(bytes)) {
            let kept = std::env::temp_dir().join(format!("{target}.seed"));
            fs::write(&kept, &fresh).unwrap();
            stale.push(kept);
        }
    }
    assert!(stale.is_empty(), "seeds are missing or of another layout; fresh ones are {stale:?}");
}

/// Returns the place of a byte in the ledger's stamp in a plan.
fn stamp_at(plan: &[u8]) -> usize {
    plan.windows(16).position(|window| window == [2; 16]).unwrap()
}

/// Sealing corrects the digests, so that damaged bytes reach the code behind the digest checks.
#[test]
fn sealing_corrects_the_digests_of_damaged_indexes() {
    let [(_, plan), ..] = cluster();
    let seals: [(Vec<u8>, Seal, Opens, usize); 3] = [
        (plan.clone(), readers::sealed_cluster, readers::walk_cluster, stamp_at(&plan)),
        (index(), readers::sealed_index, readers::walk_index, 48),
        (families_index(), readers::sealed_families_index, readers::walk_families_index, 48),
    ];
    for (sound, seal, opens, stamp) in seals {
        assert_eq!(seal(&sound), sound, "what is sealed stays as it is");
        let mut spoilt = sound;
        spoilt[stamp] ^= 1;
        assert!(!opens(&spoilt));
        assert!(opens(&seal(&spoilt)), "the header's digest is put right");
    }
}
