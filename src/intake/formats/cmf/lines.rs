//! Reads CODIS Common Message Format 1.0: a text with one value per line, as GeneMapper ID and ID-X write it (`.dat`).
//!
//! | lines | content |
//! |---|---|
//! | 9 | `1.0`, a number, `IMPORT`, source and destination laboratory, date and time, user, `GeneMapper ID-X` or a similar name, number of samples |
//! | 10 for each sample | `DNA Analysis Result`, `1.0`, `PCR`, sample number, five lines of which one may be a specimen category, number of loci |
//! | 6 for each locus of it | name, `1`, three lines (reader, date, time), number of alleles |
//! | 1 for each allele of it | the allele; a homozygote has it once |
//!
//! Blank lines are allowed before samples and at the end. Reading stops with a finding at any other deviation, because
//! the meaning of the following lines is then unknown.
//!
//! The file does not name families, so families require a case list. For children the category decides. Some programs
//! write one category, such as `Suspect, Known`, if nobody has chosen any: a category that is unrelated to missing
//! persons and that all samples have is ignored. The laboratories in the header are not used as agencies, because
//! programs fill in placeholders.

use super::category::Category;
use super::file::File;
use super::grammar::Element;
use super::xml::{Attributes, Elements};
use crate::intake::columns::controls::{SKIPPED_CONTROL, is_control};
use crate::intake::findings::{Findings, value_named};
use crate::intake::request::Request;
use crate::intake::rows::finish::{SoundRows, read_table};
use crate::intake::rows::table::Table;
use crate::model::{FindingCode, Layout};

const SAMPLE: &str = "DNA Analysis Result";
const PROGRAM: &str = "GeneMapper";
/// Number of lines in the header.
const HEADER: usize = 9;
/// Number of lines of a sample and of a locus, without the lines of their contents.
const SAMPLE_LINES: usize = 10;
const LOCUS_LINES: usize = 6;
/// More loci and alleles than any sample has.
const MOST_LOCI: usize = 200;
const MOST_ALLELES: usize = 8;

/// Reports whether a text is a file of this format.
pub(in crate::intake) fn is_lines(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).take(2 * HEADER).enumerate();
    let is_program =
        |line: &[u8]| line.starts_with(PROGRAM.as_bytes()) && !line.iter().any(|byte| b"\t,;".contains(byte));
    lines.any(|(at, line)| line.eq_ignore_ascii_case(SAMPLE.as_bytes()) || at == HEADER - 2 && is_program(line))
}

/// Reads a file. A case list has priority over the categories, which must not contradict it.
pub(in crate::intake) fn read_lines(text: &[u8], request: &Request<'_>, findings: &mut Findings) -> SoundRows {
    if request.layout == Layout::Families && request.cases.is_none() {
        let what = "the file states neither families nor relations; state both for each sample in a case list, and \
                    give it with --cases";
        findings.problem(0, None, FindingCode::NoCase, what);
        return SoundRows::default();
    }
    read(text, request, findings).and_then(|table| read_table(&table, request, findings)).unwrap_or_default()
}

fn read(text: &[u8], request: &Request<'_>, findings: &mut Findings) -> Option<Table> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let before = text[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() as u64;
            let what = "the line is not UTF-8; save the file as UTF-8";
            findings.problem(before + 1, None, FindingCode::Utf8, what);
            return None;
        }
    };
    let mut lines = Lines { lines: text.lines().map(str::trim).collect(), at: 0 };
    let samples = lines.header(findings)?;
    let mut file = File::of_lines(request);
    let chosen = lines.categories_are_chosen();
    for _ in 0..samples {
        lines.skip_blank();
        lines.sample(&mut file, request, chosen, findings)?;
    }
    lines.skip_blank();
    if lines.at < lines.lines.len() {
        let what = format!("the file has more samples than line {HEADER} states ({samples}); export the file again");
        findings.problem(lines.number(), None, FindingCode::Count, what);
        return None;
    }
    file.finish(findings)
}

