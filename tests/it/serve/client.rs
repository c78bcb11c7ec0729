//! A server of a lab, and clients that send to it what they like.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::common::{Lab, interrupt, reunite};

pub(crate) const PASSPHRASE: &str = "a passphrase of ours";

/// The roles, each with the staff code of somebody who has it.
pub(crate) const PEOPLE: [(&str, &str); 5] =
    [("R1", "reviewer"), ("R2", "reviewer"), ("A1", "analyst"), ("S1", "supervisor"), ("M1", "administrator")];

/// Sealed keys, made once for all tests: each takes some time.
fn keys() -> &'static [(String, String)] {
    static KEYS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let passphrase = path("passphrase");
        fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
        fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
        let key = |(staff, _): &(&str, &str)| {
            let file = path(staff);
            reunite(&["review", "key", "--out", &file, "--passphrase-file", &passphrase]).ends(0);
            (fs::read_to_string(&file).unwrap(), fs::read_to_string(format!("{file}.pub")).unwrap())
        };
        PEOPLE.iter().map(key).collect()
    })
}

/// Makes a lab with candidates, and enrols somebody with each role.
pub(crate) fn lab() -> Lab {
    let lab = Lab::with_population(24, 120);
    lab.run(&["match"]).ends(0);
    enrol(&lab);
    lab
}

/// Imports what is stated of the children and of the families of a synthetic population, which agencies sent.
pub(crate) fn state_facts(lab: &Lab, families: usize, children: usize, agency: fn(usize) -> &'static str) {
    let mut found = "sample_id,sex,found_on,found_place,apparent_age,dialect,agency\n".to_owned();
    for number in 1..=children {
        let dialect = if number % 2 == 0 { "jilu-mandarin" } else { "" };
        found += &format!("C{number:07},,2014-02-01,370102,3-4,{dialect},{}\n", agency(number));
    }
    let mut missing = "family_id,sex,birth_from,birth_to,missing_on,missing_place,dialect,agency\n".to_owned();
    for number in 1..=families {
        missing += &format!("F{number:06},,2010-01-01,2010-03-31,2015-05-01,371202,jilu-mandarin,{}\n", agency(number));
    }
    lab.import("found-children", "found.csv", found, &[]).ends(0);
    lab.import("missing-children", "missing.csv", missing, &[]).ends(0);
}

/// Enrols somebody with each role.
pub(crate) fn enrol(lab: &Lab) {
    fs::create_dir(lab.path("keys")).unwrap();
    for ((staff, role), (sealed, public)) in PEOPLE.iter().zip(keys()) {
        let file = lab.write(&format!("keys/{staff}.key"), sealed);
        fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
        let public = lab.write(&format!("{staff}.pub"), public);
        lab.run(&["review", "enrol", "--staff", staff, "--public-key", &public, "--role", role]).ends(0);
    }
}

/// A server that is ended with the test.
pub(crate) struct Served<'a> {
    /// Holds the store as long as the server works on it.
    _lab: &'a Lab,
    pub(crate) process: Child,
    out: BufReader<ChildStdout>,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    link: String,
    pub(crate) tally: Tally,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl<'a> Served<'a> {
    pub(crate) fn new(lab: &'a Lab, options: &[&str]) -> Self {
        let keys = lab.name("keys");
        let words = ["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--wait", "20", "--reviewer-keys", &keys];
        let mut command = lab.command(&[&words, options].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let link = line(&mut out);
        let host = link.split('/').nth(2).unwrap().to_owned();
        Self { _lab: lab, process, out, host, link, tally: Tally::default() }
    }

    /// Returns the path of the present start link, and waits for the next one.
    pub(crate) fn take_link(&mut self) -> String {
        let next = line(&mut self.out);
        std::mem::replace(&mut self.link, next)
    }

    pub(crate) fn link(&self) -> String {
        self.link.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap()
    }

    /// Sends bytes and returns the answer; an empty one if the server closes the connection without any.
    pub(crate) fn send(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(130))).unwrap();
        // A server that refuses may have closed the connection before everything is sent.
        let _ = stream.write_all(request.as_ref());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let answer = Answer::read(&bytes);
        self.tally.count(&answer);
        answer
    }

    /// A browser that was not let in.
    pub(crate) fn stranger(&self) -> Browser {
        let (host, tally) = (self.host.clone(), self.tally.clone());
        Browser { host, cookie: String::new(), csrf: String::new(), language: "en", tally }
    }

    /// A browser that opened the start link.
    pub(crate) fn browser(&mut self) -> Browser {
        let (mut browser, link) = (self.stranger(), self.link());
        let kind = self.tally.next(None);
        let answer = browser.get(&link);
        assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"), "{answer:?}");
        self.take_link();
        browser.get("/sign-in");
        self.tally.next(kind);
        browser
    }

    /// A browser in which somebody is signed in.
    pub(crate) fn signed_in(&mut self, staff: &str) -> Browser {
        let mut browser = self.browser();
        let kind = self.tally.next(None);
        let answer = browser.sign_in(staff, PASSPHRASE);
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{staff}: {answer:?}");
        browser.get("/");
        self.tally.next(kind);
        browser
    }

    /// Asks the server to end, and returns its exit status.
    pub(crate) fn end(&mut self) -> Option<i32> {
        interrupt(&self.process);
        self.process.wait().unwrap().code()
    }
}

