//! Tests of what makes the program feel at home: help in two languages, completions, manual pages.

use std::process::Command;

use crate::common::{Lab, reunite};

#[test]
fn help_and_errors_about_arguments_are_in_the_reader_s_language() {
    let english = reunite(&["match", "--help"]).ends(0).out;
    let chinese = reunite(&["match", "--help", "--lang", "zh"]).ends(0).out;
    assert!(english.contains("Usage:") && english.contains("--full"), "{english}");
    assert!(chinese.contains("用法：") && chinese.contains("--full") && !chinese.contains("Usage"), "{chinese}");
    let lab = Lab::new();
    for (locale, lang) in [("zh_CN.UTF-8", "用法："), ("en_US.UTF-8", "Usage:"), ("C", "Usage:")] {
        let said = lab.command(&["kits", "--help"]).env("LC_ALL", locale).output().unwrap();
        assert!(String::from_utf8_lossy(&said.stdout).contains(lang), "{locale}");
    }
    // What is typed counts more than the locale, and an unknown language is refused.
    let said = lab.command(&["--lang", "en", "kits", "--help"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&said.stdout).contains("Usage:"));
    reunite(&["kits", "--lang", "fr"]).ends(2).says(&["--lang"]);
    let said = reunite(&["macth", "--lang", "zh"]).ends(2);
    assert!(said.shown.contains("没有“macth”这个命令"), "{}", said.shown);
    let findings = reunite(&["findings", "allele", "--lang", "zh"]).ends(0).out;
    assert!(
        findings.contains("含义：") && findings.contains("处理办法：") && !findings.contains("what to do"),
        "{findings}"
    );
    // The words of programs do not change.
    let json = |lang: &str| reunite(&["findings", "--format", "json", "--lang", lang]).ends(0).out;
    assert_eq!(json("zh"), json("en"));
}

#[test]
fn an_import_says_in_chinese_what_to_do() {
    let lab = Lab::new();
    let text = "sample_id,sex,vWA\nS1,f,14x\nS2,f,14/15\n";
    let said = lab.import("children", "c.csv", text, &["--lang", "zh"]).ends(2);
    assert!(said.shown.contains("含义和处理办法") && said.shown.contains("错误"), "{}", said.shown);
}

#[test]
fn completions_and_manual_pages_cover_all_commands() {
    let lab = Lab::new();
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef reunite"),
        ("fish", "complete -c reunite"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = reunite(&["completions", shell]).ends(0).out;
        assert!(script.contains(mark) && script.contains("show-genotypes"), "{shell}");
        if shell == "bash" {
            let file = lab.write("reunite.bash", &script);
            let checked = Command::new("bash").args(["-n", &file]).output().unwrap();
            assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        }
    }
    reunite(&["completions", "cmd"]).ends(2);
    let dir = lab.name("man");
    reunite(&["man", &dir]).ends(0).says(&["pages to"]);
    reunite(&["man", &dir]).ends(2).says(&["exists", "--force"]);
    reunite(&["man", &dir, "--force"]).ends(0);
    for (page, word) in [
        ("reunite.1", "reunite"),
        ("reunite-match.1", "full"),
        ("reunite-review-decide.1", "decision"),
        ("reunite-report-night.1", "rows"),
    ] {
        let text = lab.read(&format!("man/{page}"));
        assert!(text.contains(".TH ") && text.contains(word), "{page}");
    }
    assert!(!lab.path("man/reunite-help.1").exists());
}
