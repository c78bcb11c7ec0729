//! The program reports files of a store that are damaged, swapped, locked, read-only or cannot grow, and loses nothing.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::common::{Lab, PROGRAM, Said, copy, everything_in, plain, run};

#[test]
fn a_damaged_index_is_noticed_and_built_again() {
    let lab = Lab::with_population(60, 400);
    let digest = lab.digest(&[]);
    let place = lab.path("store/index/children.idx");
    let sound = fs::read(&place).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 16;
        Some(bytes)
    };
    // The other index is of a store with the same key and people: only the ledger's stamp differs.
    lab.run_on("second", &["init"]).ends(0);
    for layout in ["families", "children"] {
        lab.run_on("second", &["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
    }
    lab.run_on("second", &["match"]).ends(0);
    let other = fs::read(lab.path("second/index/children.idx")).unwrap();
    for (bytes, verified, why) in [
        (None, 0, "there is no index yet"),
        (Some(sound[..sound.len() / 2].to_vec()), 1, "a section lies outside the file"),
        (Some(sound[..20].to_vec()), 1, "it is too short"),
        (Some(Vec::new()), 1, "it is too short"),
        (flipped(0), 1, "it does not begin as an index does"),
        (flipped(100), 1, "header digest"),
        (flipped(sound.len() / 2), 1, "section digest"),
        (Some(other), 0, "earlier"),
    ] {
        for options in [&[][..], &["--no-mmap"]] {
            fs::remove_file(&place).unwrap();
            if let Some(bytes) = &bytes {
                fs::write(&place, bytes).unwrap();
            }
            lab.run(&["verify"]).ends(verified);
            let matched = lab.run(&[&["match"], options].concat()).ends(0);
            let matched = matched.says(&[
                "built the index of 400 children",
                if ["earlier", "there is no index yet"].contains(&why) { "" } else { why },
            ]);
            assert_eq!(matched.digest(), digest, "{why}");
            lab.run(&["verify"]).ends(0).says(&["index: sound; 400 children"]);
            assert_eq!(fs::read(&place).unwrap(), sound, "an index has one form");
        }
    }
}

/// The next incremental run with a new child gives the result of a full run, whatever happened to the families index.
#[test]
fn a_damaged_families_index_is_noticed_and_written_again() {
    let lab = Lab::with_population(60, 400);
    lab.digest(&[]);
    lab.synth("more", 10, 50, 2);
    let more = lab.write("more.csv", lab.read("more/children.csv").replace("\nC", "\nD"));
    let sound = fs::read(lab.path("store/index/families.idx")).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 16;
        Some(bytes)
    };
    for (case, (bytes, verified, why)) in [
        (None, 0, ""),
        (Some(sound.clone()), 0, "sound; 60 families"),
        (Some(sound[..sound.len() / 2].to_vec()), 1, "list of parts"),
        (Some(sound[..20].to_vec()), 1, "it is too short"),
        (Some(Vec::new()), 1, "it is too short"),
        (flipped(0), 1, "it does not begin as a families index does"),
        (flipped(100), 1, "header digest"),
        (flipped(sound.len() / 2), 1, "digest of a part"),
        (flipped(sound.len() - 1), 1, "list of parts"),
        (flipped(8), 0, "of another program"),
    ]
    .into_iter()
    .enumerate()
    {
        let store = format!("case-{case}");
        copy(&lab.path("store"), &lab.path(&store));
        let place = lab.path(&store).join("index/families.idx");
        fs::remove_file(&place).unwrap();
        if let Some(bytes) = &bytes {
            fs::write(&place, bytes).unwrap();
        }
        let said = lab.run_on(&store, &["verify"]).ends(verified);
        assert_eq!(said.out.contains("families index"), bytes.is_some());
        said.says(&[why]);
        lab.run_on(&store, &["import", "--as", "children", &more]).ends(0);
        let delta = lab.run_on(&store, &["match"]).ends(0);
        assert_eq!(delta.err.contains("the families index is damaged"), verified == 1, "{why}");
        let written = fs::read(&place).unwrap();
        assert_eq!(written == sound, why.starts_with("sound"), "{why}");
        let full = lab.run_on(&store, &["match", "--full"]);
        assert_eq!(delta.digest(), full.digest(), "{why}");
        assert!(why.starts_with("sound") || fs::read(&place).unwrap() == written, "{why}: one form");
    }
}

