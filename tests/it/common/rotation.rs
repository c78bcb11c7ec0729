//! Makes a matched store with a custodian, and finds people in it under any key.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use age::secrecy::ExposeSecret;

use super::{Lab, Said, everything_in, reunite};

/// A relative in two families, and an agency: relatives, families and agencies each have a sub-key.
pub(crate) const SHARED: &str = "family_id,sample_id,relation,sex,agency,vWA,FGA\nN1,A,mother,f,鲁公安,14/15,22\n\
                      N1,S,father,m,鲁公安,14,22/23\nN2,S,father,m,鲁公安,14,22/23\nN3,S,father,m,,16,21\n";

/// Makes a custodian's identity file; returns its name and the recipient.
pub(crate) fn custodian(lab: &Lab, name: &str) -> (String, String) {
    let identity = age::x25519::Identity::generate();
    let file = lab.write(name, identity.to_string().expose_secret());
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (file, identity.to_public().to_string())
}

/// Returns the command that rotates a store of a lab to the key in the file `new`.
pub(crate) fn rotation(lab: &Lab, identity: &str) -> Vec<String> {
    let words = ["key", "rotate", "--reason", "the old key was shown", "--identity", identity, "--new-key-file"];
    words.into_iter().map(str::to_owned).chain([lab.name("new")]).collect()
}

pub(crate) fn rotate(lab: &Lab, identity: &str) -> Said {
    rotate_on(lab, "store", identity, &[])
}

pub(crate) fn rotate_on(lab: &Lab, store: &str, identity: &str, options: &[&str]) -> Said {
    let words = rotation(lab, identity);
    lab.run_on(store, &[&words.iter().map(String::as_str).collect::<Vec<_>>()[..], options].concat())
}

/// Returns the columns with these names.
pub(crate) fn columns(text: &str, names: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let header = cells(text.lines().next().unwrap());
    let at: Vec<usize> = names.iter().map(|name| header.iter().position(|one| one == name).unwrap()).collect();
    text.lines().skip(1).map(cells).map(|row| at.iter().map(|&at| row[at].clone()).collect()).collect()
}

/// A matched store with a custodian, the numbers of all its samples and families, and a child with a relative's
/// profile.
pub(crate) struct Matched {
    pub(crate) lab: Lab,
    pub(crate) identity: String,
    pub(crate) samples: BTreeSet<String>,
    pub(crate) families: BTreeSet<String>,
}

impl Matched {
    pub(crate) fn new(families: usize, children: usize) -> Self {
        let lab = Lab::new();
        let (identity, recipient) = custodian(&lab, "identity");
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        lab.synth("files", families, children, 1);
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        let relatives = lab.read("files/families.csv");
        let header = relatives.lines().next().unwrap().to_owned();
        let loci: Vec<&str> =
            header.split(',').filter(|name| !["family_id", "sample_id", "relation", "sex"].contains(name)).collect();
        let wanted = [&["sex"], &loci[..]].concat();
        // A father with the most loci and without other relatives: as a child of his own he reaches the threshold.
        let rows = columns(&relatives, &[&["relation", "family_id"], &wanted[..]].concat());
        let alone = |row: &&Vec<String>| rows.iter().filter(|one| one[1] == row[1]).count() == 1;
        let fathers = rows.iter().filter(|row| row[0] == "father").filter(alone);
        let father = fathers.max_by_key(|row| row.iter().filter(|cell| !cell.is_empty()).count()).unwrap();
        let twin = father[2..].join(",");
        lab.write("twin.csv", format!("sample_id,{}\nTWIN,{twin}\n", wanted.join(",")));
        let matched = Self {
            identity,
            samples: columns(&relatives, &["sample_id"])
                .concat()
                .into_iter()
                .chain(columns(&lab.read("files/children.csv"), &["sample_id"]).concat())
                .chain(["TWIN".to_owned()])
                .collect(),
            families: columns(&relatives, &["family_id"]).concat().into_iter().collect(),
            lab,
        };
        matched.import("store", "added");
        matched.lab.run(&["match"]).ends(0);
        matched
    }

