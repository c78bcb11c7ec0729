//! Reads cases for the kinship calculator: one row per person and typed locus.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Allele, DropOut, FindingCode, Genotype, Panel, Pedigree, PedigreeError, Profile, Relation, Sex};

use crate::intake::columns::fixed::Columns;
use crate::intake::columns::loci;
use crate::intake::findings::Findings;
use crate::intake::findings::Problem;
use crate::intake::pedigree::files::CasePedigrees;
use crate::intake::pedigree::link::{Linked, UNLINKED};
use crate::intake::rows::cells;
use crate::intake::rows::relation_words::{NoRelation, stated_relation};
use crate::intake::text::characters::to_ascii;
use crate::intake::text::encoding::decode;
use crate::intake::text::identifiers::{self, SpreadsheetNumbers};
use crate::intake::text::source::open_source;
use crate::intake::text::words;

/// A child in question and its relatives, from a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// The case's name in the file.
    pub name: String,
    /// The child's genotypes, in panel order.
    pub child: Profile,
    /// The drop-out probability of the child's sample, if it differs from the model's.
    pub child_drop_out: Option<DropOut>,
    /// The relatives, in the order of the relatives of `pedigree` if there is one.
    pub relatives: Vec<CaseRelative>,
    /// The pedigree, if relations do not describe the family.
    pub pedigree: Option<Arc<Pedigree>>,
}

/// A typed relative of a [`Case`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaseRelative {
    /// The relation to the child.
    pub relation: Relation,
    /// Genotypes in panel order.
    pub profile: Profile,
    /// The sample's drop-out probability, if it differs from the model's.
    pub drop_out: Option<DropOut>,
}

/// The columns, in the order in which [`Columns`] numbers them; the last is optional.
const COLUMNS: [&str; 8] = ["case", "person", "relation", "sex", "locus", "allele1", "allele2", "drop_out"];
const REQUIRED: usize = 7;
const CASE: usize = 0;
const PERSON: usize = 1;
const RELATION: usize = 2;
const SEX: usize = 3;
const LOCUS: usize = 4;
const ALLELES: [usize; 2] = [5, 6];
const DROP_OUT: usize = 7;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Child,
    Relative(Relation),
}

impl Role {
    /// Returns father or mother for a parent whose sex is stated.
    fn of_sex(self, text: &str) -> Self {
        match (self, words::sex(text)) {
            (Self::Relative(relation), Ok(sex)) => Self::Relative(relation.of_sex(sex)),
            _ => self,
        }
    }
}

struct Person {
    /// The line of the first occurrence.
    line: u64,
    name: String,
    role: Role,
    /// The sex, as far as the rows read so far state it.
    sex: Sex,
    drop_out: Option<DropOut>,
    genotypes: Vec<Option<Genotype>>,
}

struct Draft {
    name: String,
    line: u64,
    persons: Vec<Person>,
}

/// Reads `case,person,relation,sex,locus,allele1,allele2` and optionally `drop_out`: one row per person and typed
/// locus. `relation` is the relation to the child, or `child`. Columns may be in any order; cases keep the order of
/// their first rows. `sex` and `drop_out` are the same on all rows of a person. Other columns, for example of a third
/// allele, are refused.
///
/// Persons of a case in `pedigrees` have their places there, by name; their `relation` is `member` or empty.
///
/// # Errors
/// Every problem, in order of lines and columns.
pub fn read_cases(
    file_name: &str,
    bytes: &[u8],
    panel: &Panel,
    pedigrees: Option<&CasePedigrees>,
) -> Result<Vec<Case>, Vec<Problem>> {
    let mut findings = Findings::new(file_name);
    let mut cases = Vec::new();
    if let Some(text) = decode(bytes, None, &mut findings)
        && let Some(source) = open_source(&text, &mut findings)
        && let Some(columns) = Columns::read(&source, &COLUMNS, REQUIRED, &mut findings)
    {
        columns.refuse_others(&source, &mut findings);
        let mut reader = Reader { panel, pedigrees, columns: &columns, drafts: Vec::new(), by_name: HashMap::new() };
        columns.rows(source, "nothing to compute", &mut findings, |line, fields, findings| {
            reader.row(line, fields, findings);
        });
        cases = reader.finish(&mut findings);
    }
    let (problems, _) = findings.finish();
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

struct Reader<'a> {
    panel: &'a Panel,
    pedigrees: Option<&'a CasePedigrees>,
    columns: &'a Columns,
    drafts: Vec<Draft>,
    by_name: HashMap<String, usize>,
}