#[test]
fn parts_of_another_store_are_noticed() {
    let lab = Lab::with_population(5, 20);
    lab.run_on("second", &["init"]).ends(0);
    let file = lab.name("files/children.csv");
    let exchange_one = |name: &str| {
        let (a, b, aside) = (lab.path("store").join(name), lab.path("second").join(name), lab.path("aside"));
        fs::rename(&a, &aside).unwrap();
        fs::rename(&b, &a).unwrap();
        fs::rename(&aside, &b).unwrap();
    };
    exchange_one("ledger.db");
    lab.run(&["candidates"]).ends(2).says(&["ledger.db was changed since this program last wrote it"]);
    exchange_one("ledger.db.seal");
    for store in ["store", "second"] {
        for command in [&["match"][..], &["verify"], &["candidates"], &["import", "--as", "children", &file]] {
            lab.run_on(store, command).ends(2).says(&["ledger.db is the ledger of another store"]);
        }
    }
    exchange_one("ledger.db");
    exchange_one("ledger.db.seal");
    lab.run(&["match"]);
    let table = "locus,allele,frequency,individuals\nvWA,14,0.5,100\nvWA,15,0.5,100\n";
    let table = lab.write("vwa.csv", table);
    lab.run_on("third", &["init", "--frequencies", &table]).ends(0);
    fs::copy(lab.path("third/frequencies.csv"), lab.path("store/frequencies.csv")).unwrap();
    for command in [&["match"][..], &["verify"], &["import", "--as", "children", &file]] {
        lab.run(command).ends(2).says(&["frequencies.csv is not the table that this store was made with"]);
    }
    fs::remove_file(lab.path("third/ledger.db")).unwrap();
    lab.run_on("third", &["match"]).ends(2).says(&["there is no ledger at"]);
    fs::write(lab.path("third/ledger.db"), "no database").unwrap();
    lab.run_on("third", &["verify"]).ends(2).says(&["is not a ledger of this program, or is damaged"]);
}

#[test]
fn a_locked_store_says_so_without_waiting_for_the_lock() {
    let lab = Lab::with_population(5, 20);
    let lock = OpenOptions::new().write(true).open(lab.path("store/lock")).unwrap();
    File::lock(&lock).unwrap();
    let before = lab.counts();
    // A command that waited for the lock would wait for ever.
    for command in [&["match"][..], &["index"], &["import", "--as", "children", &lab.name("files/children.csv")]] {
        lab.run(command).ends(2).says(&["another command is changing the store", "wait until it has ended"]);
    }
    lab.run(&["candidates"]).ends(2).says(&["nothing has been matched yet"]);
    assert_eq!(lab.counts(), before, "reading goes on");
    drop(lock);
    assert!(lab.run(&["match"]).status < 2);
}

#[test]
fn what_an_interrupted_build_left_is_cleared_away() {
    let lab = Lab::with_population(5, 20);
    for command in ["match", "index"] {
        let left = lab.path("store/index/.children-Xy12");
        fs::write(&left, "genotypes").unwrap();
        assert!(lab.run(&[command]).status < 2);
        assert!(!left.exists(), "{command}");
        fs::remove_file(lab.path("store/index/children.idx")).unwrap();
    }
}

/// Runs the program so that no file can grow beyond about 50 kB, as on a full disk.
fn on_a_full_disk(lab: &Lab, store: &str, arguments: &[&str]) -> Said {
    let script = format!("ulimit -f 100; trap '' XFSZ; exec {PROGRAM} \"$@\"");
    let (store, key) = (lab.name(store), lab.name("key"));
    let global = ["-", "--store", &store, "--key-file", &key];
    run(Command::new("sh").args(["-c", &script]).args(global).args(arguments))
}

