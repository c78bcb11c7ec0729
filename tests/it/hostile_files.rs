//! Tests of files, names and identifiers from hostile or careless people: links, pipes, open modes, forged names,
//! lookalikes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::common::{Lab, Said, reunite};

const FAMILIES: &str = "family_id,sample_id,relation,sex,D3S1358,vWA,FGA,TH01,TPOX,D16S539,CSF1PO,D8S1179\n";
const PROFILE: &str = "15/16,14/17,22/24,6/7,8/11,11/13,10/12,13/14";

fn couple(first: &str, second: &str) -> String {
    format!("{FAMILIES}{first},M1,mother,f,{PROFILE}\n{second},D1,father,m,{PROFILE}\n")
}

fn import(lab: &Lab, name: &str, text: &str, options: &[&str]) -> Said {
    lab.import("families", name, text, &[&["--skip-identities"], options].concat())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn no_file_of_a_store_is_opened_through_a_link_or_a_second_name() {
    let lab = Lab::with_population(2, 3);
    lab.run(&["match"]);
    let precious = lab.path("precious");
    let files = [
        "lock",
        "reunite.toml",
        "frequencies.csv",
        "ledger.db",
        "ledger.db-wal",
        "ledger.db-journal",
        "ledger.db.seal",
    ];
    for file in files {
        let (place, aside) = (lab.path("store").join(file), lab.path("aside"));
        let was_there = fs::rename(&place, &aside).is_ok();
        let content = fs::read(&aside).unwrap_or_else(|_| b"precious".to_vec());
        for kind in ["link", "hard link", "pipe"] {
            fs::write(&precious, &content).unwrap();
            match kind {
                "link" => symlink(&precious, &place).unwrap(),
                "hard link" => fs::hard_link(&precious, &place).unwrap(),
                _ => mkfifo(&place, Mode::S_IRWXU).unwrap(),
            }
            // `verify` takes no lock.
            let commands = ["index", "verify"].into_iter().filter(|command| (file, *command) != ("lock", "verify"));
            for command in commands {
                let said = lab.run(&[command]).ends(2);
                // The message about a seal names the ledger.
                let named = file.trim_end_matches(".seal");
                assert!(said.err.contains(named), "{command}, {file}, {kind}: {}", said.err);
                let why = ["symbolic link", "2 names", "not a regular file"];
                assert!(why.iter().any(|why| said.err.contains(why)), "{command}, {file}, {kind}: {}", said.err);
                assert_eq!(fs::read(&precious).unwrap(), content, "{command}, {file}, {kind}");
            }
            fs::remove_file(&place).unwrap();
        }
        if was_there {
            fs::rename(&aside, &place).unwrap();
        } else {
            let _ = fs::remove_file(&aside);
        }
    }
    // The program builds an index again in the place of a link, and does not write where the link leads.
    let index = lab.path("store/index/children.idx");
    fs::remove_file(&index).unwrap();
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, &index).unwrap();
    let said = lab.run(&["match", "--full"]);
    assert!(said.status < 2, "{}", said.err);
    assert_eq!(lab.read("precious"), "precious");
    assert!(index.symlink_metadata().unwrap().is_file());
}

#[test]
fn what_other_users_could_read_is_closed_and_said() {
    let lab = Lab::with_population(2, 3);
    lab.run(&["match"]);
    for path in ["store", "store/index", "store/index/children.idx", "store/ledger.db", "store/reunite.toml"] {
        let path = lab.path(path);
        let before = mode(&path);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        lab.run(&["--quiet", "verify"]).ends(0).says(&["was open to other users (mode 0755)", "closed to them now"]);
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
        assert!(!lab.run(&["verify"]).ends(0).err.contains("was open"));
        fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
    }
}

