//! Tests everything that may be wrong with a project, by place and code, and that no input causes a panic.

use proptest::prelude::*;

use super::*;

/// A change to a text and the resulting finding: the changed line or `None`, and the code.
type Bad = (&'static str, usize, &'static str, Option<i64>, &'static str);

fn all_are_found(layout: Layout, text: &str, bad: &[Bad]) {
    for &(old, nth, new, at, code) in bad {
        let (start, _) = text.match_indices(old).nth(nth).unwrap_or_else(|| panic!("{old:?} {nth}"));
        let changed = [&text[..start], new, &text[start + old.len()..]].concat();
        let first = text[..start].matches('\n').count() as i64 + 1;
        let expected = at.map_or(0, |lines| (first + lines).unsigned_abs());
        let found = places(&read(layout, &changed).problems);
        assert!(found.contains(&(expected, code)), "{old:?} as {new:?}: {expected} {code} is not in {found:?}");
    }
}

#[test]
fn whatever_is_wrong_with_the_main_part_is_found_where_it_is() {
    let text = project();
    all_are_found(
        Layout::Families,
        &text,
        &[
            ("5\n\"AF\"", 0, "x\n\"AF\"", Some(0), "number"),
            ("5\n\"AF\"", 0, "-5\n\"AF\"", Some(0), "number"),
            ("5\n\"AF\"", 0, "1000000000\n\"AF\"", Some(0), "count"),
            ("5\n\"AF\"", 0, "99999999999999999999999\n\"AF\"", Some(0), "number"),
            ("5\n\"AF\"", 0, "4\n\"AF\"", Some(43), "section"),
            ("\"MO\"", 0, "\"AF\"", Some(0), "repeated-person"),
            ("\"MO\"", 0, "\"\"", Some(0), "identifier"),
            ("#FALSE#\n-1 (", 0, "FALSE\n-1 (", Some(0), "flag"),
            ("#TRUE#\n2\n0", 0, "1\n2\n0", Some(0), "flag"),
            ("2\n0\n1\n0\n2", 0, "2000000\n0\n1\n0\n2", Some(0), "count"),
            ("0\n1\n0\n2\n2", 0, "3\n1\n0\n2\n2", Some(0), "index"),
            ("0\n1\n0\n2\n2", 0, "0\n1\n7\n2\n2", Some(0), "index"),
            ("0\n1\n0\n2\n2\n1", 0, "0\n1\n0\n2\n2\n0", Some(-6), "repeated-locus"),
            ("\"Known relations\"\n0", 0, "\"Known relations\"\n1001", Some(1), "count"),
            ("0\n0\n1\n1\n3\n2", 0, "0\n0\n1\n9\n3\n2", Some(3), "index"),
            ("0\n0\n1\n1\n3\n2", 0, "0\n0\n1\n1 (Direct)\n3\n2", Some(3), "twins"),
            ("0\n0\n1\n1\n3\n2", 0, "0\n0\n1\n1\n3\n900000000", Some(5), "count"),
            ("0\n\"Case 7\"", 0, "2\n\"Case 7\"", Some(0), "index"),
            ("\"Case 8\"", 0, "\"Case 7\"", Some(-1), "repeated-family"),
            ("\"Case 7\"", 0, "\"\"", Some(-59), "identifier"),
            ("5\n0\n3\n5\n0\n6\n0", 0, "5\n0\n3\n2\n0\n6\n0", Some(5), "two-parents"),
            ("5\n0\n3\n5\n0\n6\n0", 0, "5\n0\n3\n7\n0\n6\n0", Some(3), "index"),
            ("#FALSE# (#Databases: 1", 0, "#TRUE# (#Databases: 1", Some(0), "section"),
            ("#FALSE# (#Databases: 1", 0, "#FALSE# (#Databases: 2", Some(0), "section"),
            ("#FALSE# (#Databases: 1", 0, "FALSE (#Databases: 1", Some(0), "section"),
            ("Fst: 0.02", 0, "Fst: x", Some(0), "section"),
            ("3\n#TRUE#\n\"Syn", 0, "4000000\n#TRUE#\n\"Syn", Some(0), "count"),
            ("3\n#TRUE#\n\"Syn", 0, "4\n#TRUE#\n\"Syn", Some(61), "end"),
            ("0.001\n0.002\n4", 0, "-0.001\n0.002\n4", Some(0), "number"),
            ("0.001\n0.002\n4", 0, "NaN\n0.002\n4", Some(0), "number"),
            ("4\n4\n3\n0.1", 0, "4\n5\n3\n0.1", Some(1), "index"),
            ("3\t(Dat", 0, "3000\t(Dat", Some(0), "count"),
            ("3\t(Dat", 0, "x\t(Dat", Some(0), "number"),
            ("DatabaseSize = 500", 0, "DatabaseSize = many", Some(0), "number"),
            ("\"15\"\n0.5", 0, "\"15\"\n0,5", Some(1), "number"),
            ("\"D3S1358\"", 0, "\"D3S135B\"", Some(0), "locus"),
        ],
    );
    let codes =
        |old: &str, new: &str| -> Vec<_> { places(&read(Layout::Families, text.replacen(old, new, 1)).problems) };
    let [father, mother] = ["\"AF\"", "\"MO\""].map(|name| line(&text, name, 0));
    assert_eq!(codes("\"15\"\n0.5", "\"A\"\n0.5"), [(father, "allele"), (mother, "allele"), (mother, "allele")]);
    assert!(codes("\"VWA\"", "\"D3S1358\"").iter().all(|place| place.1 == "repeated-column"));
    assert_eq!(codes("\"Missing 1\"", "\"CH\""), [(0, "missing-child")]);
    assert_eq!(codes("0.05 , Minor", "0.1 , Minor"), [(father, "drop-out")]);
    let mut bytes = text.clone().into_bytes();
    bytes[text.find("AF").unwrap()] = 0xff;
    assert_eq!(places(&read(Layout::Families, &bytes).problems), [(father, "utf-8")]);
}

#[test]
fn whatever_is_wrong_with_the_dvi_part_is_found_where_it_is() {
    let text = dvi();
    all_are_found(
        Layout::Families,
        &text,
        &[
            ("nPersons= 2", 0, "nPersons= 1000000000", Some(0), "count"),
            ("nPersons= 1", 0, "nPersons= 2", Some(0), "count"),
            ("nPersons= 4\n", 0, "", Some(-1), "count"),
            ("nFamilies= 2", 0, "nFamilies= 3", Some(0), "count"),
            ("nSystems= 1", 0, "nSystems= one", Some(0), "count"),
            ("nPedigrees= 2", 0, "nPedigrees= 1", Some(0), "count"),
            ("nRelations= 8", 0, "nRelations= 7", Some(0), "count"),
            ("[[[[[Person 1]]]]]", 0, "[[[[[[Person 1]]]]]]", Some(0), "section"),
            ("[[[Family 2 ]]]", 0, "[[[[[[[[[Family 2 ]]]", Some(0), "section"),
            ("Gender= Male", 1, "a line", Some(0), "section"),
            ("Allele2= 16", 0, "Allele= 16", Some(-2), "section"),
            ("Child= Missing person", 0, "Chid= Missing person", Some(-1), "section"),
            ("Name= Two", 0, "Name= One", Some(-1), "repeated-family"),
            ("Name= Two", 0, "Name= ", Some(-1), "identifier"),
            ("Name= Half 2", 0, "Name= Half", Some(-1), "repeated-person"),
            ("SystemName= VWA", 1, "SystemName= WVA9", Some(0), "locus"),
            ("Allele1= 15", 1, "Allele1= fifteen", Some(-6), "allele"),
            ("Allele1= 15", 1, "Allele1= ", Some(-6), "allele"),
            ("Parent= M\nChild= Sis", 0, "Parent= Half\nChild= Sis", Some(0), "two-parents"),
        ],
    );
    // The only family has a parent of unknown sex without a second parent.
    let alone = dvi_part(
        &[
            "nFamilies= 1\n",
            &family(1, "One", &[person(1, "P", "Unknown", "15/16")], &[pedigree(1, "x", &[("P", "Missing person")])]),
        ]
        .concat(),
    );
    let intake = read(Layout::Families, &alone);
    assert_eq!(places(&intake.problems), [(0, "missing-child")]);
    assert_eq!(places(&intake.notes), [(line(&alone, "Parent= P", 0), "parent-sex")]);
    assert_eq!(
        places(&read(Layout::Families, alone.replacen("Gender= Unknown\n[[[[[[", "Gender= ?\n[[[[[[", 1)).problems),
        [(line(&alone, "[[[[[Person 1]]]]]", 0), "sex")]
    );
    // A person who is their own ancestor.
    let cycle = dvi_part(
        &[
            "nFamilies= 1\n",
            &family(
                1,
                "One",
                &[person(1, "P", "Male", "15/16"), person(2, "Q", "Male", "")],
                &[pedigree(1, "x", &[("P", "Missing person"), ("P", "Q"), ("Q", "P")])],
            ),
        ]
        .concat(),
    );
    assert_eq!(places(&read(Layout::Families, &cycle).problems), [(line(&cycle, "[[[[[Pedigree 1]]]]]", 0), "cycle")]);
    let none = dvi_part("nFamilies= 0\n");
    assert_eq!(places(&read(Layout::Families, none).problems), [(0, "missing-child")]);
}

#[test]
fn whatever_is_wrong_with_the_database_is_found_where_it_is() {
    let text = project();
    let found = |old: &str, new: &str| {
        assert!(text.contains(old), "{old}");
        places(&read_fam_database("p.fam", text.replacen(old, new, 1).as_bytes()).unwrap_err())
    };
    let [d3, vwa] = ["\"D3S1358\"", "\"VWA\""].map(|name| line(&text, name, 0));
    assert_eq!(found("\"15\"\n0.5", "\"15\"\n0.6"), [(d3, "sum")]);
    assert_eq!(found("\"15\"\n0.5", "\"A\"\n0.5"), [(d3, "allele")]);
    assert_eq!(found("\"15\"\n0.5", "\"14\"\n0.5"), [(d3 + 15, "repeated-allele")]);
    assert_eq!(found("\"VWA\"", "\"D3S1358\""), [(vwa, "repeated-locus")]);
    assert_eq!(found("\"VWA\"", "\"9\""), [(vwa, "locus")]);
    assert_eq!(found("#TRUE#\n0.02", "#TRUE#\n1"), [(vwa, "silent")]);
    assert_eq!(found("Fst: 0.02", "Fst: 1"), [(d3 - 4, "theta")]);
    assert_eq!(found("Minor allele frequency = 0", "Minor allele frequency = 1"), [(d3, "rare-allele")]);
    let nothing = [HEAD, "0\n\"Known relations\"\n0\n0\n0\n0\n#FALSE#\n0\n#FALSE#\n"].concat();
    assert_eq!(places(&read_fam_database("p.fam", nothing.as_bytes()).unwrap_err()), [(12, "loci")]);
    // The frequency of the silent allele in addition to the others, or included in them.
    let beside =
        text.replacen("\"15\"\n0.245\n\"16\"\n0.49\n\"17\"\n0.245", "\"15\"\n0.25\n\"16\"\n0.5\n\"17\"\n0.25", 1);
    assert!(read_fam_database("p.fam", beside.as_bytes()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Files cut anywhere and with overwritten bytes are read to their end, and every finding has a line of the file.
    #[test]
    fn damaged_files_are_read(
        with_dvi in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        children in any::<bool>(),
    ) {
        let mut bytes = if with_dvi { dvi() } else { project() }.into_bytes();
        if changes.len() < 2 {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let layout = if children { Layout::Children } else { Layout::Families };
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        let request = Request { format: Some(Format::Fam), ..request(layout, &panel, &pseudonymizer) };
        let intake = read_bytes("p.fam", &bytes, &request);
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
        for problem in intake.problems.iter().chain(&intake.notes) {
            prop_assert!(problem.line <= lines, "{}", problem);
        }
        let _ = read_fam_database("p.fam", &bytes);
    }

    /// Lines that are exchanged, duplicated, or contain numbers of another size.
    #[test]
    fn shuffled_files_are_read(
        with_dvi in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4), 1..6),
    ) {
        let text = if with_dvi { dvi() } else { project() };
        let mut lines: Vec<&str> = text.lines().collect();
        for (one, other, change) in changes {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            match change {
                0 => lines.swap(one, other),
                1 => lines.insert(one, lines[other]),
                2 => drop(lines.remove(one)),
                _ => lines[one] = "4000000000",
            }
        }
        let text = lines.join("\n");
        for layout in [Layout::Families, Layout::Children] {
            let (panel, pseudonymizer) = (panel(), pseudonymizer());
            let request = Request { format: Some(Format::Fam), ..request(layout, &panel, &pseudonymizer) };
            prop_assert!(read_bytes("p.fam", text.as_bytes(), &request).rows.len() < 20);
        }
    }
}
