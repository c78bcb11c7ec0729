//! The settings of `reunite.toml` by name: what each means, its default, and the form of its value.

use toml::{Table, Value};

use crate::matching::{Criterion, Doubts};
use crate::meaning::Prior;

use super::config::{MatchConfig, ModelConfig};
use super::settings::Settings;
use crate::store::error::StoreError;

/// Form of the value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Form {
    Number,
    Count,
    Word,
    /// Texts, with commas between them.
    List,
    /// Other commands change it, or nobody.
    Fixed,
}

/// A setting that `reunite.toml` can have.
pub(in crate::store) struct Known {
    /// Section and name, with a dot between them.
    pub(in crate::store) key: &'static str,
    pub(in crate::store) form: Form,
    pub(in crate::store) meaning: &'static str,
}

impl Known {
    const fn new(key: &'static str, form: Form, meaning: &'static str) -> Self {
        Self { key, form, meaning }
    }

    /// Returns the section, empty for the top of the file, and the name.
    pub(in crate::store) fn place(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').unwrap_or(("", self.key))
    }

    /// Returns the value in the file, if it has one.
    pub(in crate::store) fn value<'a>(&self, file: &'a Table) -> Option<&'a Value> {
        match self.place() {
            ("", name) => file.get(name),
            (section, name) => file.get(section)?.get(name),
        }
    }

    /// Parses a value. The text `default` is not one.
    pub(in crate::store) fn parse(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        match self.form {
            Form::Number => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
            Form::Count => text.parse::<u32>().ok().map(|number| Value::Integer(number.into())),
            Form::Word => (!text.is_empty()).then(|| Value::String(text.to_owned())),
            Form::List => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Some(Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()))
            }
            Form::Fixed => None,
        }
    }
}

/// All settings, in the order of the file.
pub(in crate::store) const KNOWN: [Known; 30] = [
    Known::new("store_version", Form::Fixed, "version of the folder's layout"),
    Known::new("store_id", Form::Fixed, "identity of the store"),
    Known::new("index_dir", Form::Fixed, "folder in which the index has its folder; not set: in the store"),
    Known::new("access.group", Form::Fixed, "group of accounts that may use the store besides its owner"),
    Known::new("access.members", Form::Fixed, "what its members may do: write or read"),
    Known::new("frequencies.file", Form::Fixed, "frequency table that the store computes with"),
    Known::new("frequencies.digest", Form::Fixed, "its digest"),
    Known::new("frequencies.populations", Form::Fixed, "tables of other populations"),
    Known::new("model.mutation", Form::Word, "mutation model: none, equal, proportional or stepwise"),
    Known::new("model.rate_male", Form::Number, "mutation rate of fathers"),
    Known::new("model.rate_female", Form::Number, "mutation rate of mothers"),
    Known::new("model.range", Form::Number, "stepwise: how much rarer each further step is"),
    Known::new("model.microvariant_rate", Form::Number, "stepwise: rate of mutations to other microvariants"),
    Known::new("model.untyped", Form::Word, "relatives without data between typed ones: pruned or full"),
    Known::new("model.rare_alleles", Form::Word, "refuse: a profile with an unlisted allele is not scored"),
    Known::new("model.rare_allele_frequency", Form::Number, "frequency of unlisted alleles; not set: (n+1)/(2N+1)"),
    Known::new("model.theta", Form::Number, "coancestry of the population"),
    Known::new("model.silent_frequency", Form::Number, "frequency of silent alleles"),
    Known::new("model.drop_out_relatives", Form::Number, "drop-out probability of relatives' alleles"),
    Known::new("model.drop_out_children", Form::Number, "drop-out probability of children's alleles"),
    Known::new("model.linked", Form::List, "linked loci, such as vWA:D12S391=0.106"),
    Known::new("match.min_log10_lr", Form::Number, "least log10 LR of a candidate"),
    Known::new("match.min_loci", Form::Count, "least number of common loci of a comparable pair"),
    Known::new("match.doubt_whom", Form::Word, "whose stated relationship is in doubt: none, parents or all"),
    Known::new("match.doubt", Form::Number, "probability that a relative is not related as stated"),
    Known::new("match.doubt_exchanged", Form::Number, "probability that a sample was exchanged"),
    Known::new("match.doubt_half_sibling", Form::Number, "probability that a full sibling is a half-sibling"),
    Known::new("meaning.prior", Form::Number, "probability that a family's child is in the database"),
    Known::new("letter.laboratory", Form::Word, "name of the laboratory in letters to families"),
    Known::new("letter.phone", Form::Word, "number that families call"),
];

