//! A run in tiles leaves what a run on one machine leaves, whatever the tiles are and whatever happens to them.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reunite::audit::Entry;
use reunite::cluster::{ClusterError, Grid, Plan, ShardFault, TileDone, TileOptions, read_shard, run_tile};
use reunite::index::Access;
use reunite::matching::{DoubtWhom, Watch};
use reunite::pseudonym::KeySource;
use reunite::store::{Listing, MatchOptions, Matched, PlanOptions, Silent, Store, StoreError, entry};

use crate::common::{Lab, Numbers, copy, everything_in, plain, run};

/// A family with a loop: the missing child's parents are uncle and niece.
const PEDIGREE: &str = "family_id,person,father,mother,sex,missing,sample_id\n\
    L,grandfather,,,male,,\nL,grandmother,,,female,,\nL,uncle,grandfather,grandmother,male,,L1\n\
    L,sister,grandfather,grandmother,female,,\nL,husband,,,male,,\nL,niece,husband,sister,female,,L2\n\
    L,lost,uncle,niece,,yes,\n";

fn cells(row: &str) -> Vec<String> {
    row.split(',').map(str::to_owned).collect()
}

/// Makes a lab with people of every kind: many sets of relatives and of typed loci, a pedigree with a loop, alleles
/// without a frequency, three alleles, own drop-out, children with equal profiles, children with a relative's profile.
fn lab(model: &[&str], seed: u64) -> Lab {
    let lab = Lab::with_model(model);
    lab.synth("files", 14, 1030, seed);
    let mut numbers = Numbers(seed);
    let mut spoilt = |name: &str| {
        let text = lab.read(&format!("files/{name}.csv"));
        let (header, rows) = text.split_once('\n').unwrap();
        let locus = header.split(',').position(|name| name == "D8S1179").unwrap();
        let spoil = |row: &str| {
            let mut cells = cells(row);
            match numbers.below(30) {
                0 => "9/27".clone_into(&mut cells[locus]),
                1 => "12/13/14".clone_into(&mut cells[locus]),
                2 => cells[locus..].iter_mut().step_by(2).for_each(String::clear),
                _ => {}
            }
            cells.push(["0.05", "0", "0.3"].get(numbers.below(40)).copied().unwrap_or_default().to_owned());
            cells
        };
        (format!("{header},drop_out"), rows.lines().map(spoil).collect::<Vec<_>>())
    };
    let ((families_header, families), (children_header, mut children)) = (spoilt("families"), spoilt("children"));
    let column = |header: &str, name: &str| header.split(',').position(|column| column == name).unwrap();
    let sample = column(&children_header, "sample_id");
    let profile = |header: &str, row: &[String]| row[column(header, "D3S1358")..].to_vec();
    // Of the first children there are several with the same profile, and some have the profile of a relative.
    for number in 0..20 {
        let mut twin = children[number * 3].clone();
        twin[sample] = format!("T{number}");
        children.push(twin);
    }
    let first = column(&children_header, "D3S1358");
    for (number, relative) in families.iter().step_by(5).enumerate() {
        let mut same = children[number].clone();
        same[sample] = format!("S{number}");
        same.splice(first.., profile(&families_header, relative));
        children.push(same);
    }
    let text = |header: &str, rows: &[Vec<String>]| {
        format!("{header}\n{}\n", rows.iter().map(|row| row.join(",")).collect::<Vec<_>>().join("\n"))
    };
    lab.import("families", "f.csv", text(&families_header, &families), &[]).ends(0);
    lab.import("children", "c.csv", text(&children_header, &children), &[]).ends(0);
    let names: Vec<&str> = children_header.split(',').skip(first).collect();
    let mut members = format!("family_id,sample_id,relation,sex,{}\n", names.join(","));
    for (name, sex, row) in [("L1", "male", 5), ("L2", "female", 6)] {
        members += &format!("L,{name},member,{sex},{}\n", children[row][first..].join(","));
    }
    let pedigree = lab.write("pedigree.csv", PEDIGREE);
    lab.import("families", "members.csv", members, &["--pedigrees", &pedigree]).ends(0);
    lab
}