impl<'a> Reader<'a> {
    fn pedigree(&self, case: &str) -> Option<&'a Linked> {
        self.pedigrees.and_then(|pedigrees| pedigrees.get(case))
    }

    fn row(&mut self, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) {
        let columns = self.columns;
        let cell = |column: usize| columns.cell(column, fields);
        let before = findings.count();
        for i in [CASE, PERSON] {
            if cell(i).is_empty() {
                findings.problem(
                    line,
                    columns.column(i),
                    FindingCode::Identifier,
                    "is empty; give the case and the person a name",
                );
            } else if let Err(doubtful) = identifiers::check(cell(i), SpreadsheetNumbers::Refuse) {
                findings.problem(line, columns.column(i), doubtful.code, format!("the cell {}", doubtful.what));
            }
        }
        let pedigree = self.pedigree(cell(CASE));
        let role = read_role(cell(RELATION), pedigree.is_some())
            .map(|role| role.of_sex(cell(SEX)))
            .map_err(|(code, what)| findings.problem(line, columns.column(RELATION), code, what))
            .ok();
        let place = pedigree.zip(role).and_then(|(pedigree, role)| {
            place_in_pedigree(pedigree, cell(PERSON), role)
                .map_err(|what| findings.problem(line, columns.column(PERSON), FindingCode::Person, what))
                .ok()
                .flatten()
                .map(|place| &pedigree.persons[place])
        });
        let implied = match (role, place) {
            (_, Some(person)) => Some(person.sex).filter(|sex| *sex != Sex::Unknown),
            (Some(Role::Relative(relation)), None) => relation.sex(),
            _ => None,
        };
        let sex = words::sex(cell(SEX));
        match sex {
            Err(error) => findings.problem(line, columns.column(SEX), FindingCode::Sex, error.to_string()),
            Ok(sex) if sex != Sex::Unknown && implied.is_some_and(|implied| implied != sex) => {
                let what = if place.is_some() { "contradicts the pedigree" } else { "contradicts the relation" };
                findings.problem(line, columns.column(SEX), FindingCode::SexContradiction, what);
            }
            Ok(_) => {}
        }
        let locus = self.locus(cell(LOCUS));
        let locus = locus.map_err(|what| findings.problem(line, columns.column(LOCUS), FindingCode::Locus, what)).ok();
        let mut allele = |i: usize| {
            to_ascii(cell(i))
                .parse::<Allele>()
                .map_err(|error| findings.problem(line, columns.column(i), FindingCode::Allele, error.to_string()))
                .ok()
        };
        let [low, high] = ALLELES.map(&mut allele);
        let drop_out = cells::drop_out(cell(DROP_OUT)).unwrap_or_else(|error| {
            findings.problem(line, columns.column(DROP_OUT), FindingCode::DropOut, error.to_string());
            None
        });
        if findings.count() > before {
            return;
        }
        if let (Some(role), Some(locus), Some(low), Some(high), Ok(sex)) = (role, locus, low, high, sex) {
            let person = self.person(line, cell(CASE), cell(PERSON), role, drop_out);
            if person.sex == Sex::Unknown {
                person.sex = sex;
            }
            let differs = "differs from the person's other rows in this case";
            if person.role != role {
                findings.problem(line, columns.column(RELATION), FindingCode::SampleDiffers, differs);
            } else if sex != Sex::Unknown && person.sex != Sex::Unknown && person.sex != sex {
                findings.problem(line, columns.column(SEX), FindingCode::SampleDiffers, differs);
            } else if person.drop_out != drop_out {
                findings.problem(line, columns.column(DROP_OUT), FindingCode::SampleDiffers, differs);
            } else if person.genotypes[locus].replace(Genotype::new(low, high)).is_some() {
                let what = "this person has a row for the locus already";
                findings.problem(line, columns.column(LOCUS), FindingCode::RepeatedLocus, what);
            }
        }
    }

    fn locus(&self, name: &str) -> Result<usize, String> {
        match loci::marker_named(name, self.panel, &[]) {
            loci::Named::Locus { locus, .. } if locus.name() == loci::AMBIGUOUS => Err(format!(
                "names different markers in different kits; give each a name of its own, such as {locus}_AGCU, in the \
                 frequency table and here"
            )),
            loci::Named::Locus { locus, in_panel: true, .. } => self.panel.position(&locus).ok_or_else(String::new),
            loci::Named::Unknown { nearest: Some(nearest) } => {
                Err(format!("is an unknown locus; did you mean {nearest}? Correct it or remove the row"))
            }
            loci::Named::Unknown { nearest: None } => {
                Err("is an unknown locus; correct it or remove the row".to_owned())
            }
            _ => Err("is not in the frequency table; give a table with this locus, or remove its rows".to_owned()),
        }
    }

    fn person(&mut self, line: u64, case: &str, person: &str, role: Role, drop_out: Option<DropOut>) -> &mut Person {
        let drafts = &mut self.drafts;
        let at = *self.by_name.entry(case.to_owned()).or_insert_with(|| {
            drafts.push(Draft { name: case.to_owned(), line, persons: Vec::new() });
            drafts.len() - 1
        });
        let persons = &mut self.drafts[at].persons;
        let known = persons.iter().position(|known| known.name == person).unwrap_or_else(|| {
            let genotypes = vec![None; self.panel.len()];
            persons.push(Person { line, name: person.to_owned(), role, sex: Sex::Unknown, drop_out, genotypes });
            persons.len() - 1
        });
        &mut self.drafts[at].persons[known]
    }

    fn finish(mut self, findings: &mut Findings) -> Vec<Case> {
        let drafts = std::mem::take(&mut self.drafts);
        drafts.into_iter().map(|draft| self.case(draft, findings)).collect()
    }

    fn case(&self, draft: Draft, findings: &mut Findings) -> Case {
        let linked = self.pedigree(&draft.name);
        let mut case = Case {
            name: draft.name,
            child: Profile::default(),
            child_drop_out: None,
            relatives: Vec::new(),
            pedigree: None,
        };
        let mut children = 0;
        let (mut places, mut lines) = (Vec::new(), Vec::new());
        for Person { line, name, role, drop_out, genotypes, .. } in draft.persons {
            let profile = Profile::new(genotypes);
            match role {
                Role::Child => {
                    children += 1;
                    (case.child, case.child_drop_out) = (profile, drop_out);
                }
                Role::Relative(relation) => {
                    if let Some(place) = linked.and_then(|linked| linked.place(&name)) {
                        places.push(place);
                        lines.push(line);
                    }
                    case.relatives.push(CaseRelative { relation, profile, drop_out });
                }
            }
        }
        if children != 1 {
            let what = format!(
                "the case that begins here requires exactly one person of the relation child, and has {children}"
            );
            findings.problem(draft.line, None, FindingCode::Child, what);
        }
        let twice = |relation: &Relation| {
            relation.is_unique() && case.relatives.iter().filter(|one| one.relation == *relation).count() > 1
        };
        if let Some(relation) = Relation::ALL.into_iter().find(twice) {
            let what = format!("the case that begins here has two persons of relation {relation}");
            findings.problem(draft.line, None, FindingCode::SecondParent, what);
        }
        let relations: Vec<Relation> = case.relatives.iter().map(|one| one.relation).collect();
        for one in &mut case.relatives {
            one.relation = one.relation.beside(|other| relations.contains(&other));
        }
        if relations.contains(&Relation::Parent)
            && let Err(error @ (PedigreeError::ThreeParents | PedigreeError::Side)) =
                Pedigree::from_relations(&relations)
        {
            findings.problem(draft.line, None, FindingCode::Parents, format!("the case that begins here: {error}"));
        }
        let is_linked = linked.map(|linked| linked.linked_with_child(&places)).unwrap_or_default();
        for (line, _) in lines.into_iter().zip(is_linked).filter(|(_, is_linked)| !is_linked) {
            findings.problem(line, self.columns.column(PERSON), FindingCode::Unlinked, UNLINKED);
        }
        case.pedigree = linked.and_then(|linked| {
            let refused = |error: PedigreeError| {
                findings.problem(
                    draft.line,
                    None,
                    FindingCode::Pedigree,
                    format!("the case that begins here: {error}"),
                );
            };
            linked.pedigree(&places).map(Arc::new).map_err(refused).ok()
        });
        case
    }
}

