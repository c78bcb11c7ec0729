//! Calls every reader of untrusted bytes, for the fuzz targets and for the test of their seeds.
//!
//! A reader may return any answer; it must not panic, run out of memory, or return inconsistent data.

use std::path::Path;
use std::sync::LazyLock;

use reunite::cluster::{Column, Plan, PlanFile, Planned, RowPart, RowReader, Shard};
use reunite::exchange::{Contents, HitLine, Hits, Mapping};
use reunite::facts::Subject;
use reunite::index::{FamilyIndex, FamilyRecord, Index};
use reunite::intake::{
    CaseList, CasePedigrees, ColumnMap, FamilyPedigrees, Format, Intake, Layout, ListRequest, NumberKind, Problem,
    Request, SingleAllele, SpreadsheetNumbers, TableRequest, read_bytes, read_cases, read_certificates, read_claims,
    read_facts, read_fam_database, read_frequency_table, read_guessing_layout, read_terms,
};
use reunite::keeping::{Born, Purposes};
use reunite::matching::{Criterion, Doubts, Whole, scoring_version};
use reunite::model::Panel;
use reunite::population::{FrequencyTable, Model};
use reunite::pseudonym::{CertificateHasher, ConsentHasher, Pseudonymizer, SecretKey};

/// Calls a reader with any bytes, and checks what it returns.
pub type Reader = fn(&[u8]);

/// Every reader, by the name of its target and of the folder of its seeds.
pub const READERS: [(&str, Reader); 18] = [
    ("case_list", case_list),
    ("cases", cases),
    ("children", children),
    ("cluster", cluster),
    ("cmf", cmf),
    ("column_map", column_map),
    ("dat", dat),
    ("exchange", exchange),
    ("fam", fam),
    ("families", families),
    ("families_index", families_index),
    ("forms", forms),
    ("frequencies", frequencies),
    ("genemapper", genemapper),
    ("index", index),
    ("keeping", keeping),
    ("lists", lists),
    ("pedigrees", pedigrees),
];

static PSEUDONYMIZER: LazyLock<Pseudonymizer> = LazyLock::new(|| Pseudonymizer::new(&SecretKey::from_bytes([1; 32])));

/// Reads tidy CSV of families.
pub fn families(bytes: &[u8]) {
    read(bytes, Layout::Families, Some(Format::Csv), None);
}

/// Reads tidy CSV of children.
pub fn children(bytes: &[u8]) {
    read(bytes, Layout::Children, Some(Format::Csv), None);
}

/// Reads CODIS CMF, as families and as children.
pub fn cmf(bytes: &[u8]) {
    read(bytes, Layout::Families, Some(Format::Cmf), None);
    read(bytes, Layout::Children, Some(Format::Cmf), None);
}

/// Reads CODIS CMF 1.0, one value per line: as children, as families without a list, and both with a list.
pub fn dat(bytes: &[u8]) {
    let format = Some(Format::Dat);
    read(bytes, Layout::Families, format, None);
    read(bytes, Layout::Children, format, None);
    for (layout, list) in LISTS {
        let list = CaseList::read("l.csv", list, &request(layout)).ok();
        assert!(list.is_some(), "a sound list is read");
        let request = Request { format, cases: list.as_ref(), ..request(layout) };
        sound(&request, read_bytes("f", bytes, &request));
    }
}

