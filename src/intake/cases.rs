//! Cases for the kinship calculator: one row per person and typed locus.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::{Allele, Genotype, Panel, Profile, Relation, Sex};

use super::findings::{Column, Findings};
use super::lines::Lines;
use super::tidy::{Source, open};
use super::{Problem, loci};

/// A child in question and its relatives, as a file gives them.
#[derive(Clone, Debug)]
pub struct Case {
    /// The case's name in the file.
    pub name: String,
    /// The child's genotypes, in panel order.
    pub child: Profile,
    /// Relation and genotypes of each relative, in panel order.
    pub relatives: Vec<(Relation, Profile)>,
}

/// The columns, in the order in which errors number them.
const COLUMNS: [&str; 7] = ["case", "person", "relation", "sex", "locus", "allele1", "allele2"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Child,
    Relative(Relation),
}

struct Person {
    name: String,
    role: Role,
    genotypes: Vec<Option<Genotype>>,
}

struct Draft {
    name: String,
    line: u64,
    persons: Vec<Person>,
}

/// Reads `case,person,relation,sex,locus,allele1,allele2`: one row per person and locus at which the person is typed;
/// `relation` is that to the child, or `child`. Columns in any order; cases keep the order of their first rows.
///
/// # Errors
/// Every problem, in order of lines and columns.
pub fn read_cases(file_name: &str, bytes: &[u8], panel: &Panel) -> Result<Vec<Case>, Vec<Problem>> {
    let mut findings = Findings::new(file_name);
    let mut reader = Reader { panel, drafts: Vec::new(), by_name: HashMap::new() };
    if let Some(source) = open(bytes, &mut findings) {
        reader.read(source, &mut findings);
    }
    let cases = reader.finish(&mut findings);
    let (problems, _) = findings.finish();
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

struct Reader<'a> {
    panel: &'a Panel,
    drafts: Vec<Draft>,
    by_name: HashMap<String, usize>,
}

