//! Tests of one store and several accounts: members who work in it, accounts that may only read, and copies that cannot
//! be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, geteuid};

use crate::common::rotation::custodian;
use crate::common::{Lab, PROGRAM, Said, copy, everything_in, plain, run};

const ADA: u32 = 4_201;
const BOB: u32 = 4_202;
const LAB: u32 = 4_200;
const OTHERS: u32 = 4_300;

/// Runs the program as another user: as `account`, with this group alone.
fn run_as(lab: &Lab, account: u32, group: u32, arguments: &[&str]) -> Said {
    let mut command = Command::new(lab.path("reunite"));
    command.arg("--store").arg(lab.path("shared/store")).arg("--key-file").arg(lab.path(&format!("{account}.key")));
    command.args(arguments).uid(account).gid(group).current_dir(lab.path("shared"));
    run(plain(&mut command))
}

/// Makes a folder that the accounts of the tests can reach, each with a copy of the key.
fn office() -> Lab {
    let lab = Lab::new();
    fs::set_permissions(lab.path("."), Permissions::from_mode(0o755)).unwrap();
    // The accounts may have no access to the folder of the program.
    fs::copy(PROGRAM, lab.path("reunite")).unwrap();
    lab.synth("files", 8, 40, 1);
    for path in everything_in(&lab.path("files")) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    fs::create_dir(lab.path("shared")).unwrap();
    chown(lab.path("shared"), Some(ADA), Some(LAB)).unwrap();
    fs::set_permissions(lab.path("shared"), Permissions::from_mode(0o775)).unwrap();
    for account in [ADA, BOB] {
        let key = lab.path(&format!("{account}.key"));
        fs::copy(lab.path("key"), &key).unwrap();
        chown(&key, Some(account), None).unwrap();
    }
    lab
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Checks that all of a store belongs to its group and is closed to everybody else.
#[track_caller]
fn is_the_groups(store: &Path, group: u32, file: u32, folder: u32) {
    for path in everything_in(store) {
        let found = fs::metadata(&path).unwrap();
        let should = if found.is_dir() { folder } else { file };
        // The program never writes an index again, so it is read-only.
        let should = if path.extension().is_some_and(|end| end == "idx") { should & 0o440 } else { should };
        // Nobody who only reads can hold the lock.
        let should = if file == 0o640 && path.ends_with("lock") { 0o600 } else { should };
        assert_eq!((mode(&path), found.gid()), (should, group), "{}", path.display());
    }
}

/// Runs commands that create every kind of file in a store.
fn work(lab: &Lab, store: &str, recipient: &str) {
    let files = ["files/families.csv", "files/children.csv"].map(|name| lab.name(name));
    lab.run_on(store, &["vault", "recipients", "add", recipient]).ends(0);
    lab.run_on(store, &["import", &files[0], &files[1]]).ends(0);
    lab.run_on(store, &["match"]).ends(0);
    let table = lab.write("table.csv", reunite::store::Frequencies::built_in().text);
    lab.run_on(store, &["frequencies", "add", "Han", &table, "--reason", "also"]).ends(0);
}

#[test]
fn files_of_a_groups_store_are_open_to_the_group_and_to_nobody_else() {
    let lab = Lab::new();
    lab.synth("files", 8, 40, 1);
    let recipient = custodian(&lab, "identity").1;
    let group = Gid::effective().as_raw();
    for (store, option, file, folder) in [("written", "--group", 0o660, 0o2770), ("read", "--readers", 0o640, 0o2750)] {
        lab.run_on(store, &["init", option, &group.to_string()]).ends(0).says(&["members of the group"]);
        work(&lab, store, &recipient);
        is_the_groups(&lab.path(store), group, file, folder);
        // The next command repairs and reports a file that is open to all and a folder that is closed to the group.
        let settings = lab.path(store).join("reunite.toml");
        fs::set_permissions(&settings, Permissions::from_mode(file | 0o004)).unwrap();
        fs::set_permissions(lab.path(store).join("vault"), Permissions::from_mode(0o700)).unwrap();
        lab.run_on(store, &["verify"]).ends(0).says(&[
            "reunite.toml was open to other users",
            "it is closed to them now",
            "vault was closed to the store's group",
        ]);
        is_the_groups(&lab.path(store), group, file, folder);
        let said = lab.run_on(store, &["verify"]).ends(0);
        assert!(!said.err.contains("group"), "{}", said.err);
    }
    // The system takes this number for "as before".
    lab.run_on("neither", &["init", "--group", "4294967295"]).ends(2).says(&["has no group"]);
    lab.run_on("neither", &["init", "--group", "no such group"]).ends(2).says(&["this machine has no group"]);
    lab.run_on("neither", &["init", "--group", "0", "--readers", "0"]).ends(2).says(&["cannot be used with"]);
    assert!(!lab.path("neither").exists());
}

#[test]
fn an_existing_store_becomes_a_groups_by_its_settings() {
    let lab = Lab::with_population(8, 40);
    let group = Gid::effective().as_raw();
    let settings = lab.read("store/reunite.toml");
    lab.write("store/reunite.toml", format!("{settings}\n[access]\ngroup = \"{group}\"\nmembers = \"write\"\n"));
    lab.run(&["verify"]).ends(0).says(&["ledger.db was closed to the store's group (mode 0600): it is open to it now"]);
    is_the_groups(&lab.path("store"), group, 0o660, 0o2770);
    lab.write("store/reunite.toml", settings);
    lab.run(&["verify"]).ends(0).says(&["ledger.db was open to other users"]);
    for path in everything_in(&lab.path("store")) {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    // Settings may name a group that this machine does not know.
    let settings = lab.read("store/reunite.toml");
    lab.write("store/reunite.toml", format!("{settings}\n[access]\ngroup = \"no such\"\nmembers = \"write\"\n"));
    lab.run(&["verify"]).ends(2).says(&["this machine has no group no such", "[access] in reunite.toml"]);
}

/// Runs a command on a store that it cannot write to: as another user, or, if the test cannot change users, in a folder
/// that is closed to writing.
fn read_only(lab: &Lab, arguments: &[&str]) -> Said {
    let mut command = Command::new(lab.path("reunite"));
    command.arg("--store").arg(lab.path("shared/store")).args(arguments);
    if geteuid().is_root() {
        command.uid(OTHERS).gid(Gid::effective().as_raw());
    }
    run(plain(&mut command).current_dir("/"))
}

fn close(store: &Path, writing: bool) {
    if !geteuid().is_root() {
        for path in everything_in(store) {
            let owners = if path.is_dir() { 0o500 } else { 0o400 } | if writing { 0o200 } else { 0 };
            fs::set_permissions(&path, Permissions::from_mode(owners)).unwrap();
        }
    }
}

#[test]
fn a_store_that_cannot_be_written_is_listed_and_verified_and_stays_unchanged() {
    if reunite::ledger::ENCRYPTS && geteuid().is_root() {
        println!("not run: the reader would need a key of its own");
        return;
    }
    let lab = Lab::new();
    fs::set_permissions(lab.path("."), Permissions::from_mode(0o755)).unwrap();
    fs::copy(PROGRAM, lab.path("reunite")).unwrap();
    lab.synth("files", 8, 40, 1);
    fs::create_dir(lab.path("shared")).unwrap();
    let store = "shared/store";
    lab.run_on(store, &["init", "--readers", &Gid::effective().to_string()]).ends(0);
    work(&lab, store, &custodian(&lab, "identity").1);
    let candidates = lab.run_on(store, &["candidates", "--format", "csv"]).ends(0).out;
    let row: Vec<&str> = candidates.lines().nth(1).unwrap().split(',').collect();
    let before = lab.counts_on(store);
    close(&lab.path(store), false);
    let bytes = |store: &str| -> Vec<_> {
        everything_in(&lab.path(store))
            .into_iter()
            .filter(|path| path.is_file())
            .map(|path| fs::read(path).unwrap())
            .collect()
    };
    let whole = bytes(store);
    let unrecorded = ["this account cannot write to the store", "the audit chain does not record"];
    assert_eq!(read_only(&lab, &["candidates", "--format", "csv"]).ends(0).says(&unrecorded).out, candidates);
    let listed: &[&[&str]] = &[
        &["families", "list"],
        &["explain", row[0], row[1]],
        &["comparable"],
        &["power", row[0]],
        &["audit", "list"],
        &["audit", "verify"],
        &["maps", "list"],
        &["vault", "recipients", "list"],
        &["frequencies", "list"],
    ];
    for command in listed {
        let said = read_only(&lab, command).says(&unrecorded);
        // Some commands have nothing to list.
        assert!(said.status < 2, "{command:?}: {}", said.err);
    }
    assert_eq!(crate::common::counts(&read_only(&lab, &["verify"]).ends(0)), before);
    let file = lab.name("files/children.csv");
    let changed: &[&[&str]] = &[
        &["match"],
        &["match", "--full"],
        &["import", &file, "--skip-identities"],
        &["kin", "--within", "all"],
        &["index"],
        &["families", "withdraw", row[0], "--cause", "other"],
        &["verify", "--reseal", "--reason", "no"],
        &["maps", "remove", "X"],
    ];
    for command in changed {
        let said = read_only(&lab, command).ends(2);
        let why = ["not write to it", "this command requires the secret key"];
        assert!(why.iter().any(|why| said.err.contains(why)), "{command:?}: {}", said.err);
    }
    assert_eq!(bytes(store), whole);
    // A reader does not see what a running or interrupted command has written, and says so.
    close(&lab.path(store), true);
    copy(&lab.path(store), &lab.path("aside"));
    let journal = lab.path(store).join("ledger.db-wal");
    fs::write(&journal, [0; 64]).unwrap();
    let seal = lab.path(store).join("ledger.db.seal");
    fs::set_permissions(&journal, Permissions::from_mode(mode(&seal))).unwrap();
    close(&lab.path(store), false);
    let behind = ["what it did is not in what you see"];
    assert_eq!(read_only(&lab, &["candidates", "--format", "csv"]).ends(0).says(&behind).out, candidates);
    // Here neither the file nor its seal says what was written, so the program reads nothing.
    close(&lab.path(store), true);
    fs::write(&seal, "").unwrap();
    close(&lab.path(store), false);
    read_only(&lab, &["candidates"]).ends(2).says(&["was interrupted", "reunite verify"]);
    close(&lab.path(store), true);
    // The program does not read a changed ledger either.
    fs::remove_file(&journal).unwrap();
    fs::copy(lab.path("aside/ledger.db.seal"), &seal).unwrap();
    let mut ledger = fs::read(lab.path(store).join("ledger.db")).unwrap();
    *ledger.last_mut().unwrap() ^= 1;
    fs::write(lab.path(store).join("ledger.db"), ledger).unwrap();
    close(&lab.path(store), false);
    read_only(&lab, &["candidates"]).ends(2).says(&["was changed since this program last wrote it"]);
    read_only(&lab, &["verify"]).ends(1);
    close(&lab.path(store), true);
}

#[test]
fn a_reader_waits_for_a_writer_and_a_writer_for_a_reader() {
    let lab = Lab::with_population(4, 20);
    lab.run(&["match"]);
    let seal = fs::File::open(lab.path("store/ledger.db.seal")).unwrap();
    // A command that has written waits for readers, and leaves what it wrote in the journal if that takes too long.
    seal.lock_shared().unwrap();
    lab.run(&["comparable"]);
    assert!(fs::metadata(lab.path("store/ledger.db-wal")).unwrap().len() > 0);
    drop(seal);
    let listed = lab.run(&["audit", "list"]).ends(0).out;
    assert!(listed.contains("comparable"), "{listed}");
    assert!(!lab.path("store/ledger.db-wal").exists());
    lab.run(&["verify"]).ends(0);
}

#[test]
#[ignore = "needs root, to run the program as several users; .ci/run runs it where it may"]
fn members_of_a_group_work_with_accounts_of_their_own() {
    assert!(geteuid().is_root(), "this test is for root");
    let lab = office();
    let group = LAB.to_string();
    let said = run_as(&lab, ADA, OTHERS, &["init", "--group", &group]).ends(2);
    assert!(said.err.contains("only root and members of the group"), "{}", said.err);
    run_as(&lab, ADA, LAB, &["init", "--group", &group]).ends(0);
    let [families, children] = ["files/families.csv", "files/children.csv"].map(|name| lab.name(name));
    let recipient = custodian(&lab, "identity").1;
    // One account creates each kind of file, and the other writes it again.
    for (account, command) in [
        (ADA, &["vault", "recipients", "add", &recipient][..]),
        (BOB, &["import", &families]),
        (ADA, &["import", &children]),
        (BOB, &["match"]),
        (ADA, &["match", "--full"]),
        (BOB, &["index"]),
        (BOB, &["candidates"]),
        (ADA, &["candidates"]),
        (BOB, &["kin", "--within", "all"]),
        (BOB, &["verify"]),
    ] {
        let said = run_as(&lab, account, LAB, command);
        assert!(said.status < 2, "{account} {command:?}: {}", said.err);
        assert!(!said.err.contains("was open") && !said.err.contains("was closed"), "{}", said.err);
        is_the_groups(&lab.path("shared/store"), LAB, 0o660, 0o2770);
    }
    // Root's work leaves nothing that the members cannot use.
    let settings = lab.run_on("shared/store", &["index"]).ends(0);
    assert!(!settings.err.contains("was open"), "{}", settings.err);
    is_the_groups(&lab.path("shared/store"), LAB, 0o660, 0o2770);
    assert!(everything_in(&lab.path("shared/store")).iter().all(|path| fs::metadata(path).unwrap().uid() != 0));
    let chain = run_as(&lab, BOB, LAB, &["audit", "list"]).ends(0).out;
    assert!(chain.contains(&ADA.to_string()) && chain.contains(&BOB.to_string()), "{chain}");
    // An account outside the group sees nothing, and a key is readable by its owner alone.
    let said = run_as(&lab, OTHERS, OTHERS, &["verify"]).ends(2);
    assert!(said.err.contains("Permission denied"), "{}", said.err);
}

/// The same for a store that belongs to its owner alone.
#[test]
#[ignore = "needs root, to run the program as several users; .ci/run runs it where it may"]
fn files_that_root_makes_in_a_store_belong_to_its_owner() {
    assert!(geteuid().is_root(), "this test is for root");
    let lab = office();
    let recipient = custodian(&lab, "identity").1;
    run_as(&lab, ADA, LAB, &["init"]).ends(0);
    work(&lab, "shared/store", &recipient);
    for path in everything_in(&lab.path("shared/store")) {
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.uid(), found.mode() & 0o077), (ADA, 0), "{}", path.display());
    }
    for command in [&["candidates"][..], &["match", "--full"], &["index"], &["verify"]] {
        let said = run_as(&lab, ADA, LAB, command);
        assert!(said.status < 2, "{command:?}: {}", said.err);
    }
    let said = run_as(&lab, BOB, LAB, &["verify"]).ends(2);
    assert!(said.err.contains("Permission denied"), "{}", said.err);
}