/// Reads the content of a package of another agency, as records and as hits. What is read is written again as the same.
pub fn exchange(bytes: &[u8]) {
    let mapping = Mapping::own();
    if let Ok(records) = Contents::read(mapping, bytes) {
        let mut content = Vec::new();
        Contents::push_loci(&mut content, mapping, &records.loci);
        let children = records.children.iter().map(|child| Contents::child_line(mapping, child));
        let families = records.families.iter().map(|family| Contents::family_line(mapping, family));
        for line in children.chain(families) {
            content.extend_from_slice(line.as_bytes());
            content.push(b'\n');
        }
        records.gone.iter().for_each(|gone| Contents::push_gone(&mut content, mapping, *gone));
        assert!(Contents::read(mapping, &content).is_ok_and(|again| again == records || bytes.is_empty()));
    }
    if let Ok(hits) = Hits::read(mapping, bytes) {
        let mut content = Vec::new();
        Hits::push_basis(&mut content, mapping, &hits.basis);
        for line in &hits.lines {
            match line {
                HitLine::Hit(hit) => content.extend_from_slice(format!("{}\n", hit.line(mapping)).as_bytes()),
                HitLine::Gone(reference) => Hits::push_gone(&mut content, mapping, *reference),
            }
        }
        assert!(Hits::read(mapping, &content).is_ok_and(|again| again == hits));
    }
}

/// Reads projects of Familias: families, families with missing persons of other names, children, and the database.
pub fn fam(bytes: &[u8]) {
    read(bytes, Layout::Families, Some(Format::Fam), None);
    read(bytes, Layout::Children, Some(Format::Fam), None);
    let missing = ["M1".to_owned()];
    let alike = Request { sexes_mutate_alike: true, missing: &missing, ..request(Layout::Families) };
    sound(&alike, read_bytes("f", bytes, &Request { format: Some(Format::Fam), ..alike }));
    let request = Request { format: Some(Format::Fam), names_within_family: true, ..request(Layout::Families) };
    sound(&request, read_bytes("f", bytes, &request));
    match read_fam_database("f", bytes) {
        Err(problems) => check(&problems),
        Ok(database) => {
            let found =
                |locus: &reunite::intake::FamLocus| !locus.alleles.is_empty() && (0.0..=1.0).contains(&locus.rare);
            assert!(!database.loci.is_empty() && database.loci.iter().all(found));
        }
    }
}

/// Reads tables with a row per sample and locus: as children; and as both with a list, a single allele being an untyped
/// locus.
pub fn genemapper(bytes: &[u8]) {
    let format = Some(Format::GeneMapper);
    read(bytes, Layout::Children, format, None);
    for (layout, list) in LISTS {
        let list = CaseList::read("l.csv", list, &request(layout)).ok();
        assert!(list.is_some(), "a sound list is read");
        let request = Request { format, cases: list.as_ref(), single_allele: SingleAllele::Untyped, ..request(layout) };
        sound(&request, read_bytes("f", bytes, &request));
    }
}

/// Reads case lists, and with each list files of genotypes of every form that has lists.
pub fn case_list(bytes: &[u8]) {
    for layout in [Layout::Families, Layout::Children] {
        let numbers = Request { sample_id_kind: Some(NumberKind::ResidentId), ..request(layout) };
        let _ = CaseList::read("l.csv", bytes, &numbers).map_err(|problems| check(&problems));
        match CaseList::read("l.csv", bytes, &request(layout)) {
            Err(problems) => check(&problems),
            Ok(list) => {
                let _ = list.notes();
                for genotypes in GENOTYPES {
                    let request = Request { cases: Some(&list), ..request(layout) };
                    let intake = read_bytes("f", genotypes, &request);
                    let samples = intake.rows.iter().map(|row| row.sample).collect();
                    let _ = list.without_genotypes(&samples);
                    sound(&request, intake);
                }
            }
        }
    }
}

/// Reads files whose form, encoding, delimiter and layout the program detects from their content, as in an imported
/// folder.
pub fn forms(bytes: &[u8]) {
    let intake = read_guessing_layout("f", bytes, &request(Layout::Children));
    sound(&request(intake.layout), intake);
    read(bytes, Layout::Families, None, None);
    let sheet = Request { sheet: Some("1"), single_allele: SingleAllele::Untyped, ..request(Layout::Children) };
    sound(&sheet, read_bytes("f", bytes, &sheet));
}

