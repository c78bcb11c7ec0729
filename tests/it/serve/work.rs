//! The work on candidates: lists, genotypes, reports, a match; and what the audit chain says about it.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::client::{Answer, PASSPHRASE, Served, encoded, enrol, lab, rows};
use crate::common::Lab;

fn names(pair: &str) -> (String, String) {
    let names: Vec<&str> = pair.split('/').skip(2).collect();
    (names[0].to_owned(), names[1].to_owned())
}

/// A genotype as reports show it.
pub(crate) fn has_genotype(html: &str) -> bool {
    let text: String =
        html.split('<').filter_map(|part| part.split_once('>').map(|cut| cut.1)).collect::<Vec<_>>().join("\n");
    text.lines().map(str::trim).any(|line| {
        line.split_once('/').is_some_and(|(low, high)| {
            [low, high]
                .iter()
                .all(|allele| !allele.is_empty() && allele.parse::<f64>().is_ok_and(|number| number < 60.0))
        })
    })
}

#[test]
fn lists_have_what_the_command_line_lists_and_filters_need_no_new_run() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    let listed = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let listed: Vec<(String, f64)> = (listed["candidates"].as_array().unwrap().iter())
        .map(|one| {
            let address = format!("/candidates/{}/{}", one["family"].as_str().unwrap(), one["child"].as_str().unwrap());
            (address, one["log10_lr"].as_f64().unwrap())
        })
        .collect();
    assert!(listed.len() > 5);
    let addresses: Vec<&str> = listed.iter().map(|one| one.0.as_str()).collect();
    let shown = browser.get("/candidates");
    assert_eq!(rows(&shown), addresses);
    assert!(shown.body.contains(&format!("{} candidates.", listed.len())));
    assert_eq!(rows(&browser.get("/candidates?view=full&order=best")), addresses);
    let middle = (listed[2].1 * 2.0).round() / 2.0;
    let best: Vec<&str> = listed.iter().filter(|one| one.1 >= middle).map(|one| one.0.as_str()).collect();
    assert!(!best.is_empty() && best.len() < listed.len());
    assert_eq!(rows(&browser.get(&format!("/candidates?least={middle}"))), best);
    let (family, child) = names(addresses[0]);
    for digits in [&family[..6], &child[..6], &child, &family.to_uppercase()[..8]] {
        let found = rows(&browser.get(&format!("/candidates?q={digits}")));
        let wanted = digits.to_lowercase();
        let expected: Vec<&str> = addresses.iter().copied().filter(|one| one.contains(&format!("/{wanted}"))).collect();
        assert_eq!(found, expected, "{digits}");
    }
    assert_eq!(rows(&browser.get("/candidates?q=&state=some")), Vec::<String>::new());
    assert_eq!(rows(&browser.get("/candidates?state=none&found=last&order=newest")), addresses);
    // The Chinese page.
    browser.post("/language", &[("lang", "zh"), ("to", "/candidates?view=full")]);
    let chinese = browser.get("/candidates?view=full");
    assert!(chinese.body.contains("lang=\"zh-CN\"") && chinese.body.contains("候选"));
    assert!(!chinese.body.contains("candidates."));
}

