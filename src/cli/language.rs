//! The language of help: English is in the definitions of commands and options, Chinese in a catalogue by the English
//! text. A test compares the two.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::builder::PossibleValue;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::model::Language;
use crate::words;

/// The English texts of help, and the Chinese ones.
const ZH: &str = include_str!("words/zh.toml");

/// The headings of groups of options.
const HEADINGS: [(&str, &str); 3] = [
    ("Options of every command", "各命令通用的选项"),
    ("Model options", "模型选项"),
    ("Which candidates", "列出哪些候选"),
];

/// Columns of help text in Chinese, of the 80 of a screen; clap indents it by 10.
const WIDTH: usize = 68;

/// Returns the language that the arguments ask for, otherwise that of the user's locale. An invalid one is refused later.
pub(super) fn chosen(arguments: &[OsString]) -> Language {
    value_of(arguments, "--lang", |value| value.parse().ok()).unwrap_or_else(of_locale)
}

/// Returns the first valid value of an option, before the arguments are read.
pub(super) fn value_of<T>(arguments: &[OsString], option: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut arguments = arguments.iter().filter_map(|one| one.to_str()).take_while(|one| *one != "--");
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix(option) {
            Some("") => arguments.next(),
            Some(rest) => rest.strip_prefix('='),
            None => continue,
        };
        if let Some(value) = value.and_then(&read) {
            return Some(value);
        }
    }
    None
}

/// Returns the language of the user's locale.
pub(super) fn of_locale() -> Language {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
    Language::of_locale(&locale.unwrap_or_default())
}

/// Returns a command in a language.
pub(super) fn in_language(command: Command, language: Language) -> Command {
    match language {
        Language::English => command,
        Language::Chinese => {
            // Only what `build` adds can be translated after it.
            let mut command = command;
            command.build();
            Chinese { words: toml::from_str(ZH).unwrap_or_default() }.command(command)
        }
    }
}

struct Chinese {
    words: BTreeMap<String, String>,
}

impl Chinese {
    /// Returns the Chinese of an English text; the text itself if there is none, which a test excludes.
    fn of(&self, english: &str) -> String {
        self.words.get(english).cloned().unwrap_or_else(|| english.to_owned())
    }

    fn command(&self, command: Command) -> Command {
        let about = command.get_about().map(|about| self.of(&about.to_string()));
        let long = command.get_long_about().map(|long| self.of(&long.to_string()));
        let after = command.get_after_help().map(|after| wrap(&self.of(&after.to_string()), 78));
        let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        let arguments: Vec<String> = command.get_arguments().map(|one| one.get_id().to_string()).collect();
        let mut command = command
            .next_line_help(true)
            .subcommand_help_heading("命令")
            .help_template("{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}");
        if let Some(about) = about {
            command = command.about(wrap(&about, WIDTH));
        }
        if let Some(long) = long {
            command = command.long_about(wrap(&long, 78));
        }
        if let Some(after) = after {
            command = command.after_help(after);
        }
        for name in arguments {
            command = command.mut_arg(name, |one| self.argument(one));
        }
        for name in names {
            command = command.mut_subcommand(name, |one| self.command(one));
        }
        command
    }

    fn argument(&self, argument: Arg) -> Arg {
        let heading = match argument.get_help_heading() {
            Some(heading) => HEADINGS.iter().find(|one| one.0 == heading).map_or("", |one| one.1),
            None if argument.is_positional() => "参数",
            None => "选项",
        };
        let mut help = argument.get_help().map(|help| self.of(&help.to_string())).unwrap_or_default();
        if let Some(name) = argument.get_env() {
            help += &format!("［环境变量：{}］", name.to_string_lossy());
        }
        if matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) {
            let defaults: Vec<_> = argument.get_default_values().iter().map(|one| one.to_string_lossy()).collect();
            if !defaults.is_empty() {
                help += &format!("［默认：{}］", defaults.join(" "));
            }
            let values = argument.get_possible_values();
            let values: Vec<_> = values.iter().filter(|one| !one.is_hide_set()).collect();
            if values.iter().any(|one| one.get_help().is_some()) {
                for one in values {
                    let meaning = one.get_help().map(|help| format!("：{}", self.of(&help.to_string())));
                    help += &format!("\n- {}{}", one.get_name(), meaning.unwrap_or_default());
                }
            } else if !values.is_empty() {
                let names: Vec<&str> = values.into_iter().map(PossibleValue::get_name).collect();
                help += &format!("［可选：{}］", names.join("、"));
            }
        }
        let help = wrap(&help, WIDTH);
        // clap writes a longer text of its own about --help.
        let argument = if argument.get_id() == "help" { argument.long_help(help.clone()) } else { argument };
        argument.help_heading(heading).help(help).hide_default_value(true).hide_possible_values(true).hide_env(true)
    }
}