/// Reads pedigrees of families and of cases; and with the first a file of families, of a stated form and of a detected
/// form.
pub fn pedigrees(bytes: &[u8]) {
    let _ = CasePedigrees::read("f.csv", bytes).map_err(|problems| check(&problems));
    match FamilyPedigrees::read("f.csv", bytes, &PSEUDONYMIZER, SpreadsheetNumbers::Refuse) {
        Err(problems) => check(&problems),
        Ok(found) => {
            let rows = "family_id,sample_id,relation,sex,vWA\nF1,S1,member,,14/15\nF1,S2,member,m,14\n";
            read(rows.as_bytes(), Layout::Families, None, Some(&found));
        }
    }
}

/// Reads maps of columns, and with each map files of every form that has columns.
pub fn column_map(bytes: &[u8]) {
    match ColumnMap::read(bytes, panel()) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(map) => {
            for layout in [Layout::Families, Layout::Children] {
                let request = Request { map: Some(&map), ignore_unknown: true, ..request(layout) };
                for file in GENOTYPES.into_iter().chain([MAPPED]) {
                    sound(&request, read_bytes("f", file, &request));
                }
                for (_, list) in LISTS {
                    let _ = CaseList::read("l.csv", list, &request).map_err(|problems| check(&problems));
                }
            }
        }
    }
}

/// A file with a laboratory's own columns and words.
const MAPPED: &[u8] =
    "Nr,Fam,Wer,M/F,V,FGA_1,FGA_2,Notiz\nS1,F1,Vater,boy,14/15,22,23,x\nS2,F1,Mutter,girl,fehlt,22,,\n".as_bytes();

/// Reads lists that are not genotypes: birth certificates, claims of them, found and missing children.
pub fn lists(bytes: &[u8]) {
    let hasher = CertificateHasher::new(&SecretKey::from_bytes([1; 32]));
    let request = ListRequest {
        hasher: &hasher,
        names: &PSEUDONYMIZER,
        spreadsheet_numbers: SpreadsheetNumbers::Refuse,
        sheet: None,
        encoding: None,
    };
    let mut problems = read_certificates("f.csv", bytes, &request).problems;
    problems.extend(read_claims("f.csv", bytes, &request, true).problems);
    for subject in [Subject::Found, Subject::Missing] {
        let read = read_facts("f.csv", bytes, &request, subject);
        problems.extend(read.problems);
        assert!(read.rows.iter().all(|row| row.1.facts.subject() == subject));
    }
    // No list has the columns of another, so each file has problems as one of them.
    check(&problems);
}

/// Reads cases for the calculator.
pub fn cases(bytes: &[u8]) {
    match read_cases("f.csv", bytes, panel(), None) {
        Err(problems) => check(&problems),
        Ok(cases) => assert!(cases.iter().all(|case| case.child.typed_loci() <= panel().len())),
    }
}

/// Reads lists of the terms on which samples are kept.
pub fn keeping(bytes: &[u8]) {
    let key = SecretKey::from_bytes([1; 32]);
    let (hasher, spreadsheet_numbers) = (CertificateHasher::new(&key), SpreadsheetNumbers::Refuse);
    let request =
        ListRequest { hasher: &hasher, names: &PSEUDONYMIZER, spreadsheet_numbers, sheet: None, encoding: None };
    let read = read_terms("f.csv", bytes, &ConsentHasher::new(&key, &[2; 32]), &request);
    assert!(read.problems.iter().chain(&read.notes).all(|problem| !problem.to_string().is_empty()));
    for (_, (_, terms)) in &read.rows {
        // Terms that were read are stored by their words.
        assert_eq!(Purposes::parse(&terms.purposes.words()), Some(terms.purposes));
        assert!(terms.born.is_none_or(|born| Born::of_number(born.number(), born.is_estimated()) == Some(born)));
    }
}

