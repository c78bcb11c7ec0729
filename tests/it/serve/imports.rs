//! Files that browsers send: what is found in them, what is imported, and that nothing else is left of them.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::client::{Answer, Browser, PASSPHRASE, Served, choices_with, enrol, lab, rows};
use crate::common::{Lab, everything_in};

const HEAD: &str = "sample_id,sex,D3S1358,vWA,FGA,TH01,TPOX,D16S539,CSF1PO,D8S1179\n";
const ONE: &str = "NEW-1,m,15/16,14/17,22/24,6/7,8/11,11/13,10/12,13/14\n";
const TWO: &str = "NEW-2,f,14/16,14/18,21/24,6/9,8/8,11/12,10/11,12/14\n";
const BROKEN: &str = "NEW-3,f,14/16,fourteen,21/24,6/9,8/8,11/12,10/11,12/14\n";

fn children() -> String {
    [HEAD, ONE, TWO].concat()
}

/// Checks a file and returns the page with what was found.
fn checked(browser: &mut Browser, name: &str, content: &[u8], choices: &[(&str, &str)]) -> Answer {
    browser.get("/import");
    let answer = browser.upload(name, content, choices);
    assert_eq!((answer.status, answer.header("location")), (303, "/import"), "{answer:?}");
    let page = browser.get("/import");
    assert_eq!(page.status, 200);
    page
}

/// Confirms what the page asks, and returns the page with the result.
fn confirmed(browser: &mut Browser, page: &Answer) -> Answer {
    let number = page.field("number").unwrap();
    let answer = browser.post("/import/confirm", &[("number", &number)]);
    assert_eq!((answer.status, answer.header("location")), (303, "/import"), "{answer:?}");
    browser.get("/import")
}

/// The names of everything in the store and in the folder for temporary files. The ledger's own files come and go.
fn names(lab: &Lab) -> BTreeSet<PathBuf> {
    let is_of_ledger = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("ledger.db");
    everything_in(&lab.path("store")).into_iter().filter(|path| !is_of_ledger(path)).collect()
}

#[test]
fn files_are_uploaded_checked_confirmed_and_matched_as_on_the_command_line() {
    let (lab, other) = (Lab::new(), Lab::with_population(24, 120));
    lab.synth("files", 24, 120, 1);
    enrol(&lab);
    let mut served = Served::new(&lab, &["--reason", "a test of ours"]);
    let mut browser = served.signed_in("A1");
    for (file, holds) in [("families.csv", "auto"), ("children.csv", "children")] {
        let content = std::fs::read(lab.path("files").join(file)).unwrap();
        let before = lab.counts();
        let page = checked(&mut browser, file, &content, &[("holds", holds)]);
        assert!(page.body.contains("The file can be imported") && page.body.contains(file), "{}", page.body);
        assert_eq!(lab.counts(), before, "nothing is imported before the confirmation");
        let page = confirmed(&mut browser, &page);
        assert!(page.body.contains("The file is imported") && page.body.contains("href=\"/match\""), "{}", page.body);
        assert_eq!(page.field("number"), None);
    }
    assert_eq!(lab.counts(), other.counts());
    browser.post("/match/start", &[("extent", "full")]);
    let begun = Instant::now();
    while browser.get("/match/progress").body.contains("true") {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(50));
    }
    other.run(&["match"]).ends(0);
    let candidates =
        |lab: &Lab| lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"].as_array().unwrap().len();
    assert_eq!(rows(&browser.get("/candidates")).len().min(50), candidates(&other).min(50));
    assert_eq!(candidates(&lab), candidates(&other));
    let log = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert_eq!(log.matches("serve import").count(), 4, "two checks and two imports");
    assert!(log.matches("dry run").count() >= 2 && log.contains("A1") && log.contains("a test of ours"));
    assert!(!log.contains("children.csv"), "names of files are not recorded");
    drop(browser);
    assert_eq!(served.end(), Some(0));
    lab.run(&["verify"]).ends(0);
}