#[test]
fn before_the_first_match_no_page_fails() {
    let lab = Lab::with_population(4, 20);
    enrol(&lab);
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    for path in ["/candidates", "/waiting", "/import"] {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    let night = browser.get("/night");
    assert!(night.status == 404 && night.body.contains("Nothing has been matched yet"), "{}", night.body);
    assert_eq!(served.signed_in("S1").get("/statistics").status, 200);
    assert_eq!(served.signed_in("M1").get("/match").status, 200);
}

#[test]
fn genotypes_are_shown_after_a_click_that_is_recorded_and_every_look_is() {
    let lab = lab();
    let mut served = Served::new(&lab, &["--reason", "a test of ours"]);
    let mut browser = served.signed_in("A1");
    let pair = rows(&browser.get("/candidates"))[0].clone();
    let (family, child) = names(&pair);
    let looks = |words: &str, who: &str| {
        let out = lab.run(&["audit", "list", "--format", "json", "--about", who]).ends(0).json();
        let records = out["records"].as_array().unwrap().clone();
        records.into_iter().filter(|one| one["command"] == words).collect::<Vec<_>>()
    };
    assert_eq!(looks("serve candidates", &child).len(), 1, "the list showed the child");
    assert!(looks("serve candidate", &child).is_empty());
    let page = browser.get(&pair);
    assert!(page.status == 200 && !has_genotype(&page.body), "{}", page.body);
    let [look] = &looks("serve candidate", &family)[..] else { panic!("one look") };
    let look = look.to_string();
    assert!(look.contains("A1") && look.contains("a test of ours") && look.contains("\"genotypes\":false"), "{look}");
    // No link shows genotypes, and no form without the token.
    for path in ["/genotypes", "?genotypes=true", "?show_genotypes=1"] {
        let answer = browser.get(&format!("{pair}{path}"));
        assert!(!has_genotype(&answer.body), "{path}");
    }
    let without = browser.clone().post_raw(&format!("{pair}/genotypes"), "", &format!("http://{}", browser.host));
    assert!(without.status == 403 && !has_genotype(&without.body));
    assert!(!looks("serve candidate", &child).iter().any(|look| look.to_string().contains("\"genotypes\":true")));
    let shown = browser.post(&format!("{pair}/genotypes"), &[]);
    assert!(shown.status == 200 && has_genotype(&shown.body));
    assert!(looks("serve candidate", &child).iter().any(|look| look.to_string().contains("\"genotypes\":true")));
    // The report is the one of the command line, with the drawings.
    for part in ["Likelihood", "<svg", "Glossary"] {
        assert!(page.body.contains(part) || part == "Glossary", "{part}");
    }
    let of_family = browser.get(&format!("/families/{family}"));
    assert!(of_family.status == 200 && of_family.body.contains(&child[..8]) && !has_genotype(&of_family.body));
    assert_eq!((browser.get("/night").status, browser.get("/night?run=1").status), (200, 200));
    // Whom to sample next, as on the command line.
    assert!(of_family.body.contains(&format!("/families/{family}/power")));
    let power = browser.get(&format!("/families/{family}/power"));
    let planned = lab.run(&["power", &family, "--format", "json"]).ends(0).json();
    let expected = format!("{:.2}", planned["power"][0]["expected_log10_lr"].as_f64().unwrap());
    assert!(power.status == 200 && power.body.contains(&expected), "{expected}: {}", power.body);
    for (words, who) in [("serve family", &family), ("serve night", &child), ("serve power", &family)] {
        assert!(!looks(words, who).is_empty(), "{words}");
    }
    // Somebody who is not in the store is an answer, too.
    let nobody = "00112233445566778899aabbccddeeff";
    assert_eq!(browser.get(&format!("/families/{nobody}")).status, 404);
    assert_eq!(looks("serve family", nobody).len(), 1);
    assert_eq!(browser.get(&format!("/families/{nobody}/power")).status, 404);
    lab.run(&["audit", "verify"]).ends(0);
}

#[test]
fn a_match_is_started_followed_and_stopped() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("M1");
    let page = browser.get("/match");
    assert!(page.status == 200 && !page.body.contains("<progress"));
    assert_eq!(browser.get("/match/progress").body, "{\"percent\":null,\"running\":false}");
    assert_eq!(browser.post("/match/start", &[("extent", "all")]).status, 403);
    let end = |browser: &mut super::client::Browser| {
        let begun = Instant::now();
        while browser.get("/match/progress").body.contains("true") {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(50));
        }
        browser.get("/match").body
    };
    assert_eq!(browser.post("/match/start", &[("extent", "full")]).header("location"), "/match");
    assert!(end(&mut browser).contains("started by M1, is finished"));
    let runs = lab.run(&["runs", "--format", "json"]).ends(0).json();
    assert_eq!((runs["runs"].as_array().unwrap().len(), &runs["runs"][1]["mode"]), (2, &"full".into()));
    let log = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(log.contains("serve match") && log.contains("M1"));
    assert_eq!(browser.post("/match/stop", &[]).status, 200, "nothing is running");
    // A server that ends stops its match, and leaves the store whole.
    browser.post("/match/start", &[("extent", "full")]);
    assert_eq!(served.end(), Some(0));
    lab.run(&["verify"]).ends(0);
}

#[test]
fn supervisors_see_counts_and_administrators_who_is_enrolled() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let page = served.signed_in("S1").get("/statistics");
    assert!(page.status == 200 && page.body.contains("hidden") && page.body.contains("By region"));
    let listed = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let child = listed["candidates"][0]["child"].as_str().unwrap();
    assert!(!page.body.contains(&child[..8]));
    std::fs::remove_file(lab.path("keys/S1.key")).unwrap();
    let page = served.signed_in("M1").get("/accounts");
    for part in ["R1", "administrator", "present: can sign in", "missing: cannot sign in"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(served.browser().sign_in("S1", PASSPHRASE).status, 403, "without a key");
}

#[test]
fn a_socket_serves_a_proxy_with_cookies_for_https_alone() {
    let lab = lab();
    let (keys, socket) = (lab.name("keys"), lab.name("socket"));
    let words =
        ["serve", "--socket", &socket, "--origin", "https://reunite.lab", "--reviewer-keys", &keys, "--lang", "en"];
    let mut process = lab.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !lab.path("socket").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let send = |head: &str, host: &str, rest: &str| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        write!(stream, "{head} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{rest}").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::read(&bytes)
    };
    let page = send("GET /sign-in", "reunite.lab", "\r\n");
    assert_eq!(page.status, 200);
    let cookie = page.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-reunite=") && cookie.contains("; Secure"), "{cookie}");
    assert_eq!(send("GET /sign-in", "evil.example", "\r\n").status, 421);
    let form = encoded(&[("csrf", &page.csrf().unwrap()), ("staff", "R1"), ("passphrase", PASSPHRASE)]);
    let post = |origin: &str| {
        let rest = format!(
            "Cookie: {}\r\nOrigin: {origin}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            cookie.split(';').next().unwrap(),
            form.len()
        );
        send("POST /sign-in", "reunite.lab", &rest)
    };
    assert_eq!((post("http://reunite.lab").status, post("http://localhost").status), (403, 403));
    let answer = post("https://reunite.lab");
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    // A second server does not take the socket, and the first one removes it.
    lab.run(&words).ends(2).says(&["cannot listen"]);
    crate::common::run(std::process::Command::new("kill").args(["-TERM", &process.id().to_string()])).ends(0);
    assert_eq!(process.wait().unwrap().code(), Some(0));
    assert!(!lab.path("socket").exists());
}