    /// Imports all files.
    #[track_caller]
    pub(crate) fn import(&self, store: &str, what: &str) {
        let lab = &self.lab;
        lab.write("shared.csv", SHARED);
        for (layout, file) in
            [("families", "files/families.csv"), ("children", "files/children.csv"), ("families", "shared.csv")]
        {
            lab.run_on(store, &["import", "--as", layout, &lab.name(file)]).ends(0).says(&[what]);
        }
        lab.run_on(store, &["import", "--as", "children", &lab.name("twin.csv")]).ends(0).says(&[what]);
    }

    /// Returns the pseudonyms under the key in use of everybody whose number is known, by kind and number.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
        let of = |kind: &str, ids: &BTreeSet<String>| {
            let all = self.lab.pseudonyms(kind, ids.iter().map(String::as_str));
            all.into_iter().map(|(id, pseudonym)| (format!("{kind} {id}"), pseudonym)).collect::<BTreeMap<_, _>>()
        };
        let mut all = of("sample", &self.samples);
        all.extend(of("family", &self.families));
        all
    }

    /// Returns candidates and identities with their values, under these names.
    pub(crate) fn pairs(&self, store: &str, names: &BTreeMap<String, String>) -> Vec<(String, f64)> {
        let by_pseudonym: BTreeMap<&str, &str> = names.iter().map(|(id, name)| (name.as_str(), id.as_str())).collect();
        let listed = self.lab.run_on(store, &["candidates", "--format", "json"]).ends(0).json();
        let (candidates, identities) = (&listed["candidates"], &listed["identities"]);
        assert!(candidates.as_array().unwrap().len() > 5 && !identities.as_array().unwrap().is_empty());
        let rows = [candidates, identities].into_iter().flat_map(|list| list.as_array().unwrap());
        let pair = |row: &serde_json::Value| {
            let row = row.as_object().unwrap();
            let lr = row["log10_lr"].as_f64().unwrap();
            let mut text = String::new();
            // The field `new` depends on the last run.
            for (field, value) in row.iter().filter(|(field, _)| !["log10_lr", "new"].contains(&field.as_str())) {
                // A pseudonym may be anywhere in the value.
                let value = value.to_string();
                let parts: Vec<&str> =
                    value.split('"').map(|part| by_pseudonym.get(part).copied().unwrap_or(part)).collect();
                text += &format!("{field}={} ", parts.concat());
            }
            // Texts contain the beginning of a pseudonym.
            for (name, id) in by_pseudonym.iter().filter(|(name, _)| name.len() > 8) {
                if text.contains(&name[..8]) {
                    text = text.replace(&name[..8], id);
                }
            }
            assert!(text.contains("family=family ") && text.contains("child=sample "), "{text}");
            (text, lr)
        };
        let mut all: Vec<(String, f64)> = rows.map(pair).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Puts the key of `new` into use; the present one is then in `old`.
    pub(crate) fn use_new_key(&self) {
        fs::rename(self.lab.path("key"), self.lab.path("old")).unwrap();
        fs::rename(self.lab.path("new"), self.lab.path("key")).unwrap();
    }
}

/// Lists the files below a folder that contain one of these pseudonyms, as bytes or as text.
pub(crate) fn files_with<'a>(folder: &Path, pseudonyms: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let (mut bytes, mut texts) = (HashSet::new(), HashSet::new());
    for pseudonym in pseudonyms {
        let pair = |i: usize| u8::from_str_radix(&pseudonym[2 * i..2 * i + 2], 16).unwrap();
        bytes.insert((0..16).map(pair).collect::<Vec<u8>>());
        texts.extend([pseudonym.as_bytes().to_vec(), pseudonym.to_uppercase().into_bytes()]);
    }
    let holds = |path: &Path| {
        let all = fs::read(path).unwrap();
        all.windows(16).any(|window| bytes.contains(window)) || all.windows(32).any(|window| texts.contains(window))
    };
    let files = everything_in(folder).into_iter().filter(|path| path.is_file() && holds(path));
    let mut names: Vec<String> =
        files.map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[track_caller]
pub(crate) fn same(a: &[(String, f64)], b: &[(String, f64)], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.0, b.0);
        assert!((a.1 - b.1).abs() <= tolerance, "{a:?} {b:?}");
    }
}