fn open(lab: &Lab, store: &str) -> Store {
    Store::open(&lab.path(store), Some(KeySource::File(lab.path("key")))).unwrap()
}

fn by(command: &str) -> Entry {
    entry(command, None)
}

/// Makes a plan in this folder of the lab.
fn plan(store: &Store, matching: MatchOptions, tiles: u32, columns: Option<u32>, out: &Path) -> Plan {
    let number = |number| NonZeroU32::new(number).unwrap();
    let options = PlanOptions { matching, tiles: number(tiles), columns: columns.map(number), out };
    let made = store.plan_cluster(&options, &by("cluster plan"), &Silent).unwrap();
    assert_eq!(made.grid.tiles(), tiles);
    Plan::read(out).unwrap()
}

fn tile(plan: &Plan, number: u32) -> Result<TileDone, ClusterError> {
    let options = TileOptions { shards: &Plan::shards(plan.folder()), access: Access::Usual };
    run_tile(plan, number, &options, &Watch::default())
}

fn merge(store: &Store, plan: &Plan) -> Result<Matched, StoreError> {
    store.merge_cluster(plan, &Plan::shards(plan.folder()), Listing::All, &by("cluster merge"), &Silent)
}

fn without_time(matched: &Matched) -> serde_json::Value {
    let mut report = serde_json::to_value(&matched.report).unwrap();
    report["run"]["seconds"] = 0.into();
    report
}

/// Runs everything on one machine and in tiles, and compares what is left in the store, also with the next delta.
fn same_as_on_one_machine(lab: &Lab, matching: impl Fn(&mut MatchOptions), grids: &[(u32, Option<u32>)], label: &str) {
    let options = |store: &Store| {
        let mut options = MatchOptions::full(store);
        matching(&mut options);
        options
    };
    copy(&lab.path("store"), &lab.path("single"));
    let single = open(lab, "single");
    let expected = single.match_all(&options(&single), &by("match"), &Silent).unwrap();
    let next = |store: &Store| {
        let later = "sample_id,sex,D3S1358,vWA,FGA,D8S1179,D21S11,D18S51\nN1,m,15/16,17/18,22/24,13/14,29/30,13/15\n";
        store.import_sound_text("later.csv", later, reunite::model::Layout::Children, (&by("import")).into()).unwrap();
        store.match_all(&MatchOptions { full: false, ..options(store) }, &by("match"), &Silent).unwrap()
    };
    let after = next(&single);
    let mut numbers = Numbers(grids.len() as u64);
    for (round, &(tiles, columns)) in grids.iter().enumerate() {
        let names = ["plan", "merged"].map(|name| format!("{label}-{name}-{round}"));
        copy(&lab.path("store"), &lab.path(&names[1]));
        let store = open(lab, &names[1]);
        let plan = plan(&store, options(&store), tiles, columns, &lab.path(&names[0]));
        let mut order: Vec<u32> = (0..tiles).collect();
        (0..tiles as usize).for_each(|at| order.swap(at, numbers.below(tiles as usize)));
        for &number in &order {
            assert!(tile(&plan, number).unwrap().candidates.is_some());
        }
        let merged = merge(&store, &plan).unwrap();
        let label = format!("{label}: {tiles} tiles in {columns:?} columns");
        assert_eq!(merged.result, expected.result, "{label}");
        assert_eq!(without_time(&merged), without_time(&expected), "{label}");
        let manifests = [&store, &single].map(|store| {
            let record = store.ledger().unwrap().runs().unwrap().swap_remove(0);
            (record.1.manifest, record.1.basis, record.1.unscorable)
        });
        assert_eq!(manifests[0], manifests[1], "{label}");
        // The next run is a delta in both, by the families index that the run left.
        let again = next(&store);
        assert_eq!(
            (&again.report.run.mode, &again.report.run.digest),
            (&after.report.run.mode, &after.report.run.digest)
        );
        assert_eq!(again.result.candidates, after.result.candidates, "{label}");
        assert_eq!(again.result.families_weighed, after.result.families_weighed, "{label}: by the families index");
        fs::remove_dir_all(plan.folder()).unwrap();
        fs::remove_dir_all(lab.path(&names[1])).unwrap();
    }
    fs::remove_dir_all(lab.path("single")).unwrap();
}