/// A file has one group: if some accounts write and others only read, an access control list of the file system names
/// them.
#[test]
#[ignore = "needs root and setfacl; .ci/run runs it where it may"]
fn an_access_control_list_is_left_to_the_file_system() {
    assert!(geteuid().is_root(), "this test is for root");
    let lab = office();
    run_as(&lab, ADA, LAB, &["init", "--group", &LAB.to_string()]).ends(0);
    let list = format!("g:{OTHERS}:rX,d:g:{OTHERS}:rX");
    let set = Command::new("setfacl").args(["-R", "-m", &list]).arg(lab.path("shared/store")).status().unwrap();
    assert!(set.success(), "setfacl");
    let [families, children] = ["files/families.csv", "files/children.csv"].map(|name| lab.name(name));
    let recipient = custodian(&lab, "identity").1;
    for (account, command) in [
        (BOB, &["vault", "recipients", "add", &recipient][..]),
        (BOB, &["import", &families]),
        (ADA, &["import", &children]),
        (BOB, &["match"]),
    ] {
        let said = run_as(&lab, account, LAB, command);
        assert!(said.status < 2 && !said.err.contains("was open"), "{account} {command:?}: {}", said.err);
        // The program for readers has no key.
        let mut reader = Command::new(lab.path("reunite"));
        reader.arg("--store").arg(lab.path("shared/store")).arg("verify").uid(BOB + 1).gid(OTHERS).current_dir("/");
        let said = run(plain(&mut reader)).ends(0).says(&["this account cannot write to the store"]);
        assert!(!said.err.contains("was open"), "{}", said.err);
    }
    is_the_groups(&lab.path("shared/store"), LAB, 0o660, 0o2770);
}