fn line(out: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("http://127.0.0.1:") && line.contains("/start/"), "{line:?}");
    line.trim().to_owned()
}

/// What a server answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return Self::default() };
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok()).unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let body = body.replace("&#x2f;", "/");
        Self { status, headers: lines.filter_map(header).collect(), body }
    }

    /// Returns a header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|header| header.0 == name).map_or("", |header| header.1.as_str())
    }

    /// Returns the token of the page's forms.
    pub(crate) fn csrf(&self) -> Option<String> {
        self.field("csrf")
    }

    /// Returns the value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, after) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        after.split_once('"').map(|cut| cut.0.to_owned())
    }
}

/// The kind of a request, its answer, and how many there were, in the order in which they came.
type Counts = Vec<(&'static str, String, usize)>;

/// Counts the requests of a hostile client and the answers to them, which `.github/SECURITY.md` lists.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<(Option<&'static str>, Counts)>>);

impl Tally {
    /// Counts the requests that follow under a kind, or not at all. Returns the kind before it.
    pub(crate) fn next(&self, kind: impl Into<Option<&'static str>>) -> Option<&'static str> {
        std::mem::replace(&mut self.0.lock().unwrap().0, kind.into())
    }

    fn count(&self, answer: &Answer) {
        let kind = self.0.lock().unwrap().0;
        kind.into_iter().for_each(|kind| self.add(kind, answer));
    }

    /// Counts an answer under a kind.
    pub(crate) fn add(&self, kind: &'static str, answer: &Answer) {
        self.add_as(kind, &if answer.status == 0 { "closed".to_owned() } else { answer.status.to_string() });
    }

    /// Counts an answer that is not the same each time, in the words of the table.
    pub(crate) fn add_as(&self, kind: &'static str, answer: &str) {
        let counts = &mut self.0.lock().unwrap().1;
        match counts.iter_mut().find(|one| one.0 == kind && one.1 == answer) {
            Some(one) => one.2 += 1,
            None => counts.push((kind, answer.to_owned(), 1)),
        }
    }

    /// Checks that the table lists what this test counted, and nothing else of it.
    #[track_caller]
    pub(crate) fn is_listed(&self, test: &str) {
        let begin = format!("| `{test}` | ");
        let counts = &self.0.lock().unwrap().1;
        let rows: Vec<String> =
            counts.iter().map(|(kind, answer, number)| format!("{begin}{kind} | {answer} | {number} |")).collect();
        let text = security();
        let listed: Vec<&str> = text.lines().filter(|line| line.starts_with(&begin)).collect();
        assert!(rows == listed, "the table of hostile requests must have, and has not:\n{}", rows.join("\n"));
    }
}

/// Returns the text of `.github/SECURITY.md`.
pub(crate) fn security() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/SECURITY.md")).unwrap()
}

/// A client with a cookie, that behaves as browsers do.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) host: String,
    pub(crate) cookie: String,
    /// The token of the last page with a form.
    pub(crate) csrf: String,
    pub(crate) language: &'static str,
    tally: Tally,
}

impl Browser {
    pub(crate) fn request(&mut self, head: &str, body: &str) -> Answer {
        self.request_bytes(head, body.as_bytes())
    }