/// Finds a setting.
pub(in crate::store) fn known(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key)
}

/// Returns a file with the default of every setting that has one.
pub(in crate::store) fn defaults() -> Result<Table, StoreError> {
    let criterion = Criterion { doubts: Doubts::usual(), ..Criterion::default() };
    let mut model = Table::try_from(ModelConfig::from_settings(&Settings::default()))?;
    for name in ["theta", "silent_frequency", "drop_out_relatives", "drop_out_children"] {
        model.entry(name).or_insert(Value::Float(0.0));
    }
    model.entry("linked").or_insert(Value::Array(Vec::new()));
    let mut meaning = Table::new();
    meaning.insert("prior".to_owned(), Value::Float(Prior::default().into()));
    let mut file = Table::new();
    file.insert("model".to_owned(), Value::Table(model));
    file.insert("match".to_owned(), Value::Table(Table::try_from(MatchConfig::new(&criterion))?));
    file.insert("meaning".to_owned(), Value::Table(meaning));
    Ok(file)
}

/// Formats a value for people, without quotes.
pub(in crate::store) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(Value::is_str) => {
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::Array(all) => {
            let name = |one: &Value| one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            all.iter().map(name).collect::<Vec<_>>().join(", ")
        }
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}

/// Returns the text of the file with another value of a setting, or without it. Comments and other lines stay; a value
/// of several lines is not found.
pub(in crate::store) fn edited(text: &str, (section, name): (&str, &str), value: Option<&Value>) -> String {
    let line = value.map(|value| format!("{name} = {value}"));
    let is_setting =
        |line: &str| line.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
    let header = |line: &str| Some(line.trim().strip_prefix('[')?.split(']').next()?.trim().to_owned());
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (mut here, mut found, mut end) = (section.is_empty(), None, None);
    for (at, line) in lines.iter().enumerate() {
        if let Some(header) = header(line) {
            here = header == section;
        } else if here && is_setting(line) {
            found = Some(at);
        }
        if here && !line.trim().is_empty() {
            end = Some(at + 1);
        }
    }
    match (found, line) {
        (Some(at), Some(line)) => lines[at] = line,
        (Some(at), None) => drop(lines.remove(at)),
        (None, Some(line)) => match end {
            Some(end) => lines.insert(end, line),
            None => lines.extend([String::new(), format!("[{section}]"), line]),
        },
        (None, None) => {}
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::configuration::config::Config;

    #[test]
    fn every_setting_of_the_file_is_known() {
        let mut file = defaults().unwrap();
        let text = "store_version = 1\nstore_id = \"x\"\nindex_dir = \"/x\"\n[access]\ngroup = \"g\"\nmembers = \"read\"\n\
                    [frequencies]\nfile = \"f\"\ndigest = \"d\"\npopulations = [{ name = \"n\", file = \"f\", digest = \"d\" }]\n\
                    [letter]\nlaboratory = \"l\"\nphone = \"p\"";
        file.extend(text.parse::<Table>().unwrap());
        for (name, value) in [("rare_alleles", "refuse".into()), ("rare_allele_frequency", Value::Float(0.1))] {
            file.get_mut("model").unwrap().as_table_mut().unwrap().insert(name.to_owned(), value);
        }
        let read: Config = file.clone().try_into().unwrap();
        assert!(read.access.is_some());
        for known in &KNOWN {
            assert!(known.value(&file).is_some(), "{}", known.key);
        }
        let number: usize = file.values().map(|value| value.as_table().map_or(1, Table::len)).sum();
        assert_eq!(KNOWN.len(), number);
    }

    #[test]
    fn an_edit_changes_one_line() {
        let text =
            "# ours\nstore_id = \"x\"\n\n[model]\nmutation = \"none\" # for now\ntheta = 0.1\n\n[match]\ntheta = 3\n";
        let edit = |place, value: Option<f64>| edited(text, place, value.map(Value::Float).as_ref());
        assert_eq!(edit(("model", "theta"), Some(0.2)), text.replace("theta = 0.1", "theta = 0.2"));
        assert_eq!(edit(("model", "theta"), None), text.replace("theta = 0.1\n", ""));
        assert_eq!(edit(("match", "theta"), Some(4.0)), text.replace("theta = 3", "theta = 4.0"));
        assert_eq!(edit(("model", "range"), Some(0.2)), text.replace("theta = 0.1\n", "theta = 0.1\nrange = 0.2\n"));
        assert_eq!(edit(("meaning", "prior"), Some(0.2)), format!("{text}\n[meaning]\nprior = 0.2\n"));
        assert_eq!(edit(("model", "range"), None), text);
    }
}