#[test]
fn a_full_disk_undoes_the_command() {
    let lab = Lab::with_population(60, 1000);
    let digest = lab.digest(&[]);
    lab.synth("more", 50, 2000, 2);
    let more = lab.read("more/children.csv").replace("\nC", "\nD");
    let before = lab.counts();
    let file = lab.write("more.csv", more);
    let said = on_a_full_disk(&lab, "store", &["import", "--as", "children", &file]).ends(2);
    said.says(&["cannot import", "more.csv", "the ledger's database"]);
    assert_eq!(lab.counts(), before);
    assert_eq!(lab.digest(&[]), digest);
    fs::remove_file(lab.path("store/index/children.idx")).unwrap();
    on_a_full_disk(&lab, "store", &["match"]).ends(2).says(&["cannot write the index"]);
    let files =
        || -> Vec<_> { fs::read_dir(lab.path("store/index")).unwrap().map(|e| e.unwrap().file_name()).collect() };
    assert_eq!(files(), ["families.idx"], "nothing is left behind");
    assert_eq!(lab.digest(&[]), digest);
    fs::remove_file(lab.path("store/index/families.idx")).unwrap();
    // The program goes on without files that only save time.
    let said = on_a_full_disk(&lab, "store", &["match", "--full"]).ends(0);
    assert_eq!(said.says(&["compiles all families again", "cannot write the index"]).digest(), digest);
    assert_eq!(files(), ["children.idx"], "nothing is left behind");
    for command in [&["match", "--format", "json"][..], &["candidates"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = plain(&mut lab.command(command)).stdout(full).output().unwrap();
        Said::of(output).ends(2).says(&["error: No space left on device"]);
    }
    assert_eq!(lab.counts(), before);
}

/// Runs the program as a user whom permissions bind, even if the tests run as root.
fn as_a_plain_user(lab: &Lab, arguments: &[&str]) -> Said {
    let mut command = lab.command(arguments);
    if fs::metadata("/proc/self").map_or(true, |process| process.uid() != 0) {
        return run(&mut command);
    }
    const NOBODY: u32 = 65534;
    for path in everything_in(&lab.path(".")) {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let program = lab.path("program");
    // Another process makes the copy: a program that is open for writing, in a child process of any other test, cannot
    // be run.
    assert!(Command::new("cp").args([Path::new(PROGRAM), &program]).status().unwrap().success());
    let mut plain_user = Command::new(&program);
    plain_user.args(command.get_args()).uid(NOBODY).gid(NOBODY);
    let output = plain(&mut plain_user).output();
    Said::of(output.expect("the folder for temporary files must be open to others and allow programs: set TMPDIR"))
}

fn set_mode(path: &Path, folders: u32, files: u32) {
    for path in everything_in(path) {
        let mode = if path.is_dir() { folders } else { files };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_store_that_cannot_be_written_says_so() {
    let lab = Lab::with_population(60, 100);
    let digest = lab.digest(&[]);
    let before = lab.counts();
    lab.write("new.csv", "sample_id,sex,vWA\nNEW,m,14\n");
    let file = lab.name("new.csv");
    // First only the folders are read-only, then the files, too.
    for files in [0o600, 0o400] {
        set_mode(&lab.path("store"), 0o500, files);
        for command in [&["import", "--as", "children", &file][..], &["match"], &["index"]] {
            let said = as_a_plain_user(&lab, command).ends(2);
            let clear = ["Permission denied", "not write to it", "cannot write to the store"]
                .iter()
                .any(|why| said.err.contains(why));
            assert!(clear && said.err.contains(lab.path("store").to_str().unwrap()), "{command:?}: {}", said.err);
        }
    }
    set_mode(&lab.path("store"), 0o700, 0o600);
    assert_eq!(as_a_plain_user(&lab, &["verify"]).ends(0).out.lines().next().unwrap(), before);
    assert_eq!(as_a_plain_user(&lab, &["match"]).ends(0).digest(), digest);
    fs::create_dir(lab.path("closed")).unwrap();
    set_mode(&lab.path("closed"), 0o500, 0);
    let new = lab.name("closed/store");
    as_a_plain_user(&lab, &["--store", &new, "init"]).ends(2);
}

#[test]
fn a_ledger_without_a_seal_is_not_sealed_while_it_is_unsound() {
    let lab = Lab::with_population(40, 200);
    lab.run(&["match"]).ends(0);
    let sealed = lab.path("store/ledger.db.seal");
    lab.database("store").execute("UPDATE candidate SET log10_lr = log10_lr + 1", []).unwrap();
    for seal in [None, Some("")] {
        match seal {
            None => fs::remove_file(&sealed).unwrap(),
            Some(text) => fs::write(&sealed, text).unwrap(),
        }
        for _ in 0..2 {
            lab.run(&["candidates"]).ends(2).says(&["it was changed"]);
        }
        lab.run(&["verify"]).ends(1).says(&["it was changed"]);
        lab.run(&["runs"]).ends(2).says(&["it was changed"]);
        fs::write(&sealed, "").unwrap();
    }
}

/// What the ledger has of a sample besides its profile has a checksum, too: a child is not of another agency, sex, region
/// or day than it was imported with.
#[test]
fn a_changed_description_of_a_sample_or_typing_is_named() {
    let lab = Lab::new();
    let header = "sample_id,sex,agency,region,kit,collected_on,vWA,FGA\n";
    let row = |id: &str, kit: &str, vwa: &str| format!("{id},f,Jinan,Shandong,{kit},2024-01-31,{vwa},22\n");
    lab.import(
        "children",
        "first.csv",
        format!("{header}{}{}", row("C1", "Kit A", "14/15"), row("C2", "Kit A", "16")),
        &[],
    )
    .ends(0);
    lab.import("children", "second.csv", format!("{header}{}", row("C1", "Kit B", "14/15")), &["--on-conflict", "add"])
        .ends(0);
    lab.import("families", "f.csv", "family_id,sample_id,relation,sex,vWA,FGA\nF1,S1,father,m,14,22\n", &[]).ends(0);
    lab.run(&["verify"]).ends(0);
    assert!(
        lab.database("store").query_row("SELECT count(*) = 2 FROM typing", [], |row| row.get::<_, bool>(0)).unwrap()
    );
    // The agency is part of the pseudonym, so the ledger says which sample has two typings.
    let database = lab.database("store");
    let named = |condition: &str| -> String {
        let sql = format!("SELECT lower(hex(pseudonym)) FROM sample WHERE role = 'child' AND id {condition}");
        database.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let samples =
        [("C1", named("IN (SELECT sample_id FROM typing)")), ("C2", named("NOT IN (SELECT sample_id FROM typing)"))];
    let samples = std::collections::BTreeMap::from(samples);
    drop(database);
    let hex = |id: &str| format!("pseudonym = x'{}'", samples[id]);
    let of_sample = |what: &str| (format!("UPDATE sample SET {what} WHERE {}", hex("C2")), "C2");
    let of_typing = |what: &str| (format!("UPDATE typing SET {what} WHERE kit = 'Kit B'"), "C1");
    let changes = [
        of_sample("role = 'relative'"),
        of_sample("sex = 'male'"),
        of_sample("agency = 'Jinao'"),
        of_sample("agency = NULL"),
        of_sample("region = 'Shanxi'"),
        of_sample("kit = ''"),
        of_sample("collected_on = '2024-01-30'"),
        of_sample("collected_on = NULL"),
        of_sample("agency = region, region = agency"),
        of_sample("sum = NULL"),
        of_typing("agency = 'Jinao'"),
        of_typing("agency = NULL"),
        of_typing("kit = 'Kit C'"),
        of_typing("collected_on = '2023-01-31'"),
        of_typing("import_id = 1"),
        of_typing("sum = zeroblob(8)"),
    ];
    for (sql, id) in changes {
        copy(&lab.path("store"), &lab.path("changed"));
        assert_eq!(lab.database("changed").execute(&sql, []).unwrap(), 1, "{sql}");
        let named = format!("sample {}", samples[id]);
        lab.run_on("changed", &["verify"]).ends(1).says(&[&named]);
        let export = ["export", "--as", "children", &lab.name("out.csv"), "--force"];
        let said = lab.run_on("changed", &export);
        // A child that became a relative is missing; the typings of a sample are exported on request.
        if sql.contains("role") {
            said.ends(2).says(&["more or fewer"]);
        } else if id == "C2" {
            said.ends(2).says(&[&named]);
            lab.run_on("changed", &["stats"]).ends(2).says(&[&named]);
            let again = lab.run_on("changed", &["import", "--as", "children", &lab.name("first.csv")]);
            again.ends(2).says(&[&named]);
        } else {
            let out = lab.name("typings.csv");
            let typings = [&export[..], &["--typings", &out]].concat();
            lab.run_on("changed", &typings).ends(2).says(&[&named]);
        }
        fs::remove_dir_all(lab.path("changed")).unwrap();
    }
    lab.run(&["verify"]).ends(0);
}

#[test]
fn an_older_ledger_gets_the_checksums_and_the_letters_that_it_lacks() {
    let lab = Lab::new();
    let header = "sample_id,sex,kit,vWA,FGA\n";
    lab.import("children", "first.csv", format!("{header}C1,f,Kit A,14/15,22\n"), &[]).ends(0);
    lab.import("children", "second.csv", format!("{header}C1,f,Kit B,14/15,22\n"), &["--on-conflict", "add"]).ends(0);
    lab.import("families", "f.csv", "family_id,sample_id,relation,sex,vWA,FGA\nF1,S1,father,m,14,22\n", &[]).ends(0);
    let older = "ALTER TABLE sample DROP COLUMN sum; ALTER TABLE typing DROP COLUMN sum; DROP TABLE letter;
                 DROP TABLE certificate; DROP TABLE certificate_claim; DROP TABLE fact; DROP TABLE keeping;
                 DROP TABLE exchange_sent; DROP TABLE exchange_received; DROP TABLE exchange_told; DROP TABLE exchange_hit; DROP TABLE partner;
                 DELETE FROM meta WHERE key IN ('letters', 'certificates', 'certificate_claims', 'facts', 'keeping', 'consent_mask',
                     'partners', 'exchange_sent', 'exchange_received', 'exchange_told', 'exchange_hits');
                 PRAGMA user_version = 22";
    lab.database("store").execute_batch(older).unwrap();
    lab.run(&["index"]).ends(0);
    lab.run(&["verify"]).ends(0);
    let missing = "SELECT count(*) FROM (SELECT sum FROM sample UNION ALL SELECT sum FROM typing) WHERE sum IS NULL";
    let number: i64 = lab.database("store").query_row(missing, [], |row| row.get(0)).unwrap();
    assert_eq!(number, 0);
    lab.run(&["letter", "list"]).ends(0);
    lab.run(&["export", "--as", "families", &lab.name("out.csv")]).ends(0);
}