/// The tilings: one tile, few, more than families, one column per block of children, more columns than blocks.
const GRIDS: [(u32, Option<u32>); 7] =
    [(1, None), (2, None), (7, None), (100, None), (6, Some(3)), (5, Some(5)), (128, Some(4))];

#[test]
fn tiles_add_up_to_a_run_on_one_machine_with_and_without_limits() {
    let lab = lab(&[], 1);
    same_as_on_one_machine(&lab, |_| {}, &GRIDS, "usual");
    same_as_on_one_machine(&lab, |options| options.criterion.max_per_family = Some(2), &GRIDS[2..], "per family");
    same_as_on_one_machine(&lab, |options| options.criterion.max_chance_hits = Some(0.001), &GRIDS[3..5], "by chance");
    let both = |options: &mut MatchOptions| {
        options.criterion.max_per_family = Some(1);
        options.criterion.max_chance_hits = Some(0.5);
        options.criterion.min_log10_lr = -2.0;
        options.criterion.doubts.whom = DoubtWhom::All;
    };
    same_as_on_one_machine(&lab, both, &GRIDS[4..6], "both");
    let everyone = |options: &mut MatchOptions| {
        options.exhaustive = true;
        options.criterion.min_log10_lr = 1.0;
        options.criterion.doubts.whom = DoubtWhom::None;
        options.min_loci = 20;
    };
    same_as_on_one_machine(&lab, everyone, &GRIDS[4..5], "exhaustive");
}

#[test]
fn tiles_add_up_under_every_model() {
    for (seed, model) in [
        &["--theta", "0.02"][..],
        &["--silent-frequency", "0.01", "--linked", "vWA:D12S391=0"],
        &["--drop-out", "0.05", "--linked", "vWA:D12S391=0.1"],
        &["--untyped", "full", "--linked", "vWA:D12S391=0.5"],
        &["--rare-allele-frequency", "refuse"],
    ]
    .into_iter()
    .enumerate()
    {
        let lab = lab(model, 10 + seed as u64);
        let label = model.join(" ").replace([':', '='], "-");
        let low = |options: &mut MatchOptions| {
            options.criterion.min_log10_lr = 2.0;
            options.criterion.doubts.whom = DoubtWhom::All;
            options.criterion.max_per_family = (seed % 2 == 1).then_some(3);
        };
        same_as_on_one_machine(&lab, low, &[(2, None), (9, Some(3))], &label);
    }
}

/// Makes a plan of a small store with the program.
fn planned(tiles: &str, more: &[&str]) -> (Lab, String) {
    let lab = Lab::with_population(30, 1100);
    let folder = lab.name("plan");
    lab.run(&[&["cluster", "plan", "--tiles", tiles, "--out", &folder], more].concat()).ends(0);
    (lab, folder)
}

fn shard(folder: &str, tile: u32) -> PathBuf {
    Path::new(folder).join(format!("shards/{tile}.shard"))
}

/// Runs a tile with the program, far from store and key.
fn far(lab: &Lab, arguments: &[&str], variable: Option<(&str, &str)>) -> crate::common::Said {
    let mut command = std::process::Command::new(crate::common::PROGRAM);
    plain(&mut command).current_dir(lab.path("files")).args(["cluster", "tile"]).args(arguments);
    command.env_remove("SLURM_ARRAY_TASK_ID").env_remove("JOB_COMPLETION_INDEX");
    if let Some((name, value)) = variable {
        command.env(name, value);
    }
    run(&mut command)
}

