//! What a hostile client sends is refused, whatever it is. `.github/SECURITY.md` names these tests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::client::{Answer, Browser, PASSPHRASE, PEOPLE, Served, choices_with, encoded, lab, rows, security};
use crate::common::Lab;

/// Every address with its method, and the roles that may use it; `None` for everybody who was let in.
const ADDRESSES: [(&str, &str, &[&str]); 24] = [
    ("GET", "/candidates", &["reviewer", "analyst"]),
    ("GET", "PAIR", &["reviewer", "analyst"]),
    ("POST", "PAIR/genotypes", &["reviewer", "analyst"]),
    ("POST", "PAIR/decide", &["reviewer"]),
    ("GET", "PAIR/compare", &["reviewer", "analyst"]),
    ("GET", "FAMILY", &["reviewer", "analyst"]),
    ("GET", "FAMILY/power", &["reviewer", "analyst"]),
    ("GET", "/night", &["reviewer", "analyst"]),
    ("GET", "/waiting", &["reviewer", "analyst"]),
    ("GET", "/waiting/samples", &["reviewer", "analyst"]),
    ("GET", "/import", &["reviewer", "analyst"]),
    ("POST", "/import/again", &["reviewer", "analyst"]),
    ("POST", "/import/confirm", &["reviewer", "analyst"]),
    ("POST", "/import/discard", &["reviewer", "analyst"]),
    ("GET", "/statistics", &["supervisor"]),
    ("GET", "/accounts", &["administrator"]),
    ("GET", "/match", &["reviewer", "analyst", "administrator"]),
    ("GET", "/match/progress", &["reviewer", "analyst", "administrator"]),
    ("POST", "/match/stop", &["reviewer", "analyst", "administrator"]),
    ("GET", "/", &["reviewer", "analyst", "supervisor", "administrator"]),
    ("GET", "/sign-in", &["reviewer", "analyst", "supervisor", "administrator"]),
    ("POST", "/language", &["reviewer", "analyst", "supervisor", "administrator"]),
    ("GET", "/sessions", &["reviewer", "analyst", "supervisor", "administrator"]),
    ("POST", "/sessions/end", &["reviewer", "analyst", "supervisor", "administrator"]),
];

const HEADERS: [(&str, &str); 7] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
];

/// Checks what every answer has.
fn is_guarded(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {answer:?}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), value, "{name}: {answer:?}");
    }
    assert_eq!((answer.header("server"), answer.header("access-control-allow-origin")), ("", ""));
}

#[test]
fn only_addresses_of_this_machine_are_listened_on() {
    let lab = Lab::new();
    std::fs::create_dir(lab.path("keys")).unwrap();
    let keys = lab.name("keys");
    for address in ["0.0.0.0:0", "[::]:0", "192.168.0.1:80", "example.org:80", "8700"] {
        lab.run(&["serve", "--reviewer-keys", &keys, "--listen", address]).ends(2);
    }
    // What is missing is named, and how to make it.
    let none = lab.name("none");
    let make = format!("reunite review key --out {none}/R17.key");
    lab.run(&["serve", "--reviewer-keys", &none]).ends(2).says(&[&none, "must be in it, such as R17.key", &make]);
    let chinese = lab.run(&["--lang", "zh", "serve", "--reviewer-keys", &none]).ends(2);
    chinese.says(&["不是文件夹；其中须有每位登录人员的密封密钥", &make]);
    let file = lab.write("file", "");
    lab.run(&["serve", "--reviewer-keys", &keys, "--socket", &file]).ends(2).says(&["no socket"]);
    lab.run(&["serve", "--reviewer-keys", &keys, "--origin", "http://a"]).ends(2).says(&["an origin is written as"]);
}