#[test]
fn findings_name_line_column_and_remedy_and_a_file_with_errors_is_not_confirmed() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("R1");
    let before = lab.counts();
    let broken = [HEAD, ONE, BROKEN, TWO].concat();
    let page = checked(&mut browser, "new.csv", broken.as_bytes(), &[("holds", "children")]);
    for part in ["The file has errors", "<td>3</td>", "D vWA", "There is nothing to import", "<code>allele</code>"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("fourteen") && !page.body.contains("NEW-3") && !page.body.contains("/import/confirm"));
    // The same findings as on the command line.
    let said = lab.import("children", "new.csv", &broken, &["--dry-run", "--report-format", "json"]).ends(2).json();
    for finding in said["findings"].as_array().unwrap() {
        let code = finding["code"].as_str().unwrap();
        assert!(page.body.contains(&format!("<code>{code}</code>")), "{code}");
    }
    // A number of a page whose file has errors imports nothing, either.
    let number = page.field("number").unwrap();
    browser.post("/import/confirm", &[("number", &number)]);
    assert!(browser.get("/import").body.contains("Nothing is imported"));
    assert_eq!(lab.counts(), before);
    // The valid rows, on request, without sending the file again.
    let page = checked(&mut browser, "new.csv", broken.as_bytes(), &[("holds", "children")]);
    let number = page.field("number").unwrap();
    let choices = choices_with(&[("holds", "children"), ("keep_going", "yes"), ("number", &number)]);
    assert_eq!(browser.post("/import/again", &choices).status, 303);
    let page = browser.get("/import");
    assert!(page.body.contains("The file can be imported"), "{}", page.body);
    assert!(confirmed(&mut browser, &page).body.contains("The file is imported"));
    assert_ne!(lab.counts(), before);
    // The Chinese page.
    browser.post("/language", &[("lang", "zh"), ("to", "/import")]);
    let page = checked(&mut browser, "new.csv", broken.as_bytes(), &[("holds", "children")]);
    assert!(page.body.contains("文件有错误") && page.body.contains("处理办法") && !page.body.contains("The file"));
    lab.run(&["verify"]).ends(0);
}

#[test]
fn conflicts_are_decided_by_the_person() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    let page = checked(&mut browser, "a.csv", children().as_bytes(), &[]);
    confirmed(&mut browser, &page);
    let page = checked(&mut browser, "a.csv", children().as_bytes(), &[]);
    assert!(page.body.contains("The store has all rows already") && !page.body.contains("/import/confirm"));
    let other = children().replace("14/17", "14/15");
    let page = checked(&mut browser, "b.csv", other.as_bytes(), &[]);
    assert!(page.body.contains("conflicts with the store") && page.body.contains("--on-conflict keep or replace"));
    let number = page.field("number").unwrap();
    let choices = choices_with(&[("conflict", "replace"), ("number", &number)]);
    assert_eq!(browser.post("/import/again", &choices).status, 303);
    // The form before it, and its number, are worth nothing any more.
    assert_eq!(browser.post("/import/confirm", &[("number", &number)]).status, 422);
    let page = browser.get("/import");
    assert!(page.body.contains("value=\"replace\" selected"));
    assert!(confirmed(&mut browser, &page).body.contains("The file is imported"));
    let log = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(log.contains("\"on_conflict\": \"replace\"") || log.contains("\"on_conflict\":\"replace\""), "{log}");
    // Lists without genotypes.
    let page = checked(&mut browser, "k.csv", b"sample_id\nNEW-1\n", &[("holds", "keeping")]);
    assert!(page.body.contains("class=\"error\""), "{}", page.body);
    let answer = browser.upload("k.csv", b"x", &[("holds", "keeping"), ("conflict", "add")]);
    assert!(answer.status == 422 && answer.body.contains("for families and children only"));
    lab.run(&["verify"]).ends(0);
}