/// Returns the Chinese text of an error about arguments; `None` for one that has none.
pub(super) fn refusal(error: &clap::Error) -> Option<String> {
    let text = |kind: ContextKind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join("、")),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let mut said = match error.kind() {
        ErrorKind::UnknownArgument => format!("错误：没有“{argument}”这个选项或参数"),
        ErrorKind::InvalidSubcommand => {
            format!("错误：没有“{}”这个命令", text(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => format!("错误：缺少 {argument}"),
        ErrorKind::MissingSubcommand => "错误：请在其后给出一个命令".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => format!("错误：{argument} 需要一个值"),
        ErrorKind::InvalidValue => format!("错误：{argument} 的值“{value}”无效"),
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error).map(|cause| format!("：{cause}")).unwrap_or_default();
            format!("错误：{argument} 的值“{value}”无效{cause}")
        }
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg).unwrap_or_default();
            if other == argument || other.is_empty() {
                format!("错误：{argument} 只能给出一次")
            } else {
                format!("错误：{argument} 不能与 {other} 同时使用")
            }
        }
        _ => return None,
    };
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand];
    if let Some(valid) = text(ContextKind::ValidValue).filter(|valid| !valid.is_empty()) {
        said += &format!("\n    可选：{valid}");
    }
    if let Some(other) = suggested.into_iter().find_map(text) {
        said += &format!("\n    是否为“{other}”？");
    }
    Some(said + "\n\n用 --help 查看说明。\n")
}

/// Breaks each line of a text into lines of at most this many columns; clap indents them.
fn wrap(text: &str, width: usize) -> String {
    text.split('\n').map(|line| words::wrap(line, width, 0)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::builder::StyledStr;

    use super::*;

    /// Every text of help in English.
    fn texts(command: &Command, into: &mut BTreeSet<String>) {
        let of = |text: Option<&StyledStr>| text.map(ToString::to_string);
        let abouts = [command.get_about(), command.get_long_about(), command.get_after_help()];
        into.extend(abouts.into_iter().filter_map(of));
        for argument in command.get_arguments() {
            let is_own = argument.get_id() != "help";
            assert!(!is_own || argument.get_long_help().is_none(), "{argument}: help of one paragraph");
            into.extend(of(argument.get_help()));
            if matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) {
                into.extend(argument.get_possible_values().iter().filter_map(|one| of(one.get_help())));
            }
            let heading = argument.get_help_heading();
            assert!(heading.is_none_or(|heading| HEADINGS.iter().any(|one| one.0 == heading)), "{heading:?}");
        }
        for one in command.get_subcommands() {
            texts(one, into);
        }
    }

    #[test]
    fn every_text_of_help_has_its_chinese() {
        let mut command = crate::cli::arguments_of_commands();
        command.build();
        let mut english = BTreeSet::new();
        texts(&command, &mut english);
        let words: BTreeMap<String, String> = toml::from_str(ZH).unwrap();
        let missing: Vec<String> = english.iter().filter(|text| !words.contains_key(*text)).cloned().collect();
        let missing: String =
            missing.iter().map(|text| format!("{} = \"\"\n", toml::Value::from(text.as_str()))).collect();
        assert!(missing.is_empty(), "the catalogue src/cli/words/zh.toml lacks\n{missing}");
        let surplus: Vec<&String> = words.keys().filter(|text| !english.contains(*text)).collect();
        assert!(surplus.is_empty(), "no text of help is {surplus:?}");
        for (english, chinese) in &words {
            assert!(words::width_of(chinese) > chinese.chars().count(), "{english}");
            // Names of commands, options and files stay as they are.
            for word in english.split('`').skip(1).step_by(2) {
                assert!(chinese.contains(word), "{english}: {word}");
            }
        }
    }

    #[test]
    fn help_in_chinese_fits_a_screen_and_says_all_options() {
        let mut command = in_language(crate::cli::arguments_of_commands(), Language::Chinese);
        command.build();
        fn each(command: &mut Command, seen: &mut usize) {
            let help = command.render_long_help().to_string();
            for line in help.lines() {
                let wide: usize = words::width_of(line);
                assert!(wide <= 80 || line.trim_start().starts_with("用法"), "{wide}: {line}");
            }
            for english in ["[default:", "[possible values", "[env:", "Usage:", "Options:", "Commands:", "Print help"] {
                assert!(!help.contains(english), "{english} in {help}");
            }
            *seen += 1;
            for one in command.get_subcommands_mut() {
                each(one, seen);
            }
        }
        let mut seen = 0;
        each(&mut command, &mut seen);
        assert!(seen > 60, "{seen}");
    }

    #[test]
    fn the_arguments_choose_the_language() {
        let of = |arguments: &[&str]| chosen(&arguments.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of(&["reunite", "--lang", "zh", "match"]), Language::Chinese);
        assert_eq!(of(&["reunite", "match", "--lang=zh"]), Language::Chinese);
        assert_eq!(of(&["reunite", "match", "--lang=en"]), Language::English);
        assert_eq!(of(&["reunite", "import", "--lang", "en", "--", "--lang", "zh"]), Language::English);
    }

    #[test]
    fn errors_about_arguments_are_said_in_chinese() {
        let said = |arguments: &[&str]| {
            let command = in_language(crate::cli::arguments_of_commands(), Language::Chinese);
            refusal(&command.try_get_matches_from(arguments).unwrap_err()).unwrap()
        };
        assert!(
            said(&["reunite", "macth"]).contains("没有“macth”这个命令")
                && said(&["reunite", "macth"]).contains("match")
        );
        assert!(said(&["reunite", "match", "--ful"]).contains("没有“--ful”这个选项"));
        assert!(said(&["reunite", "explain", "x"]).contains("缺少"));
        assert!(said(&["reunite", "candidates", "--sort", "x"]).contains("可选：lr"));
        assert!(said(&["reunite", "candidates", "--limit", "x"]).contains("无效"));
    }
}
