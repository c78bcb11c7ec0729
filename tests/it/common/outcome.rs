//! Checks the store after a disturbed command: it must be the store before the command or after it, and nothing
//! between.

use super::rotation::{columns, custodian};
use super::{Lab, Said, copy, everything_in, reunite};

/// A command on a store.
pub(crate) struct Act<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) store: &'a str,
    pub(crate) words: Vec<&'a str>,
}

/// A store before a command and after it, with the status, the digest of the next match and the children.
pub(crate) struct Known {
    pub(crate) status: i32,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) digest: Option<String>,
    pub(crate) children: String,
}

/// How a disturbed command ended.
pub(crate) struct Disturbed<'a> {
    pub(crate) said: &'a Said,
    /// `true` if the command reported success, or would have.
    pub(crate) acknowledged: bool,
    /// `true` if data that was not flushed may be lost: of the families index, which is built again, that is allowed.
    pub(crate) unflushed: bool,
}

pub(crate) fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Returns what a user sees of a store: counts, families, candidates.
pub(crate) fn state(lab: &Lab, store: &str) -> Result<String, String> {
    if !lab.path(store).exists() {
        return Ok(String::new());
    }
    let verified = lab.run_on(store, &["verify"]).out;
    let counted = verified.lines().find(|line| line.starts_with("ledger: sound; "));
    check(counted.is_some() && verified.contains("audit chain: sound"), || verified.clone())?;
    let candidates = lab.run_on(store, &["candidates", "--format", "csv"]);
    check(candidates.status < 2 || candidates.err.contains("nothing has been matched yet"), || candidates.err.clone())?;
    // Without the mark of new candidates, which depends on the last run.
    let shown = ["family", "child", "log10_lr", "loci_compared", "incompatible_loci", "first_run", "same_person"];
    let candidates = if candidates.status == 0 { columns(&candidates.out, &shown) } else { Vec::new() };
    let families = lab.run_on(store, &["families", "list", "--withdrawn", "--format", "json"]);
    check(families.status < 2, || families.err.clone())?;
    Ok(format!("{counted:?}\n{candidates:?}\n{}", families.out))
}

/// Checks that `verify` finds only work that the next command finishes, or a families index that was not flushed.
fn sound(verified: &Said, unflushed: bool) -> Result<(), String> {
    let unflushed = unflushed && verified.out.contains("families index: damaged");
    let unfinished = verified.out.contains("was interrupted");
    check(verified.status == 0 || verified.status == 1 && (unflushed || unfinished), || verified.out.clone())
}

impl Act<'_> {
    /// Records the state after the undisturbed command, which returned `undisturbed`.
    pub(crate) fn known(&self, before: String, undisturbed: &Said) -> Known {
        let Self { lab, store, .. } = self;
        assert!(undisturbed.status < 2, "{}", undisturbed.err);
        let after = state(lab, store).unwrap();
        let digest = lab.run_on(store, &["match"]).digest_if_any();
        Known { status: undisturbed.status, before, after, digest, children: self.children() }
    }

    /// Checks that a disturbed command was done or not done, and that repeating it completes it.
    pub(crate) fn judge(&self, disturbed: &Disturbed<'_>, known: &Known) -> Result<(), String> {
        let Self { lab, store, words } = self;
        let Disturbed { said, acknowledged, unflushed } = disturbed;
        let Known { before, after, .. } = known;
        match said.status {
            -9 => {}
            2 => self.clear(said)?,
            status => check(status == known.status, || format!("status {status}: {}", said.err))?,
        }
        if lab.path(store).exists() {
            sound(&lab.run_on(store, &["verify"]), *unflushed)?;
        }
        let now = state(lab, store)?;
        check(now == *after || now == *before, || format!("half done\n{now}\nbefore {before}\nafter {after}"))?;
        check(!acknowledged || now == *after, || format!("acknowledged and lost: {}", said.err))?;
        let again = lab.run_on(store, words);
        check(again.status < 2 || now == *after, || format!("repeated: {}", again.err))?;
        let repeated = state(lab, store)?;
        check(repeated == *after, || format!("repeated: {repeated}"))?;
        let matched = lab.run_on(store, &["match"]);
        check(matched.digest_if_any() == known.digest, || format!("another digest: {}", matched.err))?;
        sound(&lab.run_on(store, &["verify"]), *unflushed)?;
        check(self.children() == known.children, || "other children".to_owned())?;
        let left = everything_in(&lab.path(store));
        let left = left.iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with('.'));
        check(left.is_none(), || format!("left behind: {left:?}"))
    }

    /// Returns the genotypes of all children.
    fn children(&self) -> String {
        let file = self.lab.path("exported.csv");
        drop(std::fs::remove_file(&file));
        let words = ["export", "--as", "children", "--show-genotypes", file.to_str().unwrap()];
        let said = self.lab.run_on(self.store, &words);
        if said.status == 0 { self.lab.read("exported.csv") } else { said.err }
    }

    /// Checks that an error names the file and the reason.
    fn clear(&self, said: &Said) -> Result<(), String> {
        let place = self.lab.path(self.store);
        let place = place.parent().unwrap().to_str().unwrap();
        check(said.err.contains("error: ") && said.err.contains(place), || format!("not clear: {}", said.err))
    }
}