/// Reads frequency tables: of any form; of one population and with a name of a locus that is kept; and as a store keeps
/// them.
pub fn frequencies(bytes: &[u8]) {
    table(bytes, &TableRequest::default());
    let keep_loci = ["L1".to_owned()];
    table(bytes, &TableRequest { population: Some("Han"), sheet: None, keep_loci: &keep_loci });
    if let Ok(table) =
        std::str::from_utf8(bytes).map_err(drop).and_then(|text| FrequencyTable::from_csv(text).map_err(drop))
    {
        assert_eq!(table.panel().len(), table.loci().len());
    }
}

/// Checks that a table is consistent and that a store could keep it.
fn table(bytes: &[u8], request: &TableRequest<'_>) {
    match read_frequency_table("f.csv", bytes, request) {
        Err(problems) => check(&problems),
        Ok(read) => {
            let loci = read.table.panel().len();
            assert_eq!((read.table.loci().len(), read.written.len(), read.floors.len()), (loci, loci, loci));
            assert!(read.floors.iter().flatten().all(|floor| *floor > 0.0 && *floor < 1.0));
            assert!(read.notes.iter().all(|note| !note.what.is_empty()));
            for locus in read.table.loci() {
                assert!((locus.sum() - 1.0).abs() < 0.0501 && !locus.alleles().is_empty());
                assert!((locus.frequencies().iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            let kept = FrequencyTable::from_csv(&read.table.to_csv()).map(|kept| kept.digest());
            assert_eq!(kept, Ok(read.table.digest()));
        }
    }
}

/// Reads the children's index: unchanged, and with correct digests, since digests would reject all other changes.
pub fn index(bytes: &[u8]) {
    walk_index(bytes);
    walk_index(&sealed_index(bytes));
}

/// Reads the families' index, likewise.
pub fn families_index(bytes: &[u8]) {
    walk_families_index(bytes);
    walk_families_index(&sealed_families_index(bytes));
}

/// Reads the files of a run in tiles: unchanged, and with a correct digest.
pub fn cluster(bytes: &[u8]) {
    walk_cluster(bytes);
    walk_cluster(&sealed_cluster(bytes));
}

/// Returns a plan of this many families and children at two loci, in one tile.
pub fn planned(families: u32, children: u32) -> Planned {
    const TABLE: &str =
        "locus,allele,frequency,individuals\nvWA,14,0.25,100\nvWA,15,0.75,100\nFGA,22,0.5,100\nFGA,23,0.5,100\n";
    let file = PlanFile { bytes: 0, digest: [3; 32] };
    let model = Model::default();
    let builder = reunite::index::Builder::new(FrequencyTable::from_csv(TABLE).map_or_else(
        |_| Vec::new(),
        |table| {
            let loci = table.panel().loci().iter().zip(table.loci());
            loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect()
        },
    ));
    let binding = reunite::index::Binding { alleles: [0; 32], stamp: [0; 16], generation: 0 };
    let index = builder.finish(&binding).ok().and_then(|bytes| Index::from_bytes(&bytes).ok());
    let whole = index.map(|index| Whole::of(&index, &Criterion::default()));
    Planned {
        program: Planned::PROGRAM.to_owned(),
        scoring: scoring_version(&model),
        population: None,
        table: TABLE.to_owned(),
        model,
        linked: vec![([0, 1], 0.25)],
        min_log10_lr: 0.0,
        max_per_family: Some(5),
        max_chance_hits: None,
        doubts: Doubts::usual(),
        min_loci: 1,
        exhaustive: false,
        keeps_records: true,
        basis: [1; 32],
        stamp: [2; 16],
        generation: 3,
        whole: whole.expect("an empty index is an index"),
        rows: vec![RowPart { first: 0, families, file }],
        columns: vec![Column { children, file }],
    }
}

/// The plan to which shards belong.
static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let bytes = Plan::to_bytes(&planned(6, 6)).expect("a plan is short");
    Plan::from_bytes(Path::new("plan"), &bytes).unwrap_or_else(|error| panic!("a sound plan: {error}"))
});

/// Reads a plan, a page of families or a shard; `true` if it is one.
pub fn walk_cluster(bytes: &[u8]) -> bool {
    let folder = Path::new("plan");
    if let Ok(plan) = Plan::from_bytes(folder, bytes) {
        let planned = plan.planned();
        assert!(planned.grid().tiles() > 0 && planned.memory() > 0);
        assert_eq!(plan.place(planned.grid().tiles()).ok(), None);
        return true;
    }
    if let Ok(families) = RowReader::page_from_bytes(bytes, 2) {
        assert!(families.iter().flat_map(|family| &family.relatives).all(|one| one.profile.genotypes().len() == 2));
        return true;
    }
    let Ok(shard) = Shard::from_bytes(bytes, &PLAN) else { return false };
    assert!(shard.candidates().iter().all(|one| one.family() < 6 && one.child() < 6));
    assert!(shard.unscorable().iter().all(|&family| family < 6));
    true
}

/// Reads everything in an index; `true` if it opens.
pub fn walk_index(bytes: &[u8]) -> bool {
    let Ok(index) = Index::from_bytes(bytes) else { return false };
    let loci = index.loci().len();
    assert_eq!(index.codes().len(), index.children() * loci);
    assert_eq!(index.planes().len(), index.blocks() * index.rows_per_block());
    assert_eq!(index.first_rows().len(), loci);
    for child in 0..index.children() {
        let _ = (index.pseudonym(child), index.drop_out(child));
        assert!((0..loci).filter_map(|locus| index.genotype(child, locus)).count() <= loci);
    }
    (0..index.blocks()).for_each(|block| assert!(index.untyped(block) <= loci));
    assert!(index.unlisted().iter().all(|one| one.child < index.children() && one.locus < loci));
    true
}

/// Reads everything in a families index; `true` if it opens.
pub fn walk_families_index(bytes: &[u8]) -> bool {
    let Ok(index) = FamilyIndex::from_bytes(bytes) else { return false };
    let mut families = 0;
    for part in 0..index.parts() {
        let Ok(part) = index.part(part) else { return false };
        for record in part.records() {
            families += 1;
            assert_eq!((record.gaps.len(), record.weights.len()), (index.loci(), index.loci() * 64));
        }
    }
    assert_eq!(families, index.record_count());
    true
}

/// Lists of `S1` and `S2`; one of the relatives is in two families.
const LISTS: [(Layout, &[u8]); 2] = [
    (
        Layout::Families,
        b"sample_id,family_id,relation,sex,drop_out\nS1,F1,father,m,0.1\nS1,F2,paternal-uncle,m,0.1\nS2,F1,mother,f,\n",
    ),
    (Layout::Children, b"sample_id,sex,drop_out\nS1,m,0.1\nS2,f,\n"),
];

/// Genotypes of `S1` and `S2`: tidy, in two columns, as a tall table, as CODIS CMF.
const GENOTYPES: [&[u8]; 4] = [
    b"sample_id,vWA,AMEL\nS1,14/15,X/Y\nS2,16,X\n",
    b"sample_id;vWA_1;vWA_2\nS1;14;15\nS2;16;\n",
    b"Sample Name\tMarker\tAllele 1\tAllele 2\nS1\tvWA\t14\t15\nS2\tvWA\t16\t\nS1\tAMEL\tX\tY\n",
    include_bytes!("corpus/cmf/children.xml"),
];

fn panel() -> &'static Panel {
    FrequencyTable::chinese_han_23().panel()
}