#[test]
fn a_repeated_tile_has_the_same_bytes_and_a_finished_one_stays() {
    let (lab, folder) = planned("4", &["--columns", "2"]);
    far(&lab, &[&folder], None).ends(2).says(&["which tile?", "--index"]);
    far(&lab, &[&folder], Some(("SLURM_ARRAY_TASK_ID", "x")))
        .ends(2)
        .says(&["SLURM_ARRAY_TASK_ID must be the number of a tile"]);
    far(&lab, &[&folder, "--index", "4"], None).ends(2).says(&["there is no tile 4: the plan has the tiles 0 to 3"]);
    let done = far(&lab, &[&folder, "--format", "json"], Some(("SLURM_ARRAY_TASK_ID", "1"))).ends(0).json();
    assert_eq!((&done["tile"], &done["computed"]), (&1.into(), &true.into()));
    far(&lab, &[&folder], Some(("JOB_COMPLETION_INDEX", "2")))
        .ends(0)
        .says(&["computed tile 2: 15 families x 512 children"]);
    let file = shard(&folder, 1);
    let bytes = fs::read(&file).unwrap();
    far(&lab, &[&folder, "--index", "1"], None).ends(0).says(&["already done"]);
    fs::remove_file(&file).unwrap();
    far(&lab, &[&folder, "--index", "1", "--threads", "1"], None).ends(0);
    assert_eq!(fs::read(&file).unwrap(), bytes);
    // A damaged shard is computed again.
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    far(&lab, &[&folder, "--index", "1"], None).ends(0);
    assert_eq!(fs::read(&file).unwrap(), bytes);
    // The folder of the plan can be read-only, with the shards elsewhere.
    fs::create_dir(lab.path("elsewhere")).unwrap();
    far(&lab, &[&folder, "--index", "1", "--shards", &lab.name("elsewhere")], None).ends(0);
    assert_eq!(fs::read(lab.path("elsewhere/1.shard")).unwrap(), bytes);
}

