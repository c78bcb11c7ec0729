//! The program and others can read an export again, and an export shows no more than the user asked for.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Lab, Said, reunite};
use reunite::model::{Allele, Locus};
use reunite::population::{Matrix, Mutation, MutationRates};

fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

/// Returns the pairs and their log10 LR.
fn candidates(said: &Said) -> BTreeMap<(String, String), f64> {
    let pair = |row: &csv::StringRecord| ((row[0].to_owned(), row[1].to_owned()), row[2].parse().unwrap());
    rows(&said.out).iter().map(pair).collect()
}

const ALL: [&str; 7] = ["match", "--format", "csv", "--min-log10-lr", "-30", "--doubt-whom", "none"];

/// Half-siblings with another common parent, a cousin, and a child of the missing child.
const PEDIGREE: &str = "family_id,person,father,mother,sex,missing,sample_id\n\
    P,grandfather,,,male,,\nP,grandmother,,,female,,\nP,dad,grandfather,grandmother,male,,\nP,mum,,,female,,\n\
    P,lost,dad,mum,,yes,\nP,other,,,female,,\nP,half 1,dad,other,,,P1\nP,half 2,dad,other,female,,P2\n\
    P,aunt,grandfather,grandmother,female,,P3\nP,cousin,,aunt,male,,P4\nP,grandchild,,lost,female,,P5\n";

/// Makes a lab with a population, and a family with a pedigree.
fn lab() -> Lab {
    let lab = Lab::with_population(60, 150);
    let text = lab.read("files/children.csv");
    let (header, profiles) = text.split_once('\n').unwrap();
    let at = header.split(',').position(|column| column == "D3S1358").unwrap();
    let cells = |line: &str| line.split(',').skip(at).collect::<Vec<_>>().join(",");
    let mut members = format!("family_id,sample_id,relation,sex,region,kit,{}\n", cells(header));
    for ((sample, sex), profile) in
        [("P1", "male"), ("P2", "f"), ("P3", "f"), ("P4", ""), ("P5", "f")].iter().zip(profiles.lines())
    {
        members += &format!("P,{sample},member,{sex},\"Jinan, east\",Kit 22,{}\n", cells(profile));
    }
    let pedigree = lab.write("pedigree.csv", PEDIGREE);
    lab.import("families", "members.csv", members, &["--pedigrees", &pedigree]).ends(0);
    lab
}

/// Runs the program on a store, without a key.
fn keyless(lab: &Lab, store: &str, arguments: &[&str]) -> Said {
    let store = lab.name(store);
    reunite(&[&["--store", &store], arguments].concat())
}

#[test]
fn csv_brings_everything_into_another_store() {
    let lab = lab();
    let digest = lab.run(&ALL).ends(0).digest();
    let [families, children, pedigrees] = ["f.csv", "c.csv", "p.csv"].map(|name| lab.name(name));
    let export = |arguments: &[&str]| lab.run(&[&["export", "--show-genotypes"], arguments].concat());
    export(&["--as", "families", &families]).ends(2).says(&["families with a pedigree: 1", "--pedigrees FILE"]);
    assert!(!lab.path("f.csv").exists());
    export(&["--as", "families", "--pedigrees", &pedigrees, &families]).ends(0).says(&["61 families, 1 pedigree"]);
    export(&["--as", "children", &children]).ends(0).says(&["150 children"]);
    for name in ["f.csv", "c.csv", "p.csv"] {
        assert_eq!(fs::metadata(lab.path(name)).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!lab.read(name).contains("F0000"), "identifiers are pseudonyms");
    }
    keyless(&lab, "second", &["init"]).ends(0);
    let import = ["--identifiers", "pseudonyms", "--as"];
    let of_families = [&["import", &families, "--pedigrees", &pedigrees], &import[..], &["families"]].concat();
    keyless(&lab, "second", &of_families).ends(0).says(&[" added"]);
    keyless(&lab, "second", &[&["import", &children], &import[..], &["children"]].concat()).ends(0);
    assert_eq!(keyless(&lab, "second", &ALL).ends(0).digest(), digest);
    keyless(&lab, "second", &["verify"]).ends(0);
    // The first store already has all of it, unchanged.
    lab.run(&of_families).ends(0).says(&["all known and unchanged"]);
    // The second store exports the same again.
    let again = |name: &str, arguments: &[&str]| {
        let beside = lab.name("p2.csv");
        let file = lab.name(name);
        let options = ["export", "--show-genotypes", "--force", "--pedigrees", &beside, &file];
        keyless(&lab, "second", &[&options[..], arguments].concat()).ends(0);
        lab.read(name)
    };
    assert_eq!(again("f2.csv", &["--as", "families"]), lab.read("f.csv"));
    assert_eq!(lab.read("p2.csv"), lab.read("p.csv"));
}