#[test]
fn nothing_is_left_of_a_file_that_is_not_imported() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    browser.get("/import");
    let before = names(&lab);
    let open = |served: &Served<'_>| {
        let links = std::fs::read_dir(format!("/proc/{}/fd", served.process.id()));
        let links = links.into_iter().flatten().filter_map(|one| std::fs::read_link(one.unwrap().path()).ok());
        links.filter(|link| link.to_string_lossy().ends_with("(deleted)")).count()
    };
    let at_rest = open(&served);
    let page = checked(&mut browser, "a.csv", children().as_bytes(), &[]);
    assert_eq!(names(&lab), before, "a file that waits has no name");
    assert_eq!(open(&served), at_rest + 1);
    // Of another person, it is neither seen nor confirmed.
    let mut other = served.signed_in("R1");
    let number = page.field("number").unwrap();
    assert!(!other.get("/import").body.contains("a.csv"));
    for path in ["/import/confirm", "/import/discard"] {
        assert_eq!(other.post(path, &[("number", &number)]).status, 422, "{path}");
    }
    assert_eq!(browser.post("/import/confirm", &[("number", "0")]).status, 422);
    let answer = browser.post("/import/discard", &[("number", &number)]);
    assert!(answer.status == 200 && answer.body.contains("The file is discarded"));
    assert_eq!((open(&served), browser.post("/import/confirm", &[("number", &number)]).status), (at_rest, 422));
    // A sign-out forgets it, and so does an error, an import and a second file.
    checked(&mut browser, "a.csv", children().as_bytes(), &[]);
    browser.post("/sign-out", &[]);
    assert_eq!(open(&served), at_rest);
    browser.get("/sign-in");
    browser.sign_in("A1", PASSPHRASE);
    for name in ["b.csv", "c.csv"] {
        checked(&mut browser, name, children().as_bytes(), &[]);
        assert_eq!(open(&served), at_rest + 1);
    }
    let page = browser.get("/import");
    confirmed(&mut browser, &page);
    assert_eq!(open(&served), at_rest);
    checked(&mut browser, "a.csv", children().as_bytes(), &[]);
    served.process.kill().unwrap();
    served.process.wait().unwrap();
    assert_eq!(names(&lab), before, "a server that is killed leaves nothing");
    lab.run(&["verify"]).ends(0);
}

#[test]
fn names_of_files_are_never_paths() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    browser.get("/import");
    let outside = names(&lab).len();
    for name in [
        "../../../etc/passwd",
        "/etc/passwd",
        "..\\..\\reunite.toml",
        "-",
        "",
        ".",
        "..",
        "store",
        "a\u{0}b",
        "<b onclick=x>",
        "x'; DROP TABLE children;--",
        "\u{202e}vsc.exe",
        &"n".repeat(3000),
    ] {
        browser.get("/import");
        served
            .tally
            .next("a file whose name is a path, a command or very long (303: checked, and stored without a name)");
        let answer = browser.upload(name, children().as_bytes(), &[]);
        served.tally.next(None);
        assert!([303, 403].contains(&answer.status), "{name:?}: {answer:?}");
        let page = browser.get("/import");
        for part in ["etc/passwd", "<b onclick", "\u{202e}", &"n".repeat(200)] {
            assert!(!page.body.contains(part), "{name:?}: {part}");
        }
    }
    assert_eq!(names(&lab).len(), outside);
    lab.run(&["verify"]).ends(0);
    served.tally.is_listed("names_of_files_are_never_paths");
}