#[test]
fn a_browser_is_let_in_by_a_link_that_works_once() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut stranger = served.stranger();
    served.tally.next("a browser without a start link");
    for path in ["/", "/sign-in", "/candidates", "/match/progress", "/no-such-page", "/start/", "/start/0"] {
        let answer = stranger.get(path);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{path}: {answer:?}");
        assert!(answer.body.contains("Open the start link first"), "{path}");
        is_guarded(&answer);
    }
    let link = served.link();
    served.tally.next(None);
    let mut browser = served.browser();
    assert_eq!(browser.get("/sign-in").status, 200);
    served.tally.next("a start link that was used");
    let again = stranger.get(&link);
    served.tally.next(None);
    assert_eq!((again.status, again.header("set-cookie")), (403, ""));
    assert_ne!(served.link(), link);
    // The next link lets another browser in, and the first stays in.
    let mut other = served.browser();
    assert_eq!((browser.get("/sign-in").status, other.get("/sign-in").status), (200, 200));
    served.tally.next("a cookie that is forged or sent twice");
    for forged in ["reunite=", "reunite=00", "reunite=../../etc/passwd", &format!("reunite={}", "0".repeat(64))] {
        stranger.cookie = forged.to_owned();
        assert_eq!(stranger.get("/sign-in").status, 403, "{forged}");
    }
    // Two cookies of one name: another server of this machine set one of them.
    stranger.cookie = format!("{}; reunite=0", browser.cookie);
    assert_eq!(stranger.get("/sign-in").status, 403);
    served.tally.is_listed("a_browser_is_let_in_by_a_link_that_works_once");
}

#[test]
fn requests_by_another_name_are_refused() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let browser = served.browser();
    let port = served.host.rsplit_once(':').unwrap().1.to_owned();
    let get = |lines: &str| {
        let answer = served
            .send(format!("GET /sign-in HTTP/1.1\r\n{lines}Cookie: {}\r\nConnection: close\r\n\r\n", browser.cookie));
        if answer.status != 0 {
            is_guarded(&answer);
        }
        answer.status
    };
    for own in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(get(&format!("Host: {own}\r\n")), 200, "{own}");
    }
    served.tally.next("`Host` of another machine or port, missing, or two of them");
    for other in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1",
        "127.0.0.1:1",
        &format!("127.0.0.2:{port}"),
        &format!("127.0.0.1.evil.example:{port}"),
        &format!("127.0.0.1:{port}@evil.example"),
        &format!("127.0.0.1:{port}."),
        &format!("[::1]:{port}"),
        &format!("0.0.0.0:{port}"),
        "",
        "\u{e9}",
    ] {
        let status = get(&format!("Host: {other}\r\n"));
        assert!([400, 421].contains(&status), "{other}: {status}");
    }
    assert_eq!(get(""), 421, "without a name");
    assert_eq!(get(&format!("Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n")), 400);
    served.tally.next(None);
    assert_eq!(
        get(&format!("Host: 127.0.0.1:{port}\r\nX-Forwarded-Host: evil.example\r\n")),
        200,
        "no one else names the host"
    );
    // In the form that proxies receive.
    let absolute =
        format!("GET http://evil.example/sign-in HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", served.host);
    served.tally.next("another machine in the address");
    assert_eq!(served.send(absolute).status, 421);
    served.tally.is_listed("requests_by_another_name_are_refused");
}