/// Makes two stores with the same people, and a copy of each from before its match (`-unmatched`): `store` gets a
/// custodian after its match, `sealed` has one from the beginning. Also makes `more.csv` with more children. Returns
/// the lab and the custodian's identity.
pub(crate) fn stores(lab: Lab, families: usize, children: usize) -> (Lab, String) {
    let (identity, recipient) = custodian(&lab, "identity");
    lab.synth("files", families, children, 1);
    lab.synth("more", 2, children / 7, 2);
    lab.write("more.csv", lab.read("more/children.csv").replace("\nC", "\nD"));
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    copy(&lab.path("store"), &lab.path("sealed"));
    lab.run_on("sealed", &["vault", "recipients", "add", &recipient]).ends(0);
    for store in ["store", "sealed"] {
        lab.run_on(store, &["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
        copy(&lab.path(store), &lab.path(&format!("{store}-unmatched")));
        assert_eq!(lab.run_on(store, &["match"]).status, 0);
    }
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    (lab, identity)
}

/// Returns the family and the child of the best candidate.
pub(crate) fn best_pair(lab: &Lab) -> Vec<String> {
    let listed = lab.run_on("sealed", &["candidates", "--format", "csv"]).ends(0).out;
    listed.lines().nth(1).unwrap().split(',').take(2).map(str::to_owned).collect()
}

/// Lists commands that change a store: name, store to begin with, and words.
pub(crate) fn commands(lab: &Lab, identity: &str) -> Vec<(&'static str, &'static str, Vec<String>)> {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let pair = best_pair(lab);
    let import = ["import", "--as", "children", &lab.name("more.csv")];
    copy(&lab.path("sealed"), &lab.path("sealed-more"));
    lab.run_on("sealed-more", &import).ends(0);
    copy(&lab.path("sealed"), &lab.path("sealed-unindexed"));
    std::fs::remove_file(lab.path("sealed-unindexed/index/children.idx")).unwrap();
    vec![
        ("import", "store", owned(&import)),
        ("import, sealed", "sealed", owned(&import)),
        ("match", "store-unmatched", owned(&["match"])),
        ("delta", "sealed-more", owned(&["match"])),
        ("withdraw", "sealed", owned(&["families", "withdraw", &pair[0], "--cause", "other"])),
        ("expunge", "sealed", owned(&["expunge", &pair[1], "--reason", "consent was withdrawn"])),
        ("rotate", "sealed", super::rotation::rotation(lab, identity)),
        ("index", "sealed-unindexed", owned(&["index"])),
    ]
}