/// What a member made stays the member's when the store is not for writing members any more.
#[test]
#[ignore = "needs root, to run the program as several users; .ci/run runs it where it may"]
fn files_of_former_members_are_named_until_the_owner_takes_them_over() {
    assert!(geteuid().is_root(), "this test is for root");
    let lab = office();
    run_as(&lab, ADA, LAB, &["init", "--group", &LAB.to_string()]).ends(0);
    let table = lab.write("table.csv", reunite::store::Frequencies::built_in().text);
    fs::set_permissions(&table, Permissions::from_mode(0o644)).unwrap();
    run_as(&lab, BOB, LAB, &["frequencies", "add", "Han", &table, "--reason", "also"]).ends(0);
    let settings = lab.path("shared/store/reunite.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("members = \"write\"", "members = \"read\"")).unwrap();
    run_as(&lab, ADA, LAB, &["verify"])
        .ends(0)
        .says(&["reunite.toml was made by another user, who can change it", "cp FILE NEW"]);
    run_as(&lab, ADA, LAB, &["verify"]).ends(2).says(&["belongs to another user", "cp FILE NEW && mv NEW FILE"]);
    for path in everything_in(&lab.path("shared/store")).iter().filter(|path| path.is_file()) {
        let new = path.with_extension("new");
        fs::copy(path, &new).unwrap();
        chown(&new, Some(ADA), Some(LAB)).unwrap();
        fs::rename(&new, path).unwrap();
    }
    run_as(&lab, ADA, LAB, &["verify"]).ends(0);
    is_the_groups(&lab.path("shared/store"), LAB, 0o640, 0o2750);
    run_as(&lab, BOB, LAB, &["verify"]).ends(0).says(&["this account cannot write to the store"]);
}
