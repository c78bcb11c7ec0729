//! No identifier leaves its file, no other user can read a store, and the key stays outside the store and secret.

pub(crate) mod canaries;
pub(crate) mod commands;
mod modes;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::common::{Lab, PROGRAM, Said, reunite, run};
use canaries::{CANARIES, LOCI, PROFILE, children, families, silent, store_is_silent, without_canaries};

#[test]
fn identifiers_stay_in_their_files() {
    let lab = Lab::new();
    silent(lab.import("families", "f.csv", families(), &[]).ends(0).says(&["3 rows of families: 3 added"]));
    silent(lab.import("children", "c.csv", children(), &[]).ends(0));
    store_is_silent(&lab);
    for format in ["table", "csv", "json"] {
        let matched = silent(lab.run(&["match", "--format", format]).ends(0));
        assert!(matched.err.contains("candidates"), "{}", matched.err);
        silent(lab.run(&["candidates", "--format", format]).ends(0));
    }
    silent(lab.run(&["verify"]).ends(0));
    silent(lab.run(&["index"]).ends(0));
    silent(lab.import("families", "f.csv", families(), &[]).ends(0).says(&["nothing changed"]));
    let replaced = children().replace("15/16", "15/17");
    silent(lab.import("children", "c2.csv", replaced, &["--on-conflict", "replace"]).ends(0));
    let found = lab.pseudonyms("sample", CANARIES);
    silent(lab.run(&["candidates", "--child", &found[CANARIES[3]]]));
    store_is_silent(&lab);
}

#[test]
fn identifiers_are_not_repeated_when_something_is_wrong() {
    let lab = Lab::new();
    lab.import("families", "f.csv", families(), &[]).ends(0);
    lab.import("children", "c.csv", children(), &[]).ends(0);
    let [mother, father, family, child, second, card, row, chinese] = CANARIES;
    let head = format!("family_id,sample_id,relation,sex,agency,region,collected_on,kit,{LOCI}\n");
    let short = "family_id,sample_id,relation,sex,vWA\n";
    for (layout, text) in [
        // The identifier is in the wrong cell: relation, sex, agency, day, genotype.
        ("families", format!("{short}{family},X,{mother},female,14\n")),
        ("families", format!("{short}{family},X,mother,{chinese},14\n")),
        ("families", format!("{head}{family},X,mother,f,,,{card},,{PROFILE}\n")),
        ("families", format!("{head}{family},X,mother,f,{},,,,{PROFILE}\n", child.repeat(40))),
        ("families", format!("{short}{family},{father},father,male,{card}\n")),
        // The cells are shifted to the left, to the right, and by a delimiter within a cell.
        ("families", format!("{short}{mother},mother,female,14,{family}\n")),
        ("families", format!("{short},{family},{mother},mother,female\n")),
        ("families", format!("{short}{row},{family},{mother},mother,female,14\n")),
        ("children", format!("sample_id,sex,vWA\n{child};m;14\n")),
        ("children", format!("sample_id,sex,vWA\n\"{child},m,14\n")),
        ("children", format!("sample_id,sex,vWA\n{child}\u{200b},m,14\n")),
        // The header is missing, the table is transposed, or the header holds a number. Messages show other unknown
        // column names, since headers are not identifiers.
        ("children", format!("{child},m,14\n{second},f,15\n")),
        ("children", format!("sample_id,{child},{second},{row}\nsex,m,f,m\nvWA,14,15,16\n")),
        ("families", format!("family_id,sample_id,relation,sex,vWA,{card}\nF,S,father,m,14,\n")),
        // The identifier occurs twice, and conflicts with the store.
        ("children", format!("sample_id,sex,vWA\n{child},m,14\n{child},m,15\n")),
        ("families", format!("{short}{family},{card},father,male,14\n")),
        ("families", format!("{short}{family},{child},maternal-uncle,male,14\n")),
        ("families", format!("{short}{family},{father},paternal-uncle,male,14\n")),
        ("children", format!("sample_id,sex,vWA\n{child},m,9\n")),
        ("children", families()),
        ("families", children()),
    ] {
        for options in [&[][..], &["--keep-going"], &["--dry-run"]] {
            let said = silent(lab.import(layout, "bad.csv", &text, options).ends(2));
            assert!(said.err.contains("bad.csv"), "{text}: {}", said.err);
        }
    }
    silent(lab.run(&["candidates", "--family", family]).ends(2).says(&["--family: a pseudonym is 32"]));
    silent(lab.run(&["candidates", "--child", child]).ends(2).says(&["--child: a pseudonym is 32"]));
    silent(lab.run(&["match"]).ends(0));
    store_is_silent(&lab);
}