    /// Sends a request; `body` begins with the headers that follow the usual ones.
    pub(crate) fn request_bytes(&mut self, head: &str, body: &[u8]) -> Answer {
        let Self { host, cookie, language, .. } = self;
        let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        let request =
            format!("{head} HTTP/1.1\r\nHost: {host}\r\nAccept-Language: {language}\r\nConnection: close\r\n{cookie}");
        let mut stream = TcpStream::connect(&*host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(130))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        // A server that refuses may have closed the connection before everything is sent.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        // The server may be killed meanwhile.
        let _ = stream.read_to_end(&mut bytes);
        let answer = Answer::read(&bytes);
        self.tally.count(&answer);
        if let Some((cookie, _)) = answer.header("set-cookie").split_once(';') {
            self.cookie = cookie.to_owned();
        }
        if let Some(csrf) = answer.csrf() {
            self.csrf = csrf;
        }
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.request(&format!("GET {path}"), "\r\n")
    }

    /// Sends a form with the token of the last page.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        self.post_raw(path, &encoded(&[&[("csrf", csrf.as_str())], fields].concat()), &format!("http://{}", self.host))
    }

    pub(crate) fn post_raw(&mut self, path: &str, form: &str, origin: &str) -> Answer {
        let origin = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        let body = format!(
            "{origin}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        self.request(&format!("POST {path}"), &body)
    }

    /// Sends a form with parts, each with a name, the name of a file or none, and its content.
    pub(crate) fn post_parts(&mut self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
        const BOUNDARY: &str = "----a boundary of ours";
        let mut form = Vec::new();
        for (name, file, content) in parts {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\"\r\nContent-Type: text/csv"));
            form.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes(),
            );
            form.extend_from_slice(content);
            form.extend(b"\r\n");
        }
        form.extend(format!("--{BOUNDARY}--\r\n").bytes());
        self.post_form(path, &format!("multipart/form-data; boundary=\"{BOUNDARY}\""), &form)
    }

    /// Sends a form of any type.
    pub(crate) fn post_form(&mut self, path: &str, kind: &str, form: &[u8]) -> Answer {
        let length = form.len();
        let head = format!("Origin: http://{}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n", self.host);
        self.request_bytes(&format!("POST {path}"), &[head.as_bytes(), form].concat())
    }

    /// Sends a file to be checked, with choices that differ from those that hold unless others are chosen.
    pub(crate) fn upload(&mut self, name: &str, content: &[u8], choices: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let chosen = choices_with(choices);
        let mut parts = vec![("csrf", None, csrf.as_bytes())];
        parts.extend(chosen.iter().map(|(name, value)| (*name, None, value.as_bytes())));
        parts.push(("file", Some(name), content));
        self.post_parts("/import/check", &parts)
    }

    pub(crate) fn sign_in(&mut self, staff: &str, passphrase: &str) -> Answer {
        self.post("/sign-in", &[("staff", staff), ("passphrase", passphrase)])
    }

    /// Decides about a pair as somebody does who has just looked at it.
    pub(crate) fn decide(&mut self, pair: &str, decision: &str, code: &str, passphrase: &str) -> Answer {
        let page = self.get(pair);
        let of_page = |name: &str| page.field(name).unwrap_or_else(|| panic!("{name}: {}", page.body));
        let (generation, events) = (of_page("generation"), of_page("events"));
        let code = format!("{decision}:{code}");
        let fields = [
            ("generation", generation.as_str()),
            ("events", &events),
            ("decision", decision),
            ("code", &code),
            ("text", ""),
            ("passphrase", passphrase),
        ];
        self.post(&format!("{pair}/decide"), &fields)
    }
}

/// Returns the choices of an import as the form has them, but for these.
pub(crate) fn choices_with<'a>(others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let plain = [
        ("holds", "auto"),
        ("conflict", "refuse"),
        ("identifiers", "original"),
        ("allele", "homozygote"),
        ("forms", "refuse"),
        ("numbers", "refuse"),
    ];
    let is_other = |name: &str| others.iter().any(|other| other.0 == name);
    plain.into_iter().filter(|one| !is_other(one.0)).chain(others.iter().copied()).collect()
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let one = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{}={}", one(name), one(value))).collect::<Vec<_>>().join("&")
}

/// Returns the addresses of the candidates on a page of the list, in their order.
pub(crate) fn rows(answer: &Answer) -> Vec<String> {
    let links = answer.body.split("class=\"row\" href=\"").skip(1);
    links.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}