#[test]
fn malformed_and_hostile_uploads_are_refused_and_end_nothing() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    browser.get("/import");
    let csrf = browser.csrf.clone();
    let (file, token) = (children(), csrf.as_bytes());
    let choices = choices_with(&[]);
    let plain = || choices.iter().map(|(name, value)| (*name, None, value.as_bytes())).collect::<Vec<_>>();
    let part = ("file", Some("a.csv"), file.as_bytes());
    let mut send = |parts: &[(&str, Option<&str>, &[u8])]| browser.post_parts("/import/check", parts).status;
    served.tally.next("a form with a file without the own token before it");
    // No token, a wrong one, one after the file, and one that is no field.
    assert_eq!(send(&[plain(), vec![part]].concat()), 403);
    assert_eq!(send(&[vec![("csrf", None, &b"0"[..])], plain(), vec![part]].concat()), 403);
    assert_eq!(send(&[plain(), vec![part, ("csrf", None, token)]].concat()), 403);
    served.tally.next("a form with a file and fields that no page sends, or with no file");
    // Repeated fields, files and unknown choices; no file, or an empty one.
    let own = ("csrf", None, token);
    assert_eq!(send(&[vec![own, own], plain(), vec![part]].concat()), 403);
    assert_eq!(send(&[vec![own], plain(), vec![part, part]].concat()), 403);
    assert_eq!(send(&[own, part]), 403);
    assert_eq!(send(&[vec![own, ("holds", None, &b"all"[..])], plain()[1..].to_vec(), vec![part]].concat()), 403);
    assert_eq!(send(&[vec![own], plain()].concat()), 422);
    assert_eq!(send(&[vec![own], plain(), vec![("file", Some(""), &b""[..])]].concat()), 422);
    assert_eq!(send(&[vec![own, ("x", None, &[b'x'; 2000][..])], plain(), vec![part]].concat()), 413);
    assert_eq!(send(&[vec![own, ("x", None, &b"a\nb"[..])], plain(), vec![part]].concat()), 403);
    assert_eq!(send(&[vec![own, ("x", None, &b"\xff"[..])], plain(), vec![part]].concat()), 403);
    served.tally.next("a form with a file that is broken off, malformed or of another type");
    // Forms that are broken off, of another type, or none.
    let kind = "multipart/form-data; boundary=x";
    let mut form = |kind: &str, body: &[u8]| browser.post_form("/import/check", kind, body).status;
    let begin = format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--x\r\n");
    for body in [
        String::new(),
        "--x--\r\n".to_owned(),
        "--x\r\n".to_owned(),
        "nothing of all this".to_owned(),
        begin.clone(),
        format!("{begin}Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nsample_id"),
        format!("{begin}Content-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"),
        format!("{begin}\r\nx\r\n--x--\r\n"),
        format!("{begin}\u{1}: \u{2}\r\n\r\nx\r\n--x--\r\n"),
        "--y\r\n".repeat(1000),
    ] {
        let status = form(kind, body.as_bytes());
        assert!([400, 403].contains(&status), "{status}: {body}");
    }
    for kind in ["multipart/form-data", "multipart/form-data; boundary=", "text/csv", "multipart/mixed; boundary=x"] {
        assert_eq!(form(kind, b"--x--\r\n"), 403, "{kind}");
    }
    let encoded = format!("csrf={csrf}");
    assert_eq!(form("application/x-www-form-urlencoded", encoded.as_bytes()), 403);
    served.tally.next("a file where there is no form for one");
    // A file where there is no form for one.
    let parts = [("csrf", None, token), part];
    for path in ["/import/confirm", "/language", "/match/start"] {
        assert_eq!(browser.post_parts(path, &parts).status, 403, "{path}");
    }
    assert_eq!(browser.get("/import/check").status, 405);
    served.tally.next(None);
    assert_eq!(browser.get("/import").status, 200, "the server works on");
    served.tally.is_listed("malformed_and_hostile_uploads_are_refused_and_end_nothing");
}