#[test]
fn numbers_of_persons_are_checked_and_not_kept() {
    let lab = Lab::new();
    let [.., card, row, chinese] = CANARIES;
    let manifest = lab.name("manifest.json");
    let numbers = format!(
        "sample_id,sex,身份证号,birth_certificate,AMEL,{LOCI}\nS1,m,{card},{chinese},X/Y,{PROFILE}\nS2,f,{row},,{row},\
         {PROFILE}/31\n"
    );
    for form in ["text", "json"] {
        let options = ["--report-format", form, "--manifest", &manifest];
        let said = silent(lab.import("children", "n.csv", &numbers, &options).ends(0));
        let all = said.out + &said.err;
        for code in ["id-check-digit", "id-form", "birth-certificate-form", "many-alleles", "amelogenin"] {
            assert!(all.contains(code), "{code}: {all}");
        }
        without_canaries("the manifest", lab.read("manifest.json").as_bytes());
    }
    let kind = ["--sample-id-kind", "birth-certificate"];
    silent(lab.import("children", "c.csv", children(), &kind).ends(0).says(&["[warning: birth-certificate-form]"]));
    // The number is in the header, and in a folder of files whose layout is not stated.
    fs::create_dir(lab.path("in")).unwrap();
    lab.write("in/a.csv", format!("{card},{row}\n{chinese},14\n"));
    lab.write("in/b.csv", format!("{card},sample_id,resident_id,vWA\n{chinese},{row},{card},14\n"));
    silent(lab.run(&["import", &lab.name("in"), "--manifest", &manifest]).ends(2));
    without_canaries("the manifest", lab.read("manifest.json").as_bytes());
    store_is_silent(&lab);
}

#[test]
fn a_bad_key_is_refused_and_never_printed() {
    let lab = Lab::new();
    let children = lab.write("c.csv", children());
    let before = lab.counts();
    let hex = lab.read("key").trim().strip_prefix("reunite-key-1 ").unwrap().to_owned();
    assert_eq!(hex.len(), 64);
    let refused = |key: &str, part: &str| {
        let key = lab.name(key);
        let new = lab.name("new");
        for command in [
            &["--store", &lab.name("store"), "import", "--as", "children", &children][..],
            &["--store", &new, "init"],
            &["pseudonym", "--kind", "sample"],
        ] {
            // A valid key that belongs to another store.
            if key.ends_with("other") && !command.contains(&"import") {
                continue;
            }
            let said = reunite(&[&["--key-file", &key], command].concat()).ends(2).says(&[part]);
            let half = &hex[..32];
            assert!(![&said.out, &said.err].iter().any(|text| text.contains(half) || text.contains(&hex[32..])));
        }
        assert!(!lab.path("new").exists());
        assert_eq!(lab.counts(), before);
    };
    let write = |name: &str, text: &str, mode| {
        lab.write(name, text);
        fs::set_permissions(lab.path(name), Permissions::from_mode(mode)).unwrap();
    };
    refused("none", "there is no key file");
    write("short", &format!("reunite-key-1 {}\n", &hex[..62]), 0o600);
    refused("short", "or is cut short");
    write("long", &format!("reunite-key-1 {hex}00\n"), 0o600);
    refused("long", "is not a key file");
    write("empty", "", 0o600);
    refused("empty", "is not a key file");
    write("bare", &format!("{hex}\n"), 0o600);
    refused("bare", "it must hold `reunite-key-1` and 64 hexadecimal digits");
    for mode in [0o644, 0o640, 0o602, 0o666] {
        write("open", &format!("reunite-key-1 {hex}\n"), mode);
        refused("open", "run chmod 600 on it");
    }
    symlink(lab.path("key"), lab.path("link")).unwrap();
    refused("link", "is not a regular file");
    fs::create_dir(lab.path("folder")).unwrap();
    refused("folder", "is not a regular file");
    reunite(&["key", "new", &lab.name("other")]).ends(0);
    refused("other", "use the right --key-file");
    let said = reunite(&["--store", &lab.name("store"), "import", "--as", "children", &children]).ends(2);
    said.says(&["give --key-file FILE or set REUNITE_KEY_FILE"]);
    let said = reunite(&["key", "new", &lab.name("key")]).ends(2).says(&["is not overwritten"]);
    assert!(!said.err.contains(&hex) && lab.read("key").contains(&hex));
    let made = reunite(&["key", "new", &lab.name("fresh")]).ends(0);
    let fresh = lab.read("fresh").trim().strip_prefix("reunite-key-1 ").unwrap().to_owned();
    assert!(!(made.out + &made.err).contains(&fresh[..32]));
}