/// The lines of a file, and the position reached. Reading functions return `None` after a finding.
struct Lines<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    /// Returns the number of the next line, from 1.
    fn number(&self) -> u64 {
        self.at as u64 + 1
    }

    fn next(&mut self, what: &str, findings: &mut Findings) -> Option<&'a str> {
        let line = self.lines.get(self.at).copied();
        if line.is_none() {
            let what_to_do = "is missing, because the file ends here: it was cut off; export it again";
            findings.problem(self.at as u64, value_named(what), FindingCode::End, what_to_do);
        }
        self.at += 1;
        line
    }

    fn skip_blank(&mut self) {
        while self.lines.get(self.at).is_some_and(|line| line.is_empty()) {
            self.at += 1;
        }
    }

    fn skip(&mut self, lines: usize, what: &str, findings: &mut Findings) -> Option<()> {
        (0..lines).try_for_each(|_| self.next(what, findings).map(drop))
    }

    /// Reads a line that must have this text.
    fn exactly(&mut self, wanted: &str, findings: &mut Findings) -> Option<()> {
        let line = self.number();
        let is = self.next(wanted, findings)?.eq_ignore_ascii_case(wanted);
        if !is {
            let what = format!("should be {wanted}: the file is not CMF 1.0, or was damaged; export it again");
            findings.problem(line, None, FindingCode::CmfLine, what);
        }
        is.then_some(())
    }

    /// Reads the number of items that follow, each with at least this number of lines. The number must fit into the
    /// rest of the file.
    fn count(&mut self, what: &str, most: usize, lines: usize, findings: &mut Findings) -> Option<usize> {
        let line = self.number();
        let text = self.next(what, findings)?;
        let number = Some(text).filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(number) = number.and_then(|text| text.parse::<usize>().ok()) else {
            let what_to_do = "is not a whole number: the file was damaged; export it again";
            findings.problem(line, value_named(what), FindingCode::Number, what_to_do);
            return None;
        };
        if number > most || number > self.lines.len().saturating_sub(self.at) / lines {
            let what_to_do = "is larger than the file allows: the file was cut off, or damaged; export it again";
            findings.problem(line, value_named(what), FindingCode::Count, what_to_do);
            return None;
        }
        Some(number)
    }

    /// Reads the header; returns the number of samples.
    fn header(&mut self, findings: &mut Findings) -> Option<usize> {
        let what = "line of the header";
        if self.next("version", findings)? != "1.0" {
            let what =
                "is not 1.0, the version of files with one value per line; export the file as CMF 1.0, or as XML";
            findings.problem(1, value_named("version"), FindingCode::Version, what);
            return None;
        }
        self.skip(1, what, findings)?;
        let message = self.next("type of the message", findings)?;
        if !message.eq_ignore_ascii_case("import") {
            let what = "is not IMPORT: only import files hold profiles; export the file for import";
            findings.problem(3, value_named("type of the message"), FindingCode::MessageType, what);
            return None;
        }
        self.skip(2, what, findings)?;
        if !self.next("date", findings)?.bytes().any(|byte| byte.is_ascii_digit()) {
            let what = "should be a date: the file is not CMF 1.0, or was damaged; export it again";
            findings.problem(6, value_named("date"), FindingCode::CmfLine, what);
            return None;
        }
        self.skip(1, what, findings)?;
        if !self.next("program", findings)?.starts_with(PROGRAM) {
            let what = "should be GeneMapper ID-X: files of other programs are not supported; export a table with a \
                        row per sample and locus, or CMF 3.2";
            findings.problem(8, value_named("program"), FindingCode::CmfLine, what);
            return None;
        }
        self.count("number of samples", usize::MAX, SAMPLE_LINES, findings)
    }

    /// Reports whether the categories of samples were chosen: they were not, if all samples have one that is unrelated
    /// to missing persons.
    fn categories_are_chosen(&self) -> bool {
        let starts = self.lines.iter().enumerate().filter(|(_, line)| line.eq_ignore_ascii_case(SAMPLE));
        let mut found = starts.filter_map(|(at, _)| Some(category_among(self.lines.get(at + 4..at + 9)?)));
        let first = found.next().flatten();
        let is_other = first.is_none_or(|(_, name)| Category::read(name) == Ok(Category::Other));
        !is_other || found.any(|one| one.map(|one| one.1) != first.map(|one| one.1))
    }

    fn sample(
        &mut self,
        file: &mut File<'_>,
        request: &Request<'_>,
        chosen: bool,
        findings: &mut Findings,
    ) -> Option<()> {
        let line = self.number();
        self.exactly(SAMPLE, findings)?;
        self.exactly("1.0", findings)?;
        self.exactly("PCR", findings)?;
        file.open(Element::Specimen, line, Attributes::default(), findings);
        let at = self.number();
        let id = self.next("number of the sample", findings)?;
        if id.is_empty() {
            let what = "is empty; give every sample its number";
            findings.problem(at, value_named("number of the sample"), FindingCode::Identifier, what);
        }
        file.value(Element::SpecimenId, at, id, findings);
        let first = self.number();
        let mut five = [""; 5];
        for value in &mut five {
            *value = self.next("line of the sample", findings)?;
        }
        let is_listed = request.cases.is_some_and(|cases| cases.has(id));
        if is_control(id) && !is_listed {
            findings.note(at, value_named("number of the sample"), FindingCode::Control, SKIPPED_CONTROL);
            file.skip_control();
        } else {
            match category_among(&five).filter(|_| chosen) {
                Some((place, name)) => {
                    file.value(Element::SpecimenCategory, first + place as u64, name, findings);
                }
                None => file.without_category(),
            }
        }
        for _ in 0..self.count("number of loci", MOST_LOCI, LOCUS_LINES, findings)? {
            self.locus(file, findings)?;
        }
        file.close(Element::Specimen, findings);
        Some(())
    }

    fn locus(&mut self, file: &mut File<'_>, findings: &mut Findings) -> Option<()> {
        let line = self.number();
        let name = self.next("name of the locus", findings)?;
        self.exactly("1", findings)?;
        self.skip(3, "line of the locus", findings)?;
        let alleles = self.count("number of alleles", MOST_ALLELES, 1, findings)?;
        file.open(Element::Locus, line, Attributes::default(), findings);
        file.value(Element::LocusName, line, name, findings);
        for _ in 0..alleles {
            let line = self.number();
            let allele = self.next("allele", findings)?;
            file.value(Element::AlleleValue, line, allele, findings);
        }
        file.close(Element::Locus, findings);
        Some(())
    }
}