fn read_role(text: &str, has_pedigree: bool) -> Result<Role, (FindingCode, String)> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("child") || is("孩子") {
        return Ok(Role::Child);
    }
    let is_member = is(Relation::Member.word());
    if has_pedigree {
        let what = "the case has a pedigree; write child for the person who may be the missing child, and member or \
                    nothing for others";
        return (is_member || text.is_empty())
            .then_some(Role::Relative(Relation::Member))
            .ok_or((FindingCode::RelationPedigree, what.to_owned()));
    }
    if is_member {
        let what = "a member requires a pedigree; enter the case in the file given with --pedigree, or write the \
                    relation";
        return Err((FindingCode::RelationPedigree, what.to_owned()));
    }
    stated_relation(text).map(Role::Relative).map_err(|error| {
        let or_child = if matches!(error, NoRelation::Unknown(_)) { ", child" } else { "" };
        (error.code(), format!("{error}{or_child}"))
    })
}

/// Returns the person's position in the pedigree. The child in question may have any name.
fn place_in_pedigree(pedigree: &Linked, name: &str, role: Role) -> Result<Option<usize>, &'static str> {
    let place = pedigree.place(name);
    match (role, place) {
        (Role::Child, Some(place)) if place != pedigree.child => {
            Err("is another person of the pedigree than the missing child; correct the relation, or give another name")
        }
        (Role::Relative(_), Some(place)) if place == pedigree.child => {
            Err("is the missing child of the pedigree; write the relation child")
        }
        (Role::Relative(_), None) => Err("is not in the case's pedigree; correct the name, or add the person there"),
        _ => Ok(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Locus;

    #[test]
    fn a_parent_is_told_by_the_sex_or_by_the_others() {
        use Relation::{Father, Mother, Parent};
        let read = |rows: &str| {
            let head = "case,person,relation,sex,locus,allele1,allele2\n";
            let child = "1,C,child,,vWA,14,15\n";
            read_cases("f.csv", format!("{head}{child}{rows}").as_bytes(), &panel(), None)
        };
        let relations = |rows: &str| -> Vec<Relation> {
            read(rows).unwrap()[0].relatives.iter().map(|relative| relative.relation).collect()
        };
        assert_eq!(relations("1,P,parent,m,vWA,14,15\n"), [Father]);
        assert_eq!(relations("1,P,parent,,vWA,14,15\n1,Q,parent,,vWA,14,15\n"), [Parent, Parent]);
        assert_eq!(relations("1,P,parent,,vWA,14,15\n1,Q,father,,vWA,14,15\n"), [Mother, Father]);
        let refused = |rows: &str| read(rows).unwrap_err()[0].code.word();
        assert_eq!(refused("1,P,parent,,vWA,14,15\n1,Q,paternal-uncle,,vWA,14,15\n"), "parents");
        let three = "1,P,parent,,vWA,14,15\n1,Q,father,,vWA,14,15\n1,R,mother,,vWA,14,15\n";
        assert_eq!(refused(three), "parents");
        assert_eq!(refused("1,P,mother,,D5S2500,14,15\n"), "locus");
    }

    fn panel() -> Panel {
        Panel::new(["vWA", "FGA"].map(|name| name.parse::<Locus>().unwrap()).to_vec()).unwrap()
    }

    fn problems(rows: &str) -> Vec<(u64, &'static str)> {
        let text = format!("case,person,relation,sex,locus,allele1,allele2\n{rows}");
        let problems = read_cases("c.csv", text.as_bytes(), &panel(), None).unwrap_err();
        problems.iter().map(|problem| (problem.line, problem.code.word())).collect()
    }

    #[test]
    fn cases_are_read_in_any_order_of_rows_and_columns() {
        let text = "locus,case,person,relation,sex,allele2,allele1\r\n\
                    FGA,2,kid,child,male,24,22\r\nvwa,1,mum,Mother,F,14,17\r\n\
                    vWA,2,gran,maternal-grandmother,female,14,14\r\nFGA,1,c,child,,21.2,20\r\n";
        let cases = read_cases("c.csv", text.as_bytes(), &panel(), None).unwrap();
        assert_eq!(cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        assert_eq!(cases[0].child.at(1), "22/24".parse().ok());
        assert_eq!(cases[0].relatives[0].profile.at(0), "14".parse().ok());
        assert_eq!((cases[1].relatives[0].relation, cases[1].child.typed_loci()), (Relation::Mother, 1));
    }

    #[test]
    fn what_rows_of_a_person_say_twice_is_held_against_each_other() {
        let rows =
            |sex: &str| format!("a,kid,child,m,vWA,14,15\na,kid,child,{sex},FGA,22,24\na,dad,father,m,vWA,14,15\n");
        assert_eq!(problems(&rows("f")), [(3, "sample-differs")]);
        let sound = format!("case,person,relation,sex,locus,allele1,allele2\n{}", rows(""));
        assert_eq!(read_cases("f", sound.as_bytes(), &panel(), None).map(|cases| cases.len()).ok(), Some(1));
        // A column of a third allele must not be ignored.
        let text = "case,person,relation,sex,locus,allele1,allele2,allele3\na,kid,child,m,vWA,14,15,16\n\
                    a,dad,father,m,vWA,14,15,\n";
        let found = read_cases("f", text.as_bytes(), &panel(), None).unwrap_err();
        assert_eq!(found.iter().map(|one| (one.line, one.code.word())).collect::<Vec<_>>(), [(1, "column")]);
    }

    #[test]
    fn every_problem_names_its_line() {
        let child = "a,c,child,male,vWA,14,15\n";
        assert_eq!(problems("a,m,mother,female,vWA,14,15\n"), [(2, "child")]);
        assert_eq!(problems(&format!("{child}a,d,child,male,vWA,1,2\n")), [(2, "child")]);
        assert_eq!(
            problems(&format!("{child}a,m,mum,female,vWA,1,x\na,f,father,female,vWB,1,2\n")),
            [(3, "relation"), (3, "allele"), (4, "sex-contradiction"), (4, "locus")]
        );
        assert_eq!(problems(&format!("{child}{child}")), [(3, "repeated-locus")]);
        assert_eq!(problems(&format!("{child}a,c,mother,female,FGA,1,2\n")), [(3, "sample-differs")]);
        let fathers = "a,f,father,male,vWA,14,15\na,g,father,male,vWA,14,15\n";
        assert_eq!(problems(&format!("{child}{fathers}")), [(2, "second-parent")]);
        assert_eq!(
            problems(&format!("{child}a,m,mother,female,TH01,9,9\n,,mother,,vWA,9\n")),
            [(3, "locus"), (4, "fields")]
        );
        assert_eq!(problems(""), [(0, "no-rows")]);
        assert_eq!(read_cases("c.csv", b"case;person\n", &panel(), None).unwrap_err()[0].line, 1);
    }
}