fn read(bytes: &[u8], layout: Layout, format: Option<Format>, pedigrees: Option<&FamilyPedigrees>) {
    let request = Request { format, pedigrees, ..request(layout) };
    sound(&request, read_bytes("f", bytes, &request));
}

fn request(layout: Layout) -> Request<'static> {
    Request::new(layout, panel(), &PSEUDONYMIZER)
}

/// Checks that what a reader returns is consistent.
fn sound(request: &Request<'_>, intake: Intake) {
    let Intake { rows, problems, notes, loci, .. } = intake;
    assert!(!rows.is_empty() || !problems.is_empty(), "nothing is read, and nothing is said");
    notes.iter().for_each(|note| assert!(!note.what.is_empty()));
    problems.iter().for_each(|problem| assert!(!problem.what.is_empty()));
    for row in rows {
        assert!(row.profile.typed_loci() <= loci.len());
        assert!(row.many.iter().all(|many| many.0 < loci.len() && row.profile.at(many.0).is_none()));
        assert_eq!(row.family.is_some(), request.layout == Layout::Families);
        assert!(problems.iter().all(|problem| problem.line != row.line), "a row with a problem is handed on");
    }
}

fn check(problems: &[Problem]) {
    assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.to_string().is_empty()));
}

// The functions below correct the digests, so that a reader reaches what the digests cover. The offsets are those of
// the layouts in `src/index`.