/// Returns the position and spelling of the category among some lines.
fn category_among(lines: &[&str]) -> Option<(usize, &'static str)> {
    lines.iter().enumerate().find_map(|(place, line)| Some((place, Category::named(line)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::rows::case_list::CaseList;
    use crate::intake::tests::{panel, pseudonymizer, request};
    use crate::intake::{Format, Intake, read_bytes};
    use crate::model::Relation;

    const HEAD: &str = "1.0\n1\nIMPORT\nsrclab\ndestlab\n2019/05/06 10:20:30\nAB\nGeneMapper ID-X\n";

    /// Returns a sample with its category, and loci with their alleles.
    fn sample(number: &str, category: &str, loci: &[(&str, &[&str])]) -> String {
        let mut text = format!(
            "DNA Analysis Result\n1.0\nPCR\n{number}\n0\n{category}\nunspecified\nunspecified\nunspecified\n{}\n",
            loci.len()
        );
        for (name, alleles) in loci {
            let values: String = alleles.iter().map(|allele| format!("{allele}\n")).collect();
            text += &format!("{name}\n1\ngmidx\n2019/05/06\n10:20:30\n{}\n{values}", alleles.len());
        }
        text
    }

    fn file(samples: &[String]) -> String {
        format!("{HEAD}{}\n{}", samples.len(), samples.concat())
    }

    fn usual(number: &str, category: &str) -> String {
        sample(number, category, &[("D3S1358", &["15", "16"]), ("AMEL", &["X", "Y"]), ("vWA", &["17"]), ("FGA", &[])])
    }

    fn read_as(layout: Layout, list: Option<&str>, text: &str) -> Intake {
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        let plain = request(layout, &panel, &pseudonymizer);
        let list = list.map(|list| CaseList::read("list.csv", list.as_bytes(), &plain).map_err(drop).unwrap());
        read_bytes("f.dat", text.as_bytes(), &Request { cases: list.as_ref(), ..plain })
    }

    fn places(problems: &[crate::intake::Problem]) -> Vec<(u64, &'static str)> {
        problems.iter().map(|problem| (problem.line, problem.code.word())).collect()
    }

    #[test]
    fn children_are_read_from_one_value_per_line() {
        let text =
            file(&[usual("C1", "Suspect, Known"), usual("9947A", "Suspect, Known"), usual("C2", "Suspect, Known")]);
        assert_eq!(Format::detect(text.as_bytes()), Format::Dat);
        for text in
            [text.clone(), text.replace('\n', "\r\n"), text.replace("DNA", "\nDNA") + "\n\n", format!("\u{feff}{text}")]
        {
            let intake = read_as(Layout::Children, None, &text);
            assert_eq!((&intake.problems, intake.format), (&vec![], Format::Dat));
            let samples: Vec<_> = intake.rows.iter().map(|row| row.sample).collect();
            assert_eq!(samples, ["C1", "C2"].map(|name| pseudonymizer().sample(None, name).unwrap()));
            let profile = &intake.rows[0].profile;
            let shown: Vec<_> = profile.genotypes().iter().map(|g| g.map(|g| g.to_string())).collect();
            assert_eq!(shown, [Some("15/16".to_owned()), Some("17".to_owned()), None]);
            assert!(intake.notes.iter().any(|note| note.code.word() == "control"), "{:?}", intake.notes);
        }
    }

    #[test]
    fn categories_that_were_chosen_say_who_is_a_child() {
        let text = file(&[
            usual("C1", "Unidentified Person"),
            usual("S1", "Biological Mother"),
            usual("X1", "Suspect, Known"),
            usual("X2", "unspecified"),
        ]);
        let intake = read_as(Layout::Children, None, &text);
        assert_eq!((intake.problems.len(), intake.rows.len()), (0, 2), "the last has no category");
        assert_eq!(places(&intake.notes), [(0, "skipped"), (0, "skipped"), (0, "no-sex")]);
        let list = "sample_id,sex\nC1,m\nX1,f\n";
        let intake = read_as(Layout::Children, Some(list), &text);
        assert_eq!(intake.rows.len(), 2, "the list knows of X1");
        assert_eq!(intake.problems.iter().map(|one| one.code.word()).collect::<Vec<_>>(), ["no-case"]);
    }

    #[test]
    fn families_need_a_case_list_which_must_not_contradict() {
        let text = file(&[usual("S1", "Suspect, Known"), usual("S2", "Suspect, Known")]);
        assert_eq!(places(&read_as(Layout::Families, None, &text).problems), [(0, "no-case")]);
        let list = "sample_id,family_id,relation,sex\nS1,F1,father,m\nS2,F1,paternal-uncle,m\n";
        let intake = read_as(Layout::Families, Some(list), &text);
        assert_eq!(intake.problems, []);
        let family = pseudonymizer().family(None, "F1").unwrap();
        let families: Vec<_> = intake.rows.iter().map(|row| row.family).collect();
        assert_eq!(families, [Some((family, Relation::Father)), Some((family, Relation::PaternalUncle))]);
        let text = file(&[usual("S1", "Biological Mother"), usual("S2", "Paternal Relative")]);
        assert_eq!(places(&read_as(Layout::Families, Some(list), &text).problems), [(15, "relation")]);
        let unlisted = file(&[usual("S1", "Suspect, Known"), usual("S3", "Suspect, Known")]);
        let intake = read_as(Layout::Families, Some(list), &unlisted);
        assert_eq!(intake.problems.iter().map(|one| one.code.word()).collect::<Vec<_>>(), ["no-case"]);
    }

    #[test]
    fn whatever_is_not_as_stated_is_an_error_by_line() {
        let text = file(&[usual("C1", ""), usual("C2", "")]);
        assert_eq!(read_as(Layout::Children, None, &text).problems, []);
        for (old, new, line, code) in [
            ("1.0\n1\n", "3.0\n1\n", 1, "version"),
            ("IMPORT", "EXPORT", 3, "message-type"),
            ("2019/05/06 10:20:30", "today", 6, "cmf-line"),
            ("GeneMapper ID-X", "another", 8, "cmf-line"),
            ("\n2\nDNA", "\nmany\nDNA", 9, "number"),
            ("\n2\nDNA", "\n9\nDNA", 9, "count"),
            ("\n2\nDNA", "\n1\nDNA", 49, "count"),
            ("DNA Analysis Result", "DNA Analysis", 10, "cmf-line"),
            ("1.0\nPCR", "2.0\nPCR", 11, "cmf-line"),
            ("PCR", "RFLP", 12, "cmf-line"),
            ("C1", "", 13, "identifier"),
            ("C2", "C1", 52, "repeated-sample"),
            ("\n4\n", "\n-4\n", 19, "number"),
            ("\n4\n", "\n400\n", 19, "count"),
            ("\n4\n", "\n3\n", 43, "cmf-line"),
            ("D3S1358", "D3S135B", 20, "locus"),
            ("D3S1358\n1\n", "D3S1358\n2\n", 21, "cmf-line"),
            ("\n2\n15\n", "\n9\n15\n", 25, "count"),
            ("\n15\n", "\nfifteen\n", 26, "allele"),
            ("\nX\n", "\nZ\n", 34, "allele"),
            ("vWA", "D3S1358", 36, "repeated-locus"),
        ] {
            assert!(text.contains(old), "{old}");
            let intake = read_as(Layout::Children, None, &text.replacen(old, new, 1));
            assert_eq!(places(&intake.problems).first(), Some(&(line, code)), "{old:?} {new:?}");
        }
        for (cut, line, code) in [(text.rfind("vWA"), 58, "count"), (text.rfind("0\n"), 86, "end")] {
            let intake = read_as(Layout::Children, None, &text[..cut.unwrap()]);
            assert_eq!(places(&intake.problems), [(line, code)]);
        }
        assert_eq!(places(&read_as(Layout::Children, None, &file(&[])).problems), [(0, "no-rows")]);
    }

    #[test]
    fn the_table_form_names_samples_in_sample_info() {
        let text = "Sample Info\tMarker\tAllele 1\tAllele 2\nC1\tvWA\t14\t15\nC1\tFGA\t22\t\nC2\tvWA\t16\t17\n";
        assert_eq!(Format::detect(text.as_bytes()), Format::GeneMapper);
        let intake = read_as(Layout::Children, None, text);
        assert_eq!((&intake.problems, intake.rows.len()), (&vec![], 2));
        assert_eq!(intake.rows[0].sample, pseudonymizer().sample(None, "C1").unwrap());
        // A free-text column beside the sample name.
        let both = "Sample Name\tSample Info\tMarker\tAllele 1\tAllele 2\nC1\tx\tvWA\t14\t15\n";
        assert_eq!(read_as(Layout::Children, None, both).rows[0].sample, intake.rows[0].sample);
    }
}