#[test]
fn a_killed_tile_leaves_no_shard_or_a_whole_one() {
    let (lab, folder) = planned("1", &["--doubt-whom", "all"]);
    let mut numbers = Numbers(3);
    let mut expected = None;
    for _ in 0..crate::common::kill_rounds(6) {
        let mut command = std::process::Command::new(crate::common::PROGRAM);
        let mut child = plain(&mut command)
            .args(["cluster", "tile", &folder, "--index", "0"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(numbers.below(120) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        if let Ok(bytes) = fs::read(shard(&folder, 0)) {
            assert_eq!(expected.get_or_insert_with(|| bytes.clone()), &bytes);
            fs::remove_file(shard(&folder, 0)).unwrap();
        }
    }
    far(&lab, &[&folder, "--index", "0"], None).ends(0);
    lab.run(&["cluster", "merge", &folder]).ends(0);
}

#[test]
fn a_merge_names_missing_and_damaged_tiles_and_records_nothing() {
    let (lab, folder) = planned("6", &["--columns", "3"]);
    for tile in ["0", "1", "3", "4"] {
        far(&lab, &[&folder, "--index", tile], None).ends(0);
    }
    let bytes = fs::read(shard(&folder, 3)).unwrap();
    let mut changed = bytes.clone();
    changed[100] ^= 4;
    fs::write(shard(&folder, 3), changed).unwrap();
    // The shard of another tile.
    fs::copy(shard(&folder, 0), shard(&folder, 4)).unwrap();
    let said = lab.run(&["cluster", "merge", &folder]).ends(2);
    said.says(&["2 tiles have no shard: 2,5; 2 tiles have shards that cannot be used: 3-4", "cluster tile"]);
    let runs = lab.run(&["runs", "--format", "json"]).json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(0), "{runs}");
    // The script names the tiles that are left.
    lab.run(&["cluster", "script", &folder, "--engine", "slurm"]).ends(0).says(&["#SBATCH --array=2-5"]);
    for tile in ["2", "3", "4", "5"] {
        far(&lab, &[&folder, "--index", tile], None).ends(0);
    }
    lab.run(&["cluster", "script", &folder, "--engine", "slurm"]).ends(1).says(&["all tiles are done"]);
    let merged = lab.run(&["cluster", "merge", &folder]).ends(0);
    let full = lab.run(&["match", "--full"]).ends(0);
    assert_eq!(merged.digest(), full.digest());
    let chain = lab.run(&["audit", "list", "--format", "json"]).json().to_string();
    assert!(chain.contains("cluster plan") && chain.contains("cluster merge"), "{chain}");
    // A plan of a later state of the store.
    let other = lab.name("other");
    lab.run(&["cluster", "plan", "--tiles", "6", "--columns", "3", "--min-log10-lr", "3", "--out", &other]).ends(0);
    fs::copy(shard(&folder, 0), shard(&other, 0)).unwrap();
    lab.run(&["cluster", "merge", &other]).ends(2).says(&["5 tiles have no shard", "cannot be used: 0"]);
}

#[test]
fn a_merge_is_refused_if_the_store_or_its_settings_have_changed() {
    let (lab, folder) = planned("1", &[]);
    far(&lab, &[&folder, "--index", "0"], None).ends(0);
    copy(&lab.path("store"), &lab.path("later"));
    let store = lab.name("later");
    let row = "sample_id,sex,vWA,FGA,D8S1179\nN1,m,14/16,22/23,12/13\n";
    let file = lab.write("later.csv", row);
    lab.run_on("later", &["import", "--as", "children", &file, "--min-loci", "1"]).ends(0);
    lab.run_on("later", &["cluster", "merge", &folder])
        .ends(2)
        .says(&["the store has changed since the plan was made"]);
    let _ = store;
    copy(&lab.path("store"), &lab.path("set"));
    lab.run_on("set", &["config", "set", "model.theta", "0.01", "--reason", "test"]).ends(0);
    lab.run_on("set", &["cluster", "merge", &folder]).ends(2).says(&["another frequency table or model"]);
    lab.run(&["cluster", "merge", &folder]).ends(0);
}

#[test]
fn a_plan_is_made_whole_once_and_for_its_owner_alone() {
    let (lab, folder) = planned("4", &["--columns", "2"]);
    for path in everything_in(Path::new(&folder)) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let allowed: &[u32] = if path.is_dir() { &[0o700] } else { &[0o600, 0o400] };
        assert!(allowed.contains(&mode), "{}: {mode:o}", path.display());
    }
    let plan = ["cluster", "plan", "--tiles", "4", "--out"];
    lab.run(&[&plan[..], &[&folder]].concat()).ends(2).says(&["the folder is not empty", "--out"]);
    let out = lab.name("new");
    lab.run(&[&plan[..], &[&out, "--columns", "3"]].concat())
        .ends(2)
        .says(&["4 tiles cannot be arranged in 3 columns"]);
    lab.run(&[&plan[..], &[&out, "--max-chance-hits", "0"]].concat()).ends(2);
    assert!(!Path::new(&out).exists());
    let left: Vec<PathBuf> = fs::read_dir(lab.path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| !path.to_string_lossy().contains(".reunite-cluster")), "{left:?}");
    lab.run(&["cluster", "tile", &lab.name("files"), "--index", "0"]).ends(2).says(&["there is no plan"]);
}