/// Makes the same lab with the last child once more, with three alleles at one locus and four at another, and with a
/// relative in two families who has three alleles.
fn lab_with_many_alleles() -> Lab {
    let lab = lab();
    let text = lab.read("files/children.csv");
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let mut cells: Vec<&str> = text.lines().last().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    (cells[at("sample_id")], cells[at("vWA")], cells[at("FGA")]) = ("THREE", "14/16/17", "21/22/23.2/24");
    lab.import("children", "three.csv", format!("{}\n{}\n", header.join(","), cells.join(",")), &[]).ends(0);
    let family = "family_id,sample_id,relation,sex,vWA,FGA,D3S1358\n\
        A,MANY,father,m,14/15,20/21/22,15/16\nB,MANY,paternal-uncle,m,14/15,20/21/22,15/16\n";
    lab.import("families", "many.csv", family, &[]).ends(0);
    lab
}

#[test]
fn more_than_two_alleles_survive_export_and_import() {
    let lab = lab_with_many_alleles();
    let digest = lab.run(&ALL).ends(0).digest();
    let [families, children, pedigrees] = ["f.csv", "c.csv", "p.csv"].map(|name| lab.name(name));
    let export = |arguments: &[&str]| lab.run(&[&["export", "--show-genotypes"], arguments].concat()).ends(0);
    export(&["--as", "families", "--pedigrees", &pedigrees, &families]);
    export(&["--as", "children", &children]);
    assert_eq!(lab.read("f.csv").matches(",20/21/22,").count(), 2, "in both families");
    assert!(lab.read("c.csv").contains("14/16/17") && lab.read("c.csv").contains("21/22/23.2/24"));
    keyless(&lab, "second", &["init"]).ends(0);
    let import = ["--identifiers", "pseudonyms", "--as"];
    let of_families = [&["import", &families, "--pedigrees", &pedigrees], &import[..], &["families"]].concat();
    keyless(&lab, "second", &of_families).ends(0);
    keyless(&lab, "second", &[&["import", &children], &import[..], &["children"]].concat()).ends(0);
    assert_eq!(keyless(&lab, "second", &ALL).ends(0).digest(), digest);
    let again = lab.name("c2.csv");
    keyless(&lab, "second", &["export", "--show-genotypes", "--as", "children", &again]).ends(0);
    assert_eq!(lab.read("c2.csv"), lab.read("c.csv"));
    keyless(&lab, "second", &["verify"]).ends(0);
}

#[test]
fn a_project_says_that_it_has_no_place_for_more_than_two_alleles() {
    let lab = lab_with_many_alleles();
    let export =
        |arguments: &[&str]| lab.run(&[&["export", "--show-genotypes", "--to", "fam"], arguments].concat()).ends(0);
    // The count of samples has each person once.
    let project = lab.name("all.fam");
    export(&[&project]).says(&["3 genotypes of 2 samples written as untyped"]);
    let one = lab.pseudonyms("sample", ["MANY", "THREE"]);
    let alone = lab.name("one.fam");
    export(&["--child", &one["THREE"], &alone]).says(&["2 genotypes of 1 sample written as untyped"]);
    let text = lab.read("files/children.csv");
    let first = text.lines().nth(1).unwrap().split(',').next().unwrap();
    let usual = lab.name("usual.fam");
    let said = export(&["--child", &lab.pseudonyms("sample", [first])[first], &usual]);
    assert!(!said.err.contains("as untyped"), "{}", said.err);
}