impl Reader<'_> {
    fn read(&mut self, source: Source<'_>, findings: &mut Findings) {
        let Source { line, header, lines, .. } = source;
        let mut places = [0; COLUMNS.len()];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            match header.iter().position(|column| column.trim().eq_ignore_ascii_case(name)) {
                Some(position) => *place = position,
                None => {
                    let what = format!("the column {name} is missing: the header must be {}", COLUMNS.join(","));
                    findings.problem(line, None, "missing-column", what);
                }
            }
        }
        if findings.count() > 0 {
            return;
        }
        let columns = header.len();
        self.rows(lines, columns, &places, findings);
    }

    fn rows(&mut self, lines: Lines<'_>, columns: usize, places: &[usize; 7], findings: &mut Findings) {
        let mut any = false;
        let mut fields = Vec::new();
        for (line, bytes) in lines {
            if bytes.iter().all(|&b| b == b',' || b == b' ') {
                continue;
            }
            any = true;
            let name = |i: usize| {
                let place = places.iter().position(|&place| place == i)?;
                Some((i + 1, COLUMNS[place].into()))
            };
            let Some(()) = super::tidy::fields(line, bytes, columns, name, &mut fields, findings) else { continue };
            self.row(line, &fields, places, findings);
        }
        if !any {
            findings.problem(0, None, "no-rows", "there is a header and no row: nothing to compute");
        }
    }

    fn row(&mut self, line: u64, fields: &[Cow<'_, str>], places: &[usize; 7], findings: &mut Findings) {
        let cell = |i: usize| fields[places[i]].trim();
        let column = |i: usize| -> Column { Some((places[i] + 1, COLUMNS[i].into())) };
        let before = findings.count();
        for i in [0, 1] {
            if cell(i).is_empty() {
                findings.problem(line, column(i), "identifier", "is empty: give the case and the person a name");
            }
        }
        let role = match cell(2) {
            text if text.eq_ignore_ascii_case("child") => Some(Role::Child),
            text => match text.parse::<Relation>() {
                Ok(relation) => Some(Role::Relative(relation)),
                Err(error) => {
                    findings.problem(line, column(2), "relation", format!("{error}, child"));
                    None
                }
            },
        };
        let implied = match role {
            Some(Role::Relative(relation)) => relation.sex(),
            _ => None,
        };
        match cell(3).parse::<Sex>() {
            Err(error) => findings.problem(line, column(3), "sex", error.to_string()),
            Ok(sex) if sex != Sex::Unknown && implied.is_some_and(|implied| implied != sex) => {
                findings.problem(line, column(3), "sex", "contradicts the relation");
            }
            Ok(_) => {}
        }
        let locus = self.locus(cell(4)).map_err(|what| findings.problem(line, column(4), "locus", what)).ok();
        let mut allele = |i: usize| {
            cell(i)
                .parse::<Allele>()
                .map_err(|error| findings.problem(line, column(i), "allele", error.to_string()))
                .ok()
        };
        let (low, high) = (allele(5), allele(6));
        if findings.count() > before {
            return;
        }
        if let (Some(role), Some(locus), Some(low), Some(high)) = (role, locus, low, high) {
            let person = self.person(line, cell(0), cell(1), role);
            if person.role != role {
                findings.problem(line, column(2), "relation", "differs from the person's other rows in this case");
            } else if person.genotypes[locus].replace(Genotype::new(low, high)).is_some() {
                findings.problem(line, column(4), "repeated-locus", "this person has a row for the locus already");
            }
        }
    }

    fn locus(&self, name: &str) -> Result<usize, String> {
        match loci::named(name, self.panel, &[]) {
            loci::Named::Locus { locus, in_panel: true, .. } => self.panel.position(&locus).ok_or_else(String::new),
            loci::Named::Unknown { nearest: Some(nearest) } => {
                Err(format!("is no known locus; did you mean {nearest}? Correct it or remove the row"))
            }
            loci::Named::Unknown { nearest: None } => Err("is no known locus: correct it or remove the row".to_owned()),
            _ => Err("is not in the frequency table: give a table with this locus, or remove its rows".to_owned()),
        }
    }

    fn person(&mut self, line: u64, case: &str, person: &str, role: Role) -> &mut Person {
        let drafts = &mut self.drafts;
        let at = *self.by_name.entry(case.to_owned()).or_insert_with(|| {
            drafts.push(Draft { name: case.to_owned(), line, persons: Vec::new() });
            drafts.len() - 1
        });
        let persons = &mut self.drafts[at].persons;
        let known = persons.iter().position(|known| known.name == person).unwrap_or_else(|| {
            persons.push(Person { name: person.to_owned(), role, genotypes: vec![None; self.panel.len()] });
            persons.len() - 1
        });
        &mut self.drafts[at].persons[known]
    }

    fn finish(self, findings: &mut Findings) -> Vec<Case> {
        let mut cases = Vec::with_capacity(self.drafts.len());
        for draft in self.drafts {
            let mut case = Case { name: draft.name, child: Profile::default(), relatives: Vec::new() };
            let mut children = 0;
            for person in draft.persons {
                match person.role {
                    Role::Child => {
                        children += 1;
                        case.child = Profile::new(person.genotypes);
                    }
                    Role::Relative(relation) => case.relatives.push((relation, Profile::new(person.genotypes))),
                }
            }
            if children != 1 {
                let what = format!("the case that begins here has {children} persons of relation child: it needs one");
                findings.problem(draft.line, None, "child", what);
            }
            let twice = |relation: &Relation| {
                relation.is_unique() && case.relatives.iter().filter(|relative| relative.0 == *relation).count() > 1
            };
            if let Some(relation) = Relation::ALL.into_iter().find(twice) {
                let what = format!("the case that begins here has two persons of relation {relation}");
                findings.problem(draft.line, None, "second-parent", what);
            }
            cases.push(case);
        }
        cases
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Locus;

    fn panel() -> Panel {
        Panel::new(["vWA", "FGA"].map(|name| name.parse::<Locus>().unwrap()).to_vec()).unwrap()
    }

    fn problems(rows: &str) -> Vec<(u64, &'static str)> {
        let text = format!("case,person,relation,sex,locus,allele1,allele2\n{rows}");
        let problems = read_cases("c.csv", text.as_bytes(), &panel()).unwrap_err();
        problems.iter().map(|problem| (problem.line, problem.code)).collect()
    }

    #[test]
    fn cases_are_read_in_any_order_of_rows_and_columns() {
        let text = "locus,case,person,relation,sex,allele2,allele1\r\n\
                    FGA,2,kid,child,male,24,22\r\nvwa,1,mum,Mother,F,14,17\r\n\
                    vWA,2,gran,maternal-grandmother,female,14,14\r\nFGA,1,c,child,,21.2,20\r\n";
        let cases = read_cases("c.csv", text.as_bytes(), &panel()).unwrap();
        assert_eq!(cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        assert_eq!(cases[0].child.at(1), "22/24".parse().ok());
        assert_eq!(cases[0].relatives[0].1.at(0), "14".parse().ok());
        assert_eq!((cases[1].relatives[0].0, cases[1].child.typed_loci()), (Relation::Mother, 1));
    }

    #[test]
    fn every_problem_names_its_line() {
        let child = "a,c,child,male,vWA,14,15\n";
        assert_eq!(problems("a,m,mother,female,vWA,14,15\n"), [(2, "child")]);
        assert_eq!(problems(&format!("{child}a,d,child,male,vWA,1,2\n")), [(2, "child")]);
        assert_eq!(
            problems(&format!("{child}a,m,mum,female,vWA,1,x\na,f,father,female,vWB,1,2\n")),
            [(3, "relation"), (3, "allele"), (4, "sex"), (4, "locus")]
        );
        assert_eq!(problems(&format!("{child}{child}")), [(3, "repeated-locus")]);
        assert_eq!(problems(&format!("{child}a,c,mother,female,FGA,1,2\n")), [(3, "relation")]);
        let fathers = "a,f,father,male,vWA,14,15\na,g,father,male,vWA,14,15\n";
        assert_eq!(problems(&format!("{child}{fathers}")), [(2, "second-parent")]);
        assert_eq!(
            problems(&format!("{child}a,m,mother,female,TH01,9,9\n,,mother,,vWA,9\n")),
            [(3, "locus"), (4, "fields")]
        );
        assert_eq!(problems(""), [(0, "no-rows")]);
        assert_eq!(read_cases("c.csv", b"case;person\n", &panel()).unwrap_err()[0].line, 1);
    }
}