#[test]
fn neither_plan_nor_shards_hold_pseudonyms_or_identifiers() {
    let (lab, folder) = planned("2", &["--columns", "2", "--doubt-whom", "all"]);
    let done: Vec<String> = (0..2).map(|tile| tile.to_string()).collect();
    done.iter().for_each(|tile| drop(far(&lab, &[&folder, "--index", tile], None).ends(0)));
    let ids = |name: &str, column: usize| -> BTreeSet<String> {
        lab.read(&format!("files/{name}.csv")).lines().skip(1).map(|row| cells(row)[column].clone()).collect()
    };
    let header = |name: &str, column: &str| {
        let text = lab.read(&format!("files/{name}.csv"));
        text.lines().next().unwrap().split(',').position(|one| one == column).unwrap()
    };
    let families = ids("families", header("families", "family_id"));
    let mut samples = ids("families", header("families", "sample_id"));
    samples.extend(ids("children", header("children", "sample_id")));
    let mut canaries: BTreeSet<Vec<u8>> = BTreeSet::new();
    for (kind, ids) in [("family", families), ("sample", samples)] {
        for (id, pseudonym) in lab.pseudonyms(kind, ids.iter().map(String::as_str)) {
            let raw = data_encoding::HEXLOWER.decode(pseudonym.as_bytes()).unwrap();
            // Half a pseudonym would be enough to find the rest in a list.
            canaries.extend([raw[..8].to_vec(), pseudonym.as_bytes()[..16].to_vec()]);
            if id.len() >= 6 {
                canaries.insert(id.into_bytes());
            }
        }
    }
    let mut searched = 0;
    for path in everything_in(Path::new(&folder)).into_iter().filter(|path| path.is_file()) {
        let bytes = fs::read(&path).unwrap();
        for length in [7, 8, 16] {
            let found = bytes.windows(length).find(|window| canaries.contains(*window));
            assert!(found.is_none(), "{}: {found:?}", path.display());
        }
        searched += 1;
    }
    assert_eq!(searched, 6, "the plan, two columns, a row and two shards");
}

/// Every byte of a plan and of a shard is covered, and no cut is overlooked.
#[test]
fn a_changed_byte_or_a_cut_is_noticed_in_every_file() {
    let lab = Lab::with_population(6, 40);
    let store = open(&lab, "store");
    let mut matching = MatchOptions::full(&store);
    matching.criterion.min_log10_lr = 1.0;
    matching.criterion.max_chance_hits = None;
    let plan = plan(&store, matching, 1, None, &lab.path("plan"));
    tile(&plan, 0).unwrap();
    let folder = plan.folder().to_owned();
    let bytes = fs::read(folder.join("plan")).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(Plan::from_bytes(&folder, &changed).is_err(), "byte {at} of the plan");
        assert!(Plan::from_bytes(&folder, &bytes[..at]).is_err(), "plan cut at {at}");
    }
    assert!(Plan::from_bytes(&folder, &[&bytes[..], b"x"].concat()).is_err());
    let shards = Plan::shards(&folder);
    let path = shards.join("0.shard");
    let bytes = fs::read(&path).unwrap();
    let damaged = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        matches!(read_shard(&shards, &plan, 0), Err(ShardFault::Damaged))
    };
    // Records of the families index are most of a shard: not every bit of them.
    for at in (0..bytes.len().min(2000)).chain((2000..bytes.len()).step_by(61)) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(damaged(&changed), "byte {at} of the shard");
        if at % 7 == 0 {
            assert!(damaged(&bytes[..at]), "shard cut at {at}");
        }
    }
    assert!(damaged(&[&bytes[..], b"x"].concat()));
    fs::remove_file(&path).unwrap();
    assert!(matches!(read_shard(&shards, &plan, 0), Err(ShardFault::Missing)));
    for file in [Plan::column_file(&folder, 0), Plan::row_file(&folder, 0)] {
        let bytes = fs::read(&file).unwrap();
        for at in (0..bytes.len()).step_by(bytes.len() / 40) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            // Read-only, so it is deleted first.
            fs::remove_file(&file).unwrap();
            fs::write(&file, changed).unwrap();
            assert!(matches!(tile(&plan, 0), Err(ClusterError::Damaged { .. })), "{}: {at}", file.display());
        }
        fs::remove_file(&file).unwrap();
        assert!(tile(&plan, 0).is_err());
        fs::write(&file, bytes).unwrap();
    }
    assert!(tile(&plan, 0).is_ok());
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn tiles_are_arranged_in_as_few_columns_as_possible() {
    let grid = |tiles, columns: Option<u32>, families, children| {
        let number = |number| NonZeroU32::new(number).unwrap();
        Grid::new(number(tiles), columns.map(number), families, children).map(|grid| (grid.rows, grid.columns)).ok()
    };
    assert_eq!(grid(12, None, 1000, 50_000), Some((12, 1)));
    assert_eq!(grid(12, None, 1000, 10_000_000), Some((4, 3)));
    assert_eq!(grid(12, None, 5, 50_000), Some((4, 3)), "no more rows than families");
    assert_eq!(grid(7, None, 3, 100), Some((1, 7)));
    assert_eq!(grid(12, Some(4), 1000, 50_000), Some((3, 4)));
    assert_eq!(grid(12, Some(5), 1000, 50_000), None);
    assert_eq!(grid(100_001, None, 1000, 50_000), None);
    let shares: Vec<(u64, u64)> = (0..3).map(|part| Grid::share(10, part, 3)).collect();
    assert_eq!(shares, [(0, 3), (3, 3), (6, 4)]);
}