#[test]
fn a_project_brings_families_and_children_into_another_store() {
    let lab = lab();
    let digest = lab.run(&ALL).ends(0).digest();
    let file = lab.name("all.fam");
    lab.run(&["export", "--to", "fam", &file]).ends(2).says(&["give --show-genotypes"]);
    lab.run(&["export", "--to", "fam", "--show-genotypes", &file])
        .ends(0)
        .says(&["a project of 61 families and 150 children"]);
    keyless(&lab, "second", &["init"]).ends(0);
    for layout in ["families", "children"] {
        let import = ["import", "--as", layout, "--identifiers", "pseudonyms", &file];
        keyless(&lab, "second", &import).ends(0).says(&[" added"]);
    }
    assert_eq!(keyless(&lab, "second", &ALL).ends(0).digest(), digest);
    // An export states relations as words where these describe the family completely.
    let relations = |store: &str| {
        let out = lab.name(&format!("{store}.csv"));
        let beside = lab.name(&format!("{store}-p.csv"));
        keyless(&lab, store, &["export", "--as", "families", "--pedigrees", &beside, &out]).ends(0);
        let text = lab.read(&format!("{store}.csv"));
        rows(&text).iter().map(|row| (row[0].to_owned(), row[1].to_owned(), row[2].to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(relations("second"), relations("store"));
    // A store with the frequencies and the model of the file.
    keyless(&lab, "third", &["init", "--frequencies", &file]).ends(0);
    let model = |store: &str| {
        let text = lab.read(&format!("{store}/reunite.toml"));
        text[text.find("[model]").unwrap()..].to_owned()
    };
    assert_eq!(model("third"), model("store"));
    for layout in ["families", "children"] {
        keyless(&lab, "third", &["import", "--as", layout, "--identifiers", "pseudonyms", &file]).ends(0);
    }
    let (ours, theirs) = (candidates(&keyless(&lab, "third", &ALL).ends(0)), candidates(&lab.run(&ALL).ends(0)));
    assert!(ours.len() == theirs.len() && ours.len() > 100, "{} {}", ours.len(), theirs.len());
    for (pair, lr) in &ours {
        assert!((lr - theirs[pair]).abs() < 1e-9, "{pair:?} {lr} {}", theirs[pair]);
    }
}

#[test]
fn nothing_is_shown_or_written_over_unless_asked() {
    let lab = lab();
    let file = lab.name("f.csv");
    let families = rows(&lab.run(&[&ALL[..], &["--quiet"]].concat()).ends(0).out);
    let (family, child) = (families[0][0].to_owned(), families[0][1].to_owned());
    lab.run(&["export", "--as", "families", "--family", &family, &file]).ends(0).says(&["of 1 family, no genotypes"]);
    let text = lab.read("f.csv");
    assert_eq!(
        text.lines().next().unwrap(),
        "family_id,sample_id,relation,sex,agency,region,collected_on,kit,drop_out"
    );
    assert!(rows(&text).iter().all(|row| row[0] == family));
    let before = lab.read("f.csv");
    lab.run(&["export", "--as", "children", "--child", &child, &file]).ends(2).says(&["exists", "--force"]);
    assert_eq!(lab.read("f.csv"), before);
    lab.run(&["export", "--as", "children", "--child", &child, "--force", &file]).ends(0);
    assert_eq!(rows(&lab.read("f.csv")).iter().map(|row| row[0].to_owned()).collect::<Vec<_>>(), [child.as_str()]);
    let candidates = ["export", "--as", "children", "--family", &family, "--candidates", "--force", &file];
    lab.run(&candidates).ends(0);
    let mut listed: Vec<&str> = families.iter().filter(|row| row[0] == family).map(|row| &row[1]).collect();
    listed.sort_unstable();
    assert_eq!(rows(&lab.read("f.csv")).iter().map(|row| row[0].to_owned()).collect::<Vec<_>>(), listed);
    let new = lab.name("new.csv");
    for (arguments, says) in [
        (&["--as", "families", "--family", &child][..], "there is no family"),
        (&["--as", "children", "--child", &family], "there is no child"),
        (&["--as", "children", "--family", &family], "--candidates"),
        (&["--as", "families", "--child", &child], "children are not written"),
        (&["--as", "children", "--pedigrees", "p.csv"], "--as families"),
        (&[], "--as families or --as children"),
        (&["--as", "children", "--child", "Kanarie"], "32 hexadecimal digits"),
    ] {
        let said = lab.run(&[&["export", &new], arguments].concat()).ends(2).says(&[says]);
        assert!(!said.err.contains("Kanarie"));
    }
    let left = fs::read_dir(lab.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.into_iter().all(|name| name != "new.csv" && !name.starts_with(".reunite")));
    // The program does not accept other text as a pseudonym, and does not repeat it.
    let said = keyless(
        &lab,
        "store",
        &["import", "--as", "children", "--identifiers", "pseudonyms", &lab.name("files/children.csv")],
    );
    assert!(!said.ends(2).says(&["is not a pseudonym"]).err.contains("C0000"));
}

/// A case as another program reads it, by a separate reader.
struct Case {
    /// Name, `true` for a man, and alleles by locus.
    persons: Vec<(String, bool, HashMap<usize, [usize; 2]>)>,
    /// By name: who is present, with father and mother by position.
    pedigrees: HashMap<String, Vec<[Option<usize>; 2]>>,
    /// Frequencies, and the mutation matrices of fathers and mothers.
    loci: Vec<(Locus, Vec<f64>, [Matrix; 2])>,
}

fn parse(text: &str) -> Case {
    let mut lines = text.lines().map(|line| line.trim_matches('"')).skip(4);
    let mut next = || lines.next().unwrap();
    let number = |text: &str| text.split(['\t', ' ']).next().unwrap().parse::<usize>().unwrap();
    let mut persons = Vec::new();
    for _ in 0..number(next()) {
        let name = next().to_owned();
        let _ = [next(), next(), next()];
        let male = next() == "#TRUE#";
        let mut typed = HashMap::new();
        for _ in 0..number(next()) {
            let alleles = [number(next()), number(next())];
            typed.insert(number(next()), alleles);
        }
        persons.push((name, male, typed));
    }
    assert_eq!(next(), "Known relations");
    assert_eq!([next(), next(), next()], ["0"; 3]);
    let mut pedigrees = HashMap::new();
    for at in 0..number(next()) {
        assert_eq!(number(next()), at);
        let name = next().to_owned();
        let (women, men) = (number(next()), number(next()));
        let male = |person: usize| persons.get(person).map_or(person >= persons.len() + women, |person| person.1);
        let mut members = vec![[None; 2]; persons.len() + women + men];
        for _ in 0..number(next()) {
            let (parent, child) = (number(next()), number(next()));
            assert!(members[child][usize::from(!male(parent))].replace(parent).is_none(), "one father, one mother");
        }
        pedigrees.insert(name, members);
    }
    assert_eq!(next(), "#FALSE# (#Databases: 1 ;Theta/Kinship/Fst: 0 )");
    let count = number(next());
    assert_eq!([next(), next()], ["#TRUE#", "Reunite"]);
    let mut loci = Vec::new();
    for _ in 0..count {
        let locus: Locus = next().parse().unwrap();
        let rate = |text: &str| text.parse::<f64>().unwrap();
        let rates = MutationRates { female: rate(next()), male: rate(next()) };
        assert_eq!([next(), next()], ["4", "4"], "extended stepwise");
        let with_silent = number(next());
        let (range, _) = (rate(next()), next());
        let (microvariant_rate, _) = (rate(next()), next());
        assert_eq!([next(), next()], ["#FALSE#", "0"]);
        let alleles = number(next());
        assert_eq!(with_silent, alleles);
        let listed: Vec<(Allele, f64)> = (0..alleles).map(|_| (next().parse().unwrap(), rate(next()))).collect();
        let (alleles, frequencies): (Vec<_>, Vec<_>) = listed.into_iter().unzip();
        let mutation = Mutation::Stepwise { rates, range, microvariant_rate };
        let matrices = mutation.matrices(&alleles, &frequencies).unwrap();
        loci.push((locus, frequencies, matrices));
    }
    assert_eq!(lines.next(), None);
    Case { persons, pedigrees, loci }
}

impl Case {
    /// Computes the likelihood of a pedigree at a locus: the sum over all pairs of alleles of everybody.
    fn likelihood(&self, pedigree: &str, locus: usize) -> f64 {
        let members = &self.pedigrees[pedigree];
        let mut order: Vec<usize> = Vec::new();
        while order.len() < members.len() {
            let ready = |&i: &usize| !order.contains(&i) && members[i].iter().flatten().all(|p| order.contains(p));
            order.push((0..members.len()).find(ready).unwrap());
        }
        self.sum(members, &order, locus, &mut HashMap::new())
    }

    fn sum(
        &self,
        members: &[[Option<usize>; 2]],
        order: &[usize],
        locus: usize,
        drawn: &mut HashMap<usize, [usize; 2]>,
    ) -> f64 {
        let Some((&person, rest)) = order.split_first() else { return 1.0 };
        let (_, frequencies, matrices) = &self.loci[locus];
        let shown = self.persons.get(person).and_then(|person| person.2.get(&locus)).copied();
        let mut total = 0.0;
        for x in 0..frequencies.len() {
            for y in 0..frequencies.len() {
                if shown.is_some_and(|shown| shown != [x, y] && shown != [y, x]) {
                    continue;
                }
                let gamete = |parent: usize, allele: usize| {
                    members[person][parent].map_or(frequencies[allele], |of| {
                        drawn[&of].iter().map(|&from| matrices[parent].at(from, allele) / 2.0).sum()
                    })
                };
                let chance = gamete(0, x) * gamete(1, y);
                if chance > 0.0 {
                    drawn.insert(person, [x, y]);
                    total += chance * self.sum(members, rest, locus, drawn);
                    drawn.remove(&person);
                }
            }
        }
        total
    }
}

const FREQUENCIES: &str = "locus,allele,frequency,individuals\nD3S1358,14,0.2,100\nD3S1358,15,0.5,100\nD3S1358,16,0.3,100\n\
    TH01,6,0.1,100\nTH01,9,0.5,100\nTH01,9.3,0.4,100\nFGA,20,0.3,200\nFGA,21,0.3,200\nFGA,22,0.4,200\n";

const RELATIVES: &str = "family_id,sample_id,relation,sex,D3S1358,TH01,FGA\n\
    A,A1,mother,female,14/15,6/9,20\nA,A2,full-sibling,,15/16,9/9.3,20/21\n\
    B,B1,father,male,14,9.3,20/22\nB,B2,maternal-aunt,,15/16,9,21\n\
    C,C1,paternal-half-sibling,male,14/15,6/9.3,20/23\n\
    D,D1,paternal-grandmother,female,14/16,9,21/22\n";

const CANDIDATES: &str =
    "sample_id,sex,D3S1358,TH01,FGA\nK1,male,14/16,6/9.3,20/21\nK2,female,15,9,20/22\nK3,,14/15,9/9.3,23\n";

/// A missing child with two half-siblings, who have the same other parent.
const HALF: &str = "family_id,person,father,mother,sex,missing,sample_id\nH,lost,dad,mum,,yes,\nH,dad,,,,,\nH,mum,,,,,\n\
    H,h1,dad,other,,,H1\nH,h2,dad,other,,,H2\nH,other,,,,,\n";

#[test]
fn a_case_has_the_same_likelihood_ratio_elsewhere() {
    let lab = Lab::new();
    let frequencies = lab.write("frequencies.csv", FREQUENCIES);
    let half = lab.write("half.csv", HALF);
    for untyped in ["pruned", "full"] {
        let init = ["init", "--frequencies", &frequencies, "--untyped", untyped, "--mutation-rate-male", "0.02"];
        lab.run_on(untyped, &init).ends(0);
        let import = |name: &str, layout: &str, text: &str, options: &[&str]| {
            let file = lab.write(name, text);
            lab.run_on(untyped, &[&["import", "--as", layout, &file], options].concat()).ends(0);
        };
        import("r.csv", "families", RELATIVES, &[]);
        let members =
            "family_id,sample_id,relation,sex,D3S1358,TH01,FGA\nH,H1,member,m,14/15,6/9,20/22\nH,H2,member,,14,9,20\n";
        import("h.csv", "families", members, &["--pedigrees", &half]);
        import("k.csv", "children", CANDIDATES, &[]);
        let pairs = candidates(&lab.run_on(untyped, &ALL).ends(0));
        assert_eq!(pairs.len(), 15);
        for ((family, child), log10_lr) in &pairs {
            let file = lab.name("case.fam");
            let export =
                ["export", "--to", "fam", "--show-genotypes", "--force", "--family", family, "--child", child, &file];
            lab.run_on(untyped, &export).ends(0).says(&["a case of 1 family and 1 child"]);
            let case = parse(&lab.read("case.fam"));
            assert!(case.persons.iter().any(|person| person.0 == *child));
            let nameless = case.pedigrees["H1"].len() > case.persons.len();
            assert!(!nameless || untyped == "pruned");
            let lr: f64 =
                (0..3).map(|locus| (case.likelihood("H1", locus) / case.likelihood("H2", locus)).log10()).sum();
            assert!((lr - log10_lr).abs() < 1e-9, "{untyped} {family} {child}: {lr} {log10_lr}");
        }
        // All three children in one file: each has an H1 of its own.
        let family = &pairs.keys().next().unwrap().0;
        let file = lab.name("three.fam");
        let export =
            ["export", "--to", "fam", "--show-genotypes", "--force", "--family", family, "--candidates", &file];
        lab.run_on(untyped, &export).ends(0).says(&["a case of 1 family and 3 children"]);
        let case = parse(&lab.read("three.fam"));
        let mut compared = 0;
        for ((_, child), log10_lr) in pairs.iter().filter(|pair| pair.0.0 == *family) {
            // Another child in the file may bring an unlisted allele, whose frequency reduces those of the others and
            // changes their mutations.
            let file = lab.name("one.fam");
            let export =
                ["export", "--to", "fam", "--show-genotypes", "--force", "--family", family, "--child", child, &file];
            lab.run_on(untyped, &export).ends(0);
            let alone = parse(&lab.read("one.fam"));
            if case.loci.iter().zip(&alone.loci).all(|(all, one)| all.1 == one.1) {
                let h1 = format!("H1 {child}");
                let lr: f64 =
                    (0..3).map(|locus| (case.likelihood(&h1, locus) / case.likelihood("H2", locus)).log10()).sum();
                assert!((lr - log10_lr).abs() < 1e-9, "{lr} {log10_lr}");
                compared += 1;
            }
        }
        assert!(compared > 0, "one child has all the alleles");
    }
}

/// Two loci with equal or different mutation rates; a grandmother, in a pedigree without a DVI part.
fn project(second_rate: &str) -> String {
    let locus = |name: &str, rate: &str, alleles: &str| {
        format!(
            "\"{name}\"\n{rate}\n{rate}\n1\n1\n2\n0.1\n0.1\n0\n0\n#FALSE#\n0\n\
             2\t(DatabaseSize = 400 , Dropout probability = 0 , Minor allele frequency = 0.002 )\n{alleles}"
        )
    };
    let loci = locus("VWA", "0.001", "\"15\"\n0.4\n\"16\"\n0.6\n")
        + &locus("D21S11", second_rate, "\"29\"\n0.5\n\"30.2\"\n0.5\n");
    format!(
        "\"Output from Familias, version 3.3\"\r\n\"DO NOT EDIT!\"\n3.3\n\"\"\n2\n\"KanarieOma\"\n#FALSE#\n-1\n#FALSE#\n#FALSE#\n\
         2\n0\n1\n0\n1\n1\n1\n\"Missing\"\n#FALSE#\n-1\n#FALSE#\n#TRUE#\n0\n\"Known relations\"\n0\n0\n0\n1\n0\n\"KanarieZaak\"\n\
         0\n1\n2\n0\n2\n2\n1\n#FALSE# (#Databases: 1 ;Theta/Kinship/Fst: 0.01 )\n2\n#TRUE#\n\"x\"\n{loci}[Advanced]\n[[Other]]\n\
         NumberOfDecimals= 10\n"
    )
}

#[test]
fn a_store_takes_over_a_project_of_another_laboratory() {
    let lab = Lab::new();
    let (even, uneven) = (lab.write("even.fam", project("0.001")), lab.write("uneven.fam", project("0.002")));
    lab.run_on("new", &["init", "--frequencies", &uneven]).ends(2).says(&[
        "D21S11",
        "vWA",
        "choose a model with --mutation",
    ]);
    assert!(!lab.path("new").exists());
    lab.run_on("other", &["init", "--frequencies", &uneven, "--mutation", "equal", "--mutation-rate", "0.001"]).ends(0);
    let model =
        "mutation proportional (rate male 0.001, female 0.001); theta 0.01; untyped pruned; unlisted alleles 0.002";
    lab.run_on("new", &["init", "--frequencies", &even]).ends(0).says(&["with 2 loci", model]);
    let frequencies = lab.read("new/frequencies.csv");
    assert!(frequencies.contains("vWA,15,0.4,200\n"), "a database of 400 alleles is one of 200 persons: {frequencies}");
    let imported =
        lab.run_on("new", &["import", "--as", "families", &even]).ends(0).says(&["1 row of families: 1 added"]);
    assert!(!imported.err.contains("Kanarie"));
    lab.run_on("new", &["import", "--as", "children", &even]).ends(2).says(&["no DVI part", "--as families"]);
    lab.run_on("new", &["import", "--as", "families", &even, "--pedigrees", &lab.write("p.csv", PEDIGREE)])
        .ends(2)
        .says(&["leave out the pedigree file"]);
    let out = lab.name("families.csv");
    lab.run_on("new", &["export", "--as", "families", "--show-genotypes", &out]).ends(0);
    let text = lab.read("families.csv");
    let names = lab.pseudonyms("sample", ["KanarieOma"]);
    let family = lab.pseudonyms("family", ["KanarieZaak"]);
    let row = format!("{},{},paternal-grandmother,female,,,,,,15/16,30.2", family["KanarieZaak"], names["KanarieOma"]);
    assert!(text.lines().any(|line| line == row), "{text}");
    // The calculator, with the same frequencies and model, requires no store.
    let cases = "case,person,relation,sex,locus,allele1,allele2\nk,o,mother,f,vWA,15,16\nk,c,child,,vWA,15,15\n";
    let cases = lab.write("cases.csv", cases);
    let lr = |options: &[&str]| rows(&reunite(&[&["lr", &cases], options].concat()).ends(0).out)[0][2].to_owned();
    let same = ["--mutation", "proportional", "--mutation-rate", "0.001", "--theta", "0.01"];
    let table = lab.name("new/frequencies.csv");
    assert_eq!(lr(&["--frequencies", &even]), lr(&[&["--frequencies", &table][..], &same].concat()));
    assert_ne!(lr(&["--frequencies", &even]), lr(&["--frequencies", &even, "--theta", "0"]));
}

#[test]
fn a_cmf_file_brings_the_genotypes_into_another_store() {
    let lab = Lab::with_population(20, 60);
    let [children, families] = ["c.xml", "f.xml"].map(|name| lab.name(name));
    let labs = ["--source-lab", "LAB-1", "--destination-lab", "NATION"];
    let export = |words: &[&str]| lab.run(&[&["export", "--to", "cmf"], words].concat());
    export(&["--as", "children", &children, "--show-genotypes"]).ends(2).says(&["--source-lab and --destination-lab"]);
    export(&[&["--as", "children", &children], &labs[..]].concat()).ends(2).says(&["give --show-genotypes"]);
    export(&[&["--show-genotypes", &children], &labs[..]].concat()).ends(2).says(&["--as families or --as children"]);
    let bad = ["--source-lab", "a<b", "--destination-lab", "NATION"];
    export(&[&["--as", "children", &children, "--show-genotypes"], &bad[..]].concat())
        .ends(2)
        .says(&["1 to 10 letters"]);
    assert!(!lab.path("c.xml").exists(), "nothing is left of a file that was refused");
    export(&[&["--as", "children", &children, "--show-genotypes"], &labs[..]].concat()).ends(0).says(&["60 children"]);
    let said = export(&[&["--as", "families", &families, "--show-genotypes"], &labs[..]].concat()).ends(0);
    let relatives = lab.read("files/families.csv").lines().count() - 1;
    let text = lab.read("f.xml");
    assert_eq!(text.matches("<SPECIMENID>").count(), relatives);
    let coarse = text.matches("Paternal Relative").count() + text.matches("Maternal Relative").count();
    said.says(&[&format!("no word for the relation of {coarse} relatives")]);
    let parents = text.matches("Biological Mother").count() + text.matches("Biological Father").count();
    assert!(coarse > 0 && parents > 0, "{coarse} {parents}");

    let other = Lab::new();
    other.run(&["import", "--as", "children", "--skip-identities", &children]).ends(0);
    let genotypes = |lab: &Lab| {
        let out = lab.name("again.csv");
        lab.run(&["export", "--as", "children", "--show-genotypes", "--force", &out]).ends(0);
        let text = lab.read("again.csv");
        let head = text.lines().next().unwrap().split(',').collect::<Vec<_>>();
        let at = head.iter().position(|column| *column == "D3S1358").unwrap();
        let loci: Vec<String> = head[at..].iter().map(ToString::to_string).collect();
        let cells = |line: &str| line.split(',').skip(at).map(str::to_owned).collect::<Vec<_>>();
        let rows: std::collections::BTreeSet<Vec<String>> = text.lines().skip(1).map(cells).collect();
        (loci, rows)
    };
    assert_eq!(genotypes(&lab), genotypes(&other));
}

#[test]
#[ignore = "requires R with the package pedFamilias: .ci/run runs it where they are installed"]
fn a_case_is_read_by_r() {
    let script = std::env::var("REUNITE_FAMILIAS").unwrap();
    let lab = Lab::with_population(6, 30);
    lab.run(&["match", "--min-log10-lr", "-30"]);
    let pair = lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"][0].clone();
    let (family, child) = (pair["family"].as_str().unwrap(), pair["child"].as_str().unwrap());
    let case = lab.name("case.fam");
    let words = ["export", "--to", "fam", "--show-genotypes", "--family", family, "--child", child, &case];
    lab.run(&words).ends(0).says(&["a case of 1 family and 1 child"]);
    let said = std::process::Command::new(script).arg(&case).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success() && out.trim() == "case.fam H1 H2", "{out}{err}");
}