#[test]
fn outputs_replace_no_special_file_no_input_and_nothing_of_another_kind() {
    let lab = Lab::with_population(2, 3);
    mkfifo(&lab.path("pipe"), Mode::S_IRWXU).unwrap();
    let (children, pipe) = (lab.name("files/children.csv"), lab.name("pipe"));
    let table = fs::read(lab.path("files/children.csv")).unwrap();
    let export = |arguments: &[&str]| lab.run(&[&["export", "--as", "children"], arguments].concat());
    let manifest = |arguments: &[&str]| lab.run(&[&["import", &children, "--manifest"], arguments].concat());
    export(&["--force", &pipe]).ends(2).says(&["not a regular file", "only replace a regular file"]);
    manifest(&[&pipe]).ends(2).says(&["not a regular file"]);
    manifest(&[&pipe, "--force"]).ends(2).says(&["not a regular file"]);
    assert!(lab.path("pipe").symlink_metadata().unwrap().file_type().is_fifo());
    // The imported file, its folder, the key, and a file with other content.
    manifest(&[&children]).ends(2).says(&["this command reads"]);
    manifest(&[&children, "--force"]).ends(2).says(&["this command reads"]);
    let other = lab.write("other", "a,b\n");
    manifest(&[&other]).ends(2).says(&["not an earlier output of this kind", "--force"]);
    assert_eq!(lab.read("other"), "a,b\n");
    manifest(&[&other, "--force"]).ends(0);
    assert!(lab.read("other").contains("\"dry_run\""));
    // A manifest replaces one of an earlier import, since scripts write it every night.
    manifest(&[&other]).ends(0);
    let key = lab.name("key");
    let before = lab.read("key");
    export(&["--force", &key]).ends(2).says(&["secret key"]);
    manifest(&[&key, "--force"]).ends(2);
    export(&["--force", &lab.name("store/ledger.db")]).ends(2).says(&["in the folder of a store"]);
    export(&[&lab.name("store/new.csv")]).ends(2).says(&["in the folder of a store"]);
    assert_eq!(lab.read("key"), before);
    // A link stays, and two outputs of one command must be two files.
    symlink(lab.path("other"), lab.path("link")).unwrap();
    export(&["--force", &lab.name("link")]).ends(2).says(&["a link"]);
    let out = lab.name("out.csv");
    export(&[&out, "--typings", &out]).ends(2).says(&["two outputs"]);
    assert!(!lab.path("out.csv").exists());
    export(&["-"]).ends(2).says(&["not -"]);
    export(&[&out]).ends(0);
    export(&[&out]).ends(2).says(&["exists", "--force"]);
    export(&["--force", &out]).ends(0);
    assert_eq!(fs::read(lab.path("files/children.csv")).unwrap(), table);
    assert!(lab.run(&["verify"]).ends(0).out.contains("sound"));
}

#[test]
fn names_are_shown_escaped() {
    let lab = Lab::new();
    fs::create_dir(lab.path("in")).unwrap();
    let bad = "a\u{1b}[2J\u{202e}\u{200b}\u{9b}\nerror: forged.csv";
    lab.write(&format!("in/{bad}"), "sample_id,sex,vWA,FGA\nQ1,m,14/15,22\n");
    let deceives = |text: &str| text.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{9b}']);
    let plain = |said: Said| {
        for text in [&said.out, &said.err] {
            assert!(!deceives(text), "{text:?}");
            assert!(!text.lines().any(|line| line.starts_with("error: forged")), "{text:?}");
        }
        said
    };
    let shown = r"a\u{1b}[2J\u{202e}\u{200b}\u{9b}\nerror: forged.csv";
    let (folder, file) = (lab.name("in"), lab.name(&format!("in/{bad}")));
    plain(lab.run(&["import", "--as", "children", &folder])).says(&[shown]);
    plain(lab.run(&["import", "--as", "families", &folder])).ends(2).says(&[shown]);
    let json = plain(lab.run(&["import", "--as", "children", &folder, "--report-format", "json"])).json();
    assert!(json["files"][0]["file"].as_str().unwrap().ends_with(shown));
    for arguments in [
        &["import", "--as", "children", "--cases", &file, &file][..],
        &["import", "--as", "families", "--pedigrees", &file, &file],
        &["import", "--map", &file, &file],
        &["export", "--as", "children", &file],
        &["init", "--frequencies", &file],
        &["frequencies", "check", &file],
        &["lr", &file],
        &["maps", "show", bad],
        &["families", "check", bad],
        &["import", &format!("--as={bad}"), &file],
        &[bad],
    ] {
        plain(lab.run(arguments));
    }
    plain(lab.run_on(&format!("in/{bad}"), &["verify"])).ends(2);
    lab.run(&["verify", "--reason", "a\u{202e}b"]).ends(2).says(&["control or invisible"]);
    // An earlier version may have recorded a reason with this text; no version accepted control characters.
    let bad = "a\u{202e}\u{200b}b";
    let database = lab.database("store");
    database.execute_batch("DROP TRIGGER audit_is_not_edited").unwrap();
    database.execute("UPDATE audit SET reason = ?1, user = ?1", [bad]).unwrap();
    drop(database);
    for format in ["table", "csv", "json"] {
        plain(lab.run(&["audit", "list", "--format", format])).ends(0);
    }
}