#[test]
fn requests_from_other_sites_are_refused() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let host = served.host.clone();
    let mut browser = served.browser();
    let form = encoded(&[("csrf", &browser.csrf), ("lang", "zh"), ("to", "/sign-in")]);
    let port = host.rsplit_once(':').unwrap().1;
    served.tally.next("a form of another site (`Origin`)");
    for origin in [
        "",
        "null",
        "https://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        &format!("https://{host}"),
        &format!("http://{host}.evil.example"),
        &format!("http://127.0.0.2:{port}"),
        &format!("HTTP://{host}"),
    ] {
        let answer = browser.post_raw("/language", &form, origin);
        assert_eq!(answer.status, 403, "{origin:?}");
        is_guarded(&answer);
    }
    served.tally.next(None);
    assert_eq!(browser.post_raw("/language", &form, &format!("http://{host}")).status, 303);
    // What browsers say of themselves.
    let with = |browser: &mut Browser, lines: &str| browser.request("GET /sign-in", &format!("{lines}\r\n")).status;
    assert_eq!(with(&mut browser, "Sec-Fetch-Site: none\r\n"), 200);
    assert_eq!(
        with(&mut browser, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"),
        200
    );
    served.tally.next("a page of another site asks for a page (`Sec-Fetch`, `Origin`)");
    assert_eq!(
        with(&mut browser, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"),
        403
    );
    assert_eq!(with(&mut browser, "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n"), 403);
    assert_eq!(with(&mut browser, "Origin: https://evil.example\r\n"), 403);
    // A form of a page of this program, with a token that is not this browser's.
    let mut other = served.browser();
    let own = browser.csrf.clone();
    for token in ["", "0", &"0".repeat(64), &other.csrf, &own.to_uppercase(), &own[1..], &format!("{own}0")] {
        browser.csrf = token.to_owned();
        served.tally.next((!token.eq_ignore_ascii_case(&own)).then_some("a form without the browser's own token"));
        let answer = browser.post("/language", &[("lang", "zh"), ("to", "/")]);
        assert!(answer.status == 403 || token.eq_ignore_ascii_case(&own), "{token}: {answer:?}");
        assert!(!answer.body.contains("zh-CN") || answer.status == 403);
        browser.csrf = own.clone();
    }
    served.tally.next("a form that leads to another site (answered with the way to the first page)");
    assert_eq!(other.post("/language", &[("lang", "zh"), ("to", "//evil.example/")]).header("location"), "/");
    served.tally.next("a form with an unknown language");
    assert_eq!(other.post("/language", &[("lang", "xx"), ("to", "/")]).status, 403);
    served.tally.is_listed("requests_from_other_sites_are_refused");
}

#[test]
fn malformed_requests_get_no_page_and_end_nothing() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("R1");
    let host = served.host.clone();
    served.tally.next("another method");
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"] {
        let answer = browser.request(&format!("{method} /candidates"), "\r\n");
        assert_eq!(answer.status, 405, "{method}");
        is_guarded(&answer);
    }
    assert_eq!(
        browser.request("POST /candidates", &format!("Origin: http://{host}\r\nContent-Length: 0\r\n\r\n")).status,
        405
    );
    served.tally.next("an address outside the pages, or with values that no page has");
    for path in [
        "/static/../Cargo.toml",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "/../etc/passwd",
        "/static/",
        "/static/style.css/",
        "/static/keys.js%00",
        "/candidates/../../store",
        "/families/..%2f..",
        "/reunite.toml",
        "/families/00000000000000000000000000000000",
        "/families/0",
        "/candidates/0/0",
        "/night?run=99",
        "/night?run=x",
        "/candidates?after=x",
        "/candidates?q=zz",
        "/candidates?order=x",
        "/candidates?least=x",
        "/candidates?a=1&a=2",
        "/candidates?q=%00",
        "/candidates?q=%ff",
        "/candidates?incompatible=-1",
        "/.git/config",
        "//evil.example/",
        "/candidates?q=0%27%20OR%201%3D1--",
        "/candidates?incompatible=99999999999",
    ] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        is_guarded(&answer);
    }
    served.tally.next("an address of more than 2 KiB");
    let long = browser.get(&format!("/candidates?q={}", "0".repeat(3000)));
    assert_eq!(long.status, 414);
    let head = |lines: String| {
        served.send(format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n")).status
    };
    served.tally.next(None);
    for lines in [format!("X-Long: {}\r\n", "x".repeat(40_000)), (0..200).map(|n| format!("X-{n}: 1\r\n")).collect()] {
        // The server may have closed the connection before everything is sent.
        assert!([0, 400, 431].contains(&head(lines)));
        served.tally.add_as("a head that is too large", "400, 431 or closed");
    }
    served.tally.next("a body that is too large, of an unknown length or type, or no form");
    let origin = format!("Origin: http://{host}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let mut post = |lines: &str, body: &str| browser.request("POST /language", &format!("{lines}\r\n{body}")).status;
    assert_eq!(post(&format!("{origin}Content-Length: 2000000000\r\n"), ""), 413);
    assert_eq!(post(&format!("{origin}Content-Length: 20000\r\n"), &"x".repeat(20_000)), 413);
    assert_eq!(post(&format!("{origin}Transfer-Encoding: chunked\r\n"), "0\r\n\r\n"), 411);
    assert!(
        [400, 411]
            .contains(&post(&format!("{origin}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "0\r\n\r\n"))
    );
    assert_eq!(post(&format!("{origin}Content-Length: 5\r\nContent-Length: 6\r\n"), "a=bcd"), 400);
    let text = format!("Origin: http://{host}\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n");
    assert_eq!(post(&text, "a=b"), 403, "a form that another site may send without asking");
    for body in ["csrf=%zz", "csrf=a&csrf=b", "\u{1}", "csrf=%0d%0a"] {
        assert_eq!(post(&format!("{origin}Content-Length: {}\r\n", body.len()), body), 403, "{body}");
    }
    served.tally.next("no request of HTTP 1");
    for garbage in [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\0\0",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let status = served.send(garbage).status;
        assert!([0, 400, 421].contains(&status), "{garbage:?}: {status}");
    }
    served.tally.next(None);
    assert_eq!(browser.get("/candidates").status, 200, "the server works on");
    served.tally.is_listed("malformed_requests_get_no_page_and_end_nothing");
}

#[test]
fn slow_clients_do_not_keep_others_waiting() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("R1");
    let host = &served.host;
    let begun = Instant::now();
    let slow = |bytes: &str| {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    };
    let mut idle: Vec<TcpStream> = (0..60).map(|_| slow("GET /sign-in HTTP/1.1\r\nHost: ")).collect();
    let body = format!(
        "POST /language HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 100\r\n\r\ncsrf="
    );
    idle.extend((0..20).map(|_| slow(&body)));
    idle.push(slow(""));
    assert_eq!(browser.get("/candidates").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    for stream in &mut idle {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        served.tally.add("a request that does not end", &Answer::read(&rest));
    }
    assert!(begun.elapsed() < Duration::from_secs(45), "closed after {:?}", begun.elapsed());
    served.tally.is_listed("slow_clients_do_not_keep_others_waiting");
}

#[test]
fn every_role_reaches_its_pages_and_no_others() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let pair = rows(&served.signed_in("R1").get("/candidates"))[0].clone();
    let family = pair.replace("/candidates/", "/families/").rsplit_once('/').unwrap().0.to_owned();
    for (staff, role) in &PEOPLE[1..] {
        let mut browser = served.signed_in(staff);
        for (method, address, roles) in ADDRESSES {
            let path = address.replace("PAIR", &pair).replace("FAMILY", &family);
            served.tally.next((!roles.contains(role)).then_some("an address of another role"));
            let answer = match method {
                "GET" => browser.get(&path),
                _ => browser.post(&path, &[&[("lang", "en"), ("to", "/")][..], &choices_with(&[])[..]].concat()),
            };
            // What is sent to `decide` is incomplete, and no file waits.
            let may = [200, 303, 422].contains(&answer.status);
            assert_eq!(may, roles.contains(role), "{role} {method} {path}: {}", answer.status);
            assert!(may || (answer.status == 403 && answer.body.contains("Not for your role")));
            is_guarded(&answer);
        }
    }
    served.tally.next("an address of a role, and nobody signed in (answered with the way to the sign-in)");
    // Nobody signed in: every address leads to the sign-in.
    let mut browser = served.browser();
    for (method, address, _) in ADDRESSES.iter().filter(|one| !["/sign-in", "/language"].contains(&one.1)) {
        let path = address.replace("PAIR", &pair).replace("FAMILY", &family);
        let answer = if *method == "GET" { browser.get(&path) } else { browser.post(&path, &[]) };
        assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"), "{path}");
        assert!(answer.body.is_empty());
    }
    served.tally.is_listed("every_role_reaches_its_pages_and_no_others");
}

#[test]
fn guessing_passphrases_ends_after_five_failures_and_answers_say_nothing() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.browser();
    let text = |answer: &Answer| {
        assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{answer:?}");
        answer.body.clone()
    };
    served.tally.next("a sign-in with a wrong staff code or passphrase");
    let unknown = text(&browser.sign_in("NOBODY", "a passphrase of theirs"));
    let mut times = Vec::new();
    for (staff, passphrase) in [
        ("R1", "a passphrase of theirs"),
        ("R1", ""),
        ("", PASSPHRASE),
        ("../keys/R1", PASSPHRASE),
        ("R1.key", PASSPHRASE),
        ("R1\0", PASSPHRASE),
        ("r1 ", PASSPHRASE),
    ] {
        let answer = browser.sign_in(staff, passphrase);
        assert!(answer.body == unknown || staff.contains('\0'), "{staff:?}");
        assert_eq!(answer.status, 403);
    }
    for staff in ["R1", "NOBODY", "R1", "NOBODY", "R1", "NOBODY"] {
        let begun = Instant::now();
        assert_eq!(text(&browser.sign_in(staff, "another passphrase")), unknown, "{staff}");
        times.push((staff, begun.elapsed()));
    }
    // The answer to somebody who is not enrolled takes about as long.
    let fastest = |wanted: &str| times.iter().filter(|one| one.0 == wanted).map(|one| one.1).min().unwrap();
    let (known, unknown_time) = (fastest("R1"), fastest("NOBODY"));
    assert!(unknown_time * 2 > known && known * 2 > unknown_time, "{known:?} {unknown_time:?}");
    served.tally.next("a sign-in with the right passphrase after five failures");
    // The right passphrase does not help any more, not in any browser, and the answer is the same.
    assert_eq!(text(&browser.sign_in("R1", PASSPHRASE)), unknown);
    assert_eq!(text(&browser.sign_in("r1", PASSPHRASE)), unknown, "the same person in other letters");
    assert_eq!(served.browser().sign_in("R1", PASSPHRASE).status, 403);
    served.tally.next(None);
    assert_eq!(served.signed_in("R2").get("/candidates").status, 200, "others are not affected");
    // A signature is no way around the limit, either, and failures are in the audit chain.
    let log = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(log.matches("serve sign-in").count() >= 10 && log.contains("failed"));
    assert!(!log.contains("NOBODY") && !log.contains("a passphrase"));
    served.tally.is_listed("guessing_passphrases_ends_after_five_failures_and_answers_say_nothing");
}

#[test]
fn a_cookie_is_worth_nothing_after_sign_in_and_sign_out() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.browser();
    let before = browser.clone();
    let answer = browser.sign_in("R1", PASSPHRASE);
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    served.tally.next("a cookie from before the sign-in, or copied before the sign-out");
    assert_eq!(before.clone().get("/candidates").status, 403, "the cookie from before the sign-in");
    served.tally.next(None);
    browser.get("/candidates");
    let during = browser.clone();
    assert_eq!(browser.post("/sign-out", &[]).header("location"), "/sign-in");
    let mut copied = during.clone();
    served.tally.next("a cookie from before the sign-in, or copied before the sign-out");
    assert_eq!(copied.get("/candidates").status, 403, "a copy of the cookie after signing out");
    served.tally.next(None);
    assert_eq!(browser.get("/candidates").header("location"), "/sign-in");
    // A form that was open before is not sent for whoever signs in next.
    let mut next = served.signed_in("R2");
    next.csrf = during.csrf;
    served.tally.next("a form with the token of somebody who signed out");
    assert_eq!(next.post("/sign-out", &[]).status, 403);
    served.tally.is_listed("a_cookie_is_worth_nothing_after_sign_in_and_sign_out");
}

#[test]
fn the_table_of_hostile_requests_adds_up_and_names_tests() {
    let text = security();
    let table = text.split("### Hostile requests").nth(1).unwrap().split("\n#").next().unwrap();
    let rows: Vec<Vec<&str>> =
        table.lines().filter(|line| line.starts_with("| `")).map(|line| line.split(" | ").collect()).collect();
    let number = |row: &Vec<&str>| row[3].trim_end_matches(" |").parse::<usize>().unwrap();
    let total: usize = rows.iter().map(number).sum();
    let tests: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row[0].trim_start_matches("| `").trim_end_matches('`')).collect();
    assert!(
        table.contains(&format!("{total} requests in {} tests", tests.len())),
        "{total} requests in {} tests",
        tests.len()
    );
    let code = [include_str!("hostile.rs"), include_str!("imports.rs")].concat();
    for test in tests {
        assert!(code.contains(&format!("is_listed(\"{test}\")")), "{test} does not compare the table");
        assert!(code.contains(&format!("\nfn {test}() {{")), "{test}");
    }
}