/// Checks a job for Kubernetes without a YAML library: indentation, and the lines that matter.
#[test]
fn scripts_are_ready_to_submit() {
    let (lab, folder) = planned("3", &[]);
    let slurm = lab.run(&["cluster", "script", &folder, "--engine", "slurm", "--cpus", "8"]).ends(0).out;
    for line in ["#!/bin/bash", "#SBATCH --array=0-2", "#SBATCH --cpus-per-task=8", "#SBATCH --requeue"] {
        assert!(slurm.lines().any(|one| one == line), "{line}: {slurm}");
    }
    assert!(slurm.contains("#SBATCH --open-mode=append") && slurm.contains("cluster merge"), "{slurm}");
    let memory = slurm.lines().find_map(|line| line.strip_prefix("#SBATCH --mem=")?.strip_suffix('M')).unwrap();
    assert!((1024..4096).contains(&memory.parse::<u32>().unwrap()), "{memory}");
    // The script itself computes a tile.
    let script = lab.write("job.sh", &slurm);
    let mut shell = std::process::Command::new("bash");
    let said = run(plain(&mut shell).arg(&script).env("SLURM_ARRAY_TASK_ID", "2").env("SLURM_CPUS_PER_TASK", "2"));
    said.ends(0).says(&["computed tile 2"]);
    assert!(shard(&folder, 2).exists());
    let name = ["--image", "registry.example/reunite:1", "--plan-claim", "a: b"];
    let job = lab.run(&[&["cluster", "script", &folder, "--engine", "kubernetes"], &name[..]].concat()).ends(0).out;
    for line in [
        "  completionMode: Indexed",
        "  completions: 3",
        "  parallelism: 3",
        "  backoffLimitPerIndex: 10",
        "        runAsNonRoot: true",
        "          image: \"registry.example/reunite:1\"",
        "            claimName: \"a: b\"",
        "              readOnly: true",
        "            readOnlyRootFilesystem: true",
    ] {
        assert!(job.lines().any(|one| one == line), "{line}: {job}");
    }
    for line in job.lines().filter(|line| !line.starts_with('#')) {
        let text = line.trim_start();
        assert!((line.len() - text.len()).is_multiple_of(2), "{line}");
        assert!(text.contains(": ") || text.ends_with(':') || text.starts_with("- "), "{line}");
    }
    // If there is a reader of YAML, it reads the job.
    let mut python = std::process::Command::new("python3");
    let read =
        "import sys, yaml; job = yaml.safe_load(sys.stdin); print(job['spec']['template']['spec']['restartPolicy'])";
    let file = fs::File::open(lab.write("job.yaml", &job)).unwrap();
    match python.args(["-c", read]).stdin(file).output() {
        Ok(output) if output.status.success() => assert_eq!(output.stdout, b"Never\n"),
        _ => println!("NOT RUN: a reader of YAML: python3 has none here"),
    }
}