#[test]
fn texts_that_spreadsheets_compute_are_exported_inert_and_come_back() {
    let lab = Lab::new();
    let formula = "=cmd|' /C calc'!A0";
    let text = format!(
        "sample_id,sex,agency,region,kit,D3S1358,vWA\nC1,f,{formula},@SUM(1),+x,15/16,14/15\nC2,m,-1+1,-,'=1,14,16\n"
    );
    lab.import("children", "c.csv", &text, &["--skip-identities"]).ends(0);
    let out = lab.name("out.csv");
    lab.run(&["export", "--as", "children", "--show-genotypes", &out]).ends(0);
    let exported = lab.read("out.csv");
    for cell in exported.lines().skip(1).flat_map(|line| line.split(',')) {
        assert!(cell == "-" || !cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    assert!(exported.contains(",'=cmd|' /C calc'!A0,'@SUM(1),,'+x,"), "{exported}");
    lab.run_on("copy", &["init"]).ends(0);
    lab.run_on("copy", &["import", "--as", "children", "--identifiers", "pseudonyms", "--skip-identities", &out])
        .ends(0);
    let again = lab.name("again.csv");
    lab.run_on("copy", &["export", "--as", "children", "--show-genotypes", &again]).ends(0);
    assert_eq!(lab.read("again.csv"), exported);
    let agencies = |store| -> Vec<String> {
        let database = lab.database(store);
        let mut statement = database.prepare("SELECT agency FROM sample ORDER BY agency").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(agencies("copy"), ["-1+1", formula]);
    assert_eq!(agencies("copy"), agencies("store"));
}

#[test]
fn identifiers_that_are_the_same_but_for_their_width_are_one() {
    for (one, other) in [("F1", "Ｆ１"), ("N B", "N\u{a0}B"), ("N B", "N\u{3000}B")] {
        let lab = Lab::new();
        import(&lab, "f.csv", &couple(one, other), &[]).ends(0).says(&["full-width", "identifier-folded"]);
        assert!(lab.counts().contains("1 families") || lab.counts().contains("1 family"), "{}", lab.counts());
    }
    let lab = Lab::new();
    let names = lab.pseudonyms("family", ["F1", "Ｆ１"]);
    assert_eq!(names["F1"], names["Ｆ１"]);
    for bad in ["X\u{fe0f}1", "X\u{2800}1", "X\u{3164}1", "X\u{fffd}1", "X\u{e000}1", "X\u{200b}1", "X\u{e0041}1", "А1"]
    {
        let said = import(&lab, "f.csv", &couple("X1", bad), &[]).ends(2);
        assert!(said.err.contains("[error: identifier"), "{bad:?}: {}", said.err);
    }
    for bad in ["A\u{200b}", "A\u{fffd}", "A\u{e000}", "A\u{202e}"] {
        let text = format!("sample_id,sex,agency,vWA\nC1,f,{bad},14\n");
        let said = lab.import("children", "c.csv", &text, &[]).ends(2);
        assert!(said.err.contains("[error: agency]"), "{bad:?}: {}", said.err);
    }
    assert!(lab.counts().contains("0 families"));
}

#[test]
fn identifiers_that_differ_by_case_or_spaces_are_asked_about() {
    for (one, other) in [("F1", "f1"), ("F 1", "F1"), ("f 1", "F1"), ("Fa", "fA"), ("鲁（1）", "鲁(1)")] {
        // Both identifiers are in one file.
        let lab = Lab::new();
        import(&lab, "f.csv", &couple(one, other), &[]).ends(2).says(&[
            "f.csv:3: column A (family_id)",
            "line 2",
            "--identifier-forms distinct",
            "identifier-form",
        ]);
        assert!(lab.counts().contains("0 families"), "{one}, {other}");
        let distinct = ["--identifier-forms", "distinct"];
        import(&lab, "f.csv", &couple(one, other), &distinct).ends(0).says(&["warning: identifier-form"]);
        assert!(lab.counts().contains("2 families"), "{one}, {other}");
    }
    // One identifier is in the store and one in a file, in either order.
    for (one, other) in [("F1", "f1"), ("f1", "F1"), ("F 1", "F1"), ("f1", "F 1")] {
        let lab = Lab::new();
        let text = couple(one, other);
        let (header, rows) = text.split_once('\n').unwrap();
        let file = |row: &str| format!("{header}\n{row}\n");
        let (mother, father) = rows.split_once('\n').unwrap();
        import(&lab, "1.csv", &file(mother), &[]).ends(0);
        let said = import(&lab, "2.csv", &file(father), &[]);
        if (one, other) == ("F 1", "F1") {
            // The store has only a hash of the identifier, and an import cannot try every place for a space.
            assert_eq!(said.status, 0);
            continue;
        }
        said.ends(2).says(&["2.csv:2", "one that the store has", "identifier-form"]);
        let said = import(&lab, "2.csv", &file(father), &["--keep-going"]).ends(2);
        assert!(!said.err.contains("added"), "{}", said.err);
        import(&lab, "2.csv", &file(father), &["--identifier-forms", "distinct"]).ends(0);
        // The program does not ask again about a decided form.
        let said = import(&lab, "2.csv", &file(father), &[]).ends(0);
        assert!(!said.err.contains("identifier-form"), "{}", said.err);
    }
    // The same for samples; each agency has its own numbers.
    let lab = Lab::new();
    let children = |ids: [&str; 2], agencies: [&str; 2]| {
        let [a, b] = [0, 1].map(|i| format!("{},f,{},1{i}/15\n", ids[i], agencies[i]));
        format!("sample_id,sex,agency,vWA\n{a}{b}")
    };
    let options = ["--skip-identities"];
    lab.import("children", "c.csv", children(["s1", "S1"], ["A", "A"]), &options).ends(2).says(&["identifier-form"]);
    lab.import("children", "c.csv", children(["s1", "S1"], ["A", "B"]), &options).ends(0);
}

#[test]
fn an_ambiguous_encoding_is_asked_about() {
    let lab = Lab::new();
    let both = b"sample_id,sex,agency,vWA\nC1,f,\xc4\xb3,14\n";
    lab.import("children", "c.csv", both, &[]).ends(2).says(&["UTF-8 or GB18030", "--encoding", "encoding-unclear"]);
    for encoding in ["utf-8", "gb18030"] {
        let said = lab.import("children", "c.csv", both, &["--encoding", encoding, "--dry-run"]);
        said.ends(0);
    }
    lab.import("children", "c.csv", both, &["--encoding", "gb18030"]).ends(0);
    let agency: String = lab.database("store").query_row("SELECT agency FROM sample", [], |row| row.get(0)).unwrap();
    assert_eq!(agency, "某");
}

#[test]
fn absurd_numbers_of_threads_are_refused() {
    reunite(&["--threads", "100000", "kits"]).ends(2).says(&["--threads 100000", "processor", "give fewer"]);
    reunite(&["--threads", "2", "kits"]).ends(0);
}

#[test]
fn threads_that_cannot_be_started_are_an_error() {
    let script = format!("ulimit -v 300000; exec {} --threads 64 kits", crate::common::PROGRAM);
    let said = crate::common::run(std::process::Command::new("sh").args(["-c", &script]));
    if said.status != 0 {
        said.ends(2).says(&["cannot start 64 threads", "--threads"]);
    }
}

#[test]
fn a_long_line_is_not_read_to_its_end() {
    let lab = Lab::new();
    let mut text = b"sample_id,sex,vWA\nC1,f,14\n".to_vec();
    text.resize(40 << 20, b'A');
    let file = lab.write("long.csv", text);
    for arguments in [
        &["import", "--as", "children", &file][..],
        &["import", "--as", "children", "--cases", &file, &file],
        &["import", "--as", "families", "--pedigrees", &file, &file],
        &["lr", &file],
    ] {
        let said = lab.run(arguments).ends(2);
        assert!(said.err.contains("missing line end") || said.err.contains("given-up"), "{}", said.err);
    }
}