#[test]
fn uploads_that_are_large_slow_or_many_are_refused() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    browser.get("/import");
    let host = served.host.clone();
    let head = |length: u64| {
        format!(
            "POST /import/check HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nCookie: {}\r\nOrigin: http://{host}\r\n\
             Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n",
            browser.cookie
        )
    };
    served.tally.next("a file of a length that is too large");
    for length in [(16 << 20) + (16 << 10) + 1, 1 << 40] {
        assert_eq!(served.send(head(length)).status, 413, "{length}");
    }
    assert!([0, 400, 413, 431].contains(&served.send(head(u64::MAX)).status));
    served.tally.next(None);
    // A file within the limit of the form, and above that of files.
    let begin = format!(
        "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"a\"\r\n\r\n",
        browser.csrf
    );
    let large = [begin.as_bytes(), &vec![b'1'; (16 << 20) + 1], b"\r\n--x--\r\n"].concat();
    let status = served.send([head(large.len() as u64).as_bytes(), &large].concat()).status;
    assert!([0, 413].contains(&status), "{status}");
    served.tally.add_as("a file that is too large", "413 or closed");
    // Clients that send no more take the places for a while, and everything else goes on.
    let slow = || {
        let mut stream = TcpStream::connect(&host).unwrap();
        stream.write_all([head(1 << 20).as_bytes(), begin.as_bytes(), b"sample_id"].concat().as_slice()).unwrap();
        stream
    };
    let streams: Vec<TcpStream> = (0..4).map(|_| slow()).collect();
    std::thread::sleep(Duration::from_millis(500));
    let answer = browser.upload("a.csv", children().as_bytes(), &[]);
    assert!([0, 503].contains(&answer.status), "{answer:?}");
    served.tally.add_as("a file while four others are received", "503 or closed");
    assert_eq!(browser.get("/candidates").status, 200);
    drop(streams);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(browser.upload("a.csv", children().as_bytes(), &[]).status, 303);
    served.tally.is_listed("uploads_that_are_large_slow_or_many_are_refused");
}

#[test]
fn nobody_without_the_role_sends_a_file() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let before = lab.counts();
    for staff in ["S1", "M1"] {
        let mut browser = served.signed_in(staff);
        served.tally.next("a file of somebody without the role, not signed in or not let in");
        let answer = browser.upload("a.csv", children().as_bytes(), &[]);
        assert!(answer.status == 403 && answer.body.contains("Not for your role"), "{staff}: {answer:?}");
    }
    let mut nobody = served.browser();
    assert_eq!(nobody.upload("a.csv", children().as_bytes(), &[]).header("location"), "/sign-in");
    let mut stranger = served.stranger();
    assert_eq!(stranger.upload("a.csv", children().as_bytes(), &[]).status, 403);
    served.tally.next("a file that another site has a browser send");
    // Another site has a browser send a file.
    let mut browser = served.signed_in("A1");
    let form = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--x--\r\n";
    let head = format!(
        "Origin: https://evil.example\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    let answer = browser.request_bytes("POST /import/check", &[head.as_bytes(), form].concat());
    assert_eq!(answer.status, 403);
    assert!(!lab.run(&["audit", "list", "--format", "json"]).ends(0).out.contains("serve import"));
    assert_eq!(lab.counts(), before);
    served.tally.is_listed("nobody_without_the_role_sends_a_file");
}

#[cfg(feature = "xlsx")]
#[test]
fn a_workbook_that_unpacks_to_too_much_is_refused_with_a_finding() {
    use zip::write::{SimpleFileOptions, ZipWriter};

    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..400 {
        archive.write_all(&zeros).unwrap();
    }
    let bomb = archive.finish().unwrap().into_inner();
    assert!(bomb.len() < 2 << 20);
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    let begun = Instant::now();
    let page = checked(&mut browser, "a.xlsx", &bomb, &[]);
    assert!(page.body.contains("class=\"error\"") && !page.body.contains("/import/confirm"), "{}", page.body);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let peak = std::fs::read_to_string(format!("/proc/{}/status", served.process.id())).unwrap_or_default();
    let peak =
        peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // A passphrase takes 128 MiB while it is tried.
    assert!(peak.is_none_or(|kib| kib < 400 << 10), "{peak:?}");
}