#[test]
fn a_key_inside_the_store_is_refused() {
    let lab = Lab::new();
    fs::copy(lab.path("key"), lab.path("store/key")).unwrap();
    symlink(lab.path("store"), lab.path("other-way")).unwrap();
    for place in ["store/key", "other-way/key", "store/index/../key"] {
        let file = lab.write("c.csv", children());
        let (key, store) = (lab.name(place), lab.name("store"));
        let said = reunite(&["--key-file", &key, "--store", &store, "import", "--as", "children", &file]).ends(2);
        said.says(&["the key file is inside the store"]);
    }
    fs::remove_file(lab.path("store/key")).unwrap();
    assert!(lab.counts().contains(" 0 children"));
}

/// Runs a shell script with the program as `$0`, the key's path as `$1`, and further arguments from `$2` on.
fn script(lab: &Lab, text: &str, arguments: &[&str]) -> Said {
    run(Command::new("sh").args(["-c", text, PROGRAM, &lab.name("key")]).args(arguments))
}

#[test]
fn a_key_may_come_through_an_open_descriptor() {
    let lab = Lab::new();
    let names = lab.write("names", "S-1\n鲁-2\n");
    let expected = script(&lab, "\"$0\" --key-file \"$1\" pseudonym --kind sample < \"$2\"", &[&names]).ends(0).out;
    assert_eq!(expected.lines().count(), 2);
    for way in [
        "exec 3< \"$1\"; \"$0\" --key-fd 3 pseudonym --kind sample < \"$2\"",
        "cat \"$1\" | { exec 7<&0; \"$0\" --key-fd 7 pseudonym --kind sample < \"$2\"; }",
        // The descriptor takes precedence over the environment.
        "exec 3< \"$1\"; REUNITE_KEY_FILE=none \"$0\" --key-fd 3 pseudonym --kind sample < \"$2\"",
    ] {
        assert_eq!(script(&lab, way, &[&names]).ends(0).out, expected, "{way}");
    }
    let store = lab.name("store");
    let file = lab.write("c.csv", children());
    let import = "exec 3< \"$1\"; \"$0\" --key-fd 3 --store \"$2\" import --as children \"$3\"";
    script(&lab, import, &[&store, &file]).ends(0).says(&["2 added"]);
    let short = format!("{}\n", &lab.read("key")[..60]);
    lab.write("short", short);
    fs::set_permissions(lab.path("short"), Permissions::from_mode(0o600)).unwrap();
    fs::copy(lab.path("key"), lab.path("open")).unwrap();
    fs::set_permissions(lab.path("open"), Permissions::from_mode(0o640)).unwrap();
    fs::copy(lab.path("key"), lab.path("store/key")).unwrap();
    for (key, why) in [
        ("short", "is cut short"),
        ("open", "run chmod 600 on it"),
        ("store/key", "is inside the store"),
        (".", "regular"),
    ] {
        let import = "exec 3< \"$4\"; \"$0\" --key-fd 3 --store \"$2\" import --as children \"$3\"";
        script(&lab, import, &[&store, &file, &lab.name(key)]).ends(2).says(&[why]);
    }
    script(&lab, "\"$0\" --key-fd 9 pseudonym --kind sample", &[]).ends(2).says(&["there is no key file /dev/fd/9"]);
    script(&lab, "\"$0\" --key-fd 1 pseudonym --kind sample", &[]).ends(2);
}

#[test]
fn a_key_in_the_environment_is_refused_and_not_repeated() {
    let lab = Lab::new();
    let key = lab.read("key").trim().to_owned();
    let digits = key.rsplit(' ').next().unwrap().to_owned();
    for value in [&key, &digits] {
        for arguments in [&["pseudonym", "--kind", "sample"][..], &["init"], &["--help"], &["import", "--help"]] {
            let mut command = Command::new(PROGRAM);
            command.args(["--store", &lab.name("new")]).args(arguments);
            let output = crate::common::plain(&mut command).env("REUNITE_KEY_FILE", value).output().unwrap();
            let said = Said::of(output);
            assert!(!(said.out.clone() + &said.err).contains(&digits[..16]), "{arguments:?}");
            if !arguments.contains(&"--help") {
                said.ends(2).says(&["the key itself was given instead of the path of its file"]);
            }
        }
    }
    assert!(!lab.path("new").exists());
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads the limits of a process from /proc")]
fn a_crash_leaves_no_core_file() {
    use std::io::Write;
    use std::process::Stdio;
    let lab = Lab::new();
    let text = "ulimit -c unlimited || exit 9; exec \"$0\" --key-file \"$1\" pseudonym --kind sample";
    let mut command = Command::new("sh");
    command.args(["-c", text, PROGRAM, &lab.name("key")]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = crate::common::plain(&mut command).spawn().unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    // The program waits for input all the time; it lowers its limit after its start.
    let limited = (0..1000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let text = fs::read_to_string(&limits).unwrap();
        let line = text.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        line.split_whitespace().skip(4).take(2).eq(["0", "0"])
    });
    child.stdin.take().unwrap().write_all(b"S-1\n").unwrap();
    assert!(limited && child.wait().unwrap().success());
}
