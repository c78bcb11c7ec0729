//! A reverse proxy with the configuration of the guide in front of the server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::{Answer, PASSPHRASE, choices_with, encoded, lab};
use crate::common::{Said, run};

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The proxy ends its own processes if it is asked to.
        drop(Command::new("kill").arg(self.0.id().to_string()).status());
        let _ = self.0.wait();
    }
}

fn waits(what: &str, is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "requires nginx, openssl and curl: `.ci/run` runs it"]
fn the_configuration_of_the_guide_serves_pages_by_tls() {
    let lab = lab();
    let (keys, socket) = (lab.name("keys"), lab.name("socket"));
    let serve = ["serve", "--socket", &socket, "--origin", "https://reunite.lab:18443", "--reviewer-keys", &keys];
    let server = lab.command(&serve).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _server = Running(server);
    waits("the socket", || lab.path("socket").exists());
    let (certificate, key) = (lab.name("tls.crt"), lab.name("tls.key"));
    let subject = ["-subj", "/CN=reunite.lab", "-addext", "subjectAltName=DNS:reunite.lab"];
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", &key, "-out", &certificate];
    run(Command::new("openssl").args(make).args(subject)).ends(0);
    // The block of the guide, with the places of this test.
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/serve.md")).unwrap();
    let block = guide.split("```text\n").find(|part| part.starts_with("server {")).unwrap();
    let block = block.split("```").next().unwrap();
    let block = block
        .replace("listen 443", "listen 127.0.0.1:18443")
        .replace("/etc/nginx/reunite.crt", &certificate)
        .replace("/etc/nginx/reunite.key", &key)
        .replace("/run/reunite/socket", &socket)
        .replace("Host reunite.lab", "Host reunite.lab:18443");
    let folder = lab.name("nginx");
    fs::create_dir(&folder).unwrap();
    // The processes of nginx run as another account otherwise, which cannot reach the socket of this test.
    let user = if nix_is_root() { "user root;\n" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .collect();
    let whole = format!(
        "{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\n{temporary}{block}}}\n"
    );
    let file = lab.write("nginx.conf", whole);
    run(Command::new("nginx").args(["-t", "-q", "-c", &file, "-p", &folder])).ends(0);
    let proxy = Command::new("nginx").args(["-c", &file, "-p", &folder]).stderr(Stdio::null()).spawn().unwrap();
    let _proxy = Running(proxy);
    let jar = lab.name("jar");
    let curl = |path: &str, options: &[&str]| -> Said {
        let resolve = ["--resolve", "reunite.lab:18443:127.0.0.1", "--cacert", &certificate];
        let fixed = ["--silent", "--include", "--http1.1", "--max-time", "60", "--cookie", &jar, "--cookie-jar", &jar];
        let url = format!("https://reunite.lab:18443{path}");
        run(Command::new("curl").args(fixed).args(resolve).args(options).arg(url))
    };
    let answer = |said: &Said| Answer::read(said.out.as_bytes());
    waits("the proxy", || curl("/static/style.css", &[]).status == 0);
    let page = answer(&curl("/sign-in", &[]));
    assert_eq!(page.status, 200);
    assert!(page.header("strict-transport-security").contains("max-age"));
    assert!(page.header("set-cookie").starts_with("__Host-reunite=") && page.header("set-cookie").contains("Secure"));
    let form =
        |page: &Answer, fields: &[(&str, &str)]| encoded(&[&[("csrf", &*page.csrf().unwrap())], fields].concat());
    let data = form(&page, &[("staff", "R1"), ("passphrase", PASSPHRASE)]);
    let post = |origin: &str, data: &str| curl("/sign-in", &["--header", &format!("Origin: {origin}"), "--data", data]);
    assert_eq!(answer(&post("https://evil.example", &data)).status, 403);
    let signed_in = answer(&post("https://reunite.lab:18443", &data));
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/"));
    let list = answer(&curl("/candidates", &[]));
    assert!(list.status == 200 && list.body.contains("class=\"row\""), "{list:?}");
    // What a client says of other hosts does not pass.
    assert_eq!(answer(&curl("/candidates", &["--header", "X-Forwarded-Host: evil.example"])).status, 200);
    let large = "x".repeat(100_000);
    assert_eq!(answer(&post("https://reunite.lab:18443", &large)).status, 413);
    // A file may be larger than a form, but not as large as somebody likes.
    let token = answer(&curl("/import", &[])).csrf().unwrap();
    let send = |rows: usize| {
        let content = (0..rows).map(|row| format!("N{row:07},14/15\n")).collect::<String>();
        let file = format!("file=@{}", lab.write("children-sent.csv", format!("sample_id,vWA\n{content}")));
        let chosen: Vec<String> =
            choices_with(&[("holds", "children")]).iter().map(|(name, value)| format!("{name}={value}")).collect();
        let csrf = format!("csrf={token}");
        let mut options = vec!["--header", "Origin: https://reunite.lab:18443", "--header", "Expect:", "--form", &csrf];
        options.extend(chosen.iter().flat_map(|one| ["--form", one.as_str()]));
        options.extend(["--form", &file]);
        answer(&curl("/import/check", &options))
    };
    let sent = send(10_000);
    assert_eq!((sent.status, sent.header("location")), (303, "/import"), "{sent:?}");
    assert_eq!(send(1_300_000).status, 413);
    assert!(curl("/candidates", &["--tls-max", "1.1", "--tlsv1.0"]).status != 0, "no old TLS");
    let log = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    assert!(log.filter(|path| path.is_file()).all(|path| !fs::read_to_string(path).unwrap().contains("/candidates")));
    let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
}

fn nix_is_root() -> bool {
    run(Command::new("id").arg("-u")).out.trim() == "0"
}