const LINE: usize = 64;

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
}

fn digest(bytes: &mut [u8], offset: usize, length: usize, at: usize) -> Option<()> {
    let digest = *blake3::hash(bytes.get(offset..offset.checked_add(length)?)?).as_bytes();
    bytes.get_mut(at..at + 32)?.copy_from_slice(&digest);
    Some(())
}

/// Returns a file of a run in tiles with a correct digest: kind at byte 12, length of the body at byte 16, digest of these
/// and of the body at byte 24, the body from byte 56 on. The body of a shard begins with the digest of its plan.
pub fn sealed_cluster(bytes: &[u8]) -> Vec<u8> {
    const BODY: usize = 56;
    let mut sealed = bytes.to_vec();
    let Some(end) = number(bytes, 16).and_then(|length| length.checked_add(BODY)) else { return sealed };
    if bytes.get(12) == Some(&3)
        && let Some(plan) = sealed.get_mut(BODY..BODY + 32)
    {
        plan.copy_from_slice(PLAN.digest());
    }
    if let Some(body) = sealed.get(BODY..end) {
        let digest = *blake3::hash(&[&sealed[..24], body].concat()).as_bytes();
        sealed[24..BODY].copy_from_slice(&digest);
    }
    sealed
}

/// Returns an index with correct digests: six sections, each with offset, length and digest, from byte 80 on; then the
/// digest of the header.
pub fn sealed_index(bytes: &[u8]) -> Vec<u8> {
    const SECTIONS: usize = 80;
    const ENTRY: usize = 48;
    let mut sealed = bytes.to_vec();
    for entry in (0..6).map(|section| SECTIONS + ENTRY * section) {
        if let (Some(offset), Some(length)) = (number(bytes, entry), number(bytes, entry + 8)) {
            digest(&mut sealed, offset, length, entry + 16);
        }
    }
    let end = SECTIONS + 6 * ENTRY;
    digest(&mut sealed, 0, end, end);
    sealed
}

/// Returns a families index with correct digests: the number of parts at byte 80, then the digests of their list and of
/// the header; the records from byte 192 on; the list, with the number of families and the digest of each part, at the
/// end.
pub fn sealed_families_index(bytes: &[u8]) -> Vec<u8> {
    const PARTS: usize = 80;
    const RECORDS: usize = 3 * LINE;
    const ENTRY: usize = 40;
    let mut sealed = bytes.to_vec();
    let mut seal = || {
        let loci = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?) as usize;
        let length = number(bytes, PARTS)?.checked_mul(ENTRY)?;
        let list = bytes.len().checked_sub(length)?;
        let mut at = RECORDS;
        for entry in (list..bytes.len()).step_by(ENTRY) {
            let part = number(bytes, entry)?.checked_mul(FamilyRecord::size(loci))?;
            digest(&mut sealed, at, part, entry + 8)?;
            at = at.checked_add(part)?;
        }
        digest(&mut sealed, list, length, PARTS + 8)
    };
    let _ = seal();
    digest(&mut sealed, 0, PARTS + 40, PARTS + 40);
    sealed
}
