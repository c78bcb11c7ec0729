//! A column map lets the program import a laboratory's file with its own columns, unedited.

use crate::common::Lab;

const MAP: &str = "\
ignore = ['序号', '人员姓名']

[columns]
'家系号' = 'family_id'
'检材号' = 'sample_id'
'身份' = 'relation'
'男女' = 'sex'
'THO 1' = 'TH01'

[values.relation]
'爸爸' = 'father'

[values.sex]
'男孩' = 'male'

[values.loci]
'失败' = ''
";

const FAMILIES: &str = "\
序号,家系号,检材号,人员姓名,身份,男女,THO 1,vWA,FGA,D3S1358,TPOX,CSF1PO,D16S539,D8S1179
1,F1,S1,某某,爸爸,男孩,7/9,14/17,失败,15/16,8/11,10/12,9/11,13/14
";

#[test]
fn a_map_is_kept_for_an_agency_and_used() {
    let lab = Lab::new();
    let map = lab.write("map.toml", MAP);
    let file = lab.write("f.csv", FAMILIES);
    // Without the map the import is refused; messages never show the text of a cell.
    let said = lab.run(&["import", "--as", "families", &file]).ends(2);
    assert!(!said.err.contains("某某"), "{}", said.err);
    let said = lab.run(&["import", "--as", "families", "--map", &map, "--dry-run", &file]).ends(0);
    said.says(&["1 would be added", "is ignored, because the map says so"]);

    assert_eq!(lab.run(&["maps", "list"]).ends(0).out, "");
    lab.run(&["maps", "set", "Jinan", &map]).ends(0).says(&["the map is kept"]);
    lab.run(&["maps", "set", "Jinan", &map]).ends(0).says(&["nothing changed"]);
    assert_eq!(lab.run(&["maps", "list"]).ends(0).out, "Jinan\n");
    assert_eq!(lab.run(&["maps", "show", "Jinan"]).ends(0).out, MAP);
    lab.run(&["import", "--as", "families", "--map-of", "Jinan", &file]).ends(0).says(&["1 added"]);
    lab.run(&["import", "--as", "families", "--map-of", "Qingdao", &file])
        .ends(2)
        .says(&["has no column map of \"Qingdao\"", "`reunite maps list`"]);
    lab.run(&["maps", "remove", "Jinan"]).ends(0);
    lab.run(&["maps", "show", "Jinan"]).ends(2);
    let audit = lab.run(&["audit", "list"]).ends(0);
    assert!(audit.out.contains("maps set") && audit.out.contains("maps remove"), "{}", audit.out);

    // The locus under its standard name is the same: the same row as tidy CSV is already stored.
    let tidy = "family_id,sample_id,relation,sex,TH01,vWA,FGA,D3S1358,TPOX,CSF1PO,D16S539,D8S1179\n\
                F1,S1,father,male,7/9,14/17,,15/16,8/11,10/12,9/11,13/14\n";
    lab.import("families", "tidy.csv", tidy, &[]).ends(0).says(&["all known and unchanged"]);
}

#[test]
fn an_invalid_map_is_refused_with_its_place() {
    let lab = Lab::new();
    let file = lab.write("f.csv", FAMILIES);
    for (text, what) in [
        ("[columns]\n'a' = 'D3S135X'\n", "[columns] maps \"a\" to \"D3S135X\""),
        ("[columns]\n'a' = \n", "line 2, column"),
        ("[colums]\n", "line 1, column"),
    ] {
        let map = lab.write("map.toml", text);
        lab.run(&["import", "--as", "families", "--map", &map, &file]).ends(2).says(&["map.toml", what]);
        lab.run(&["maps", "set", "Jinan", &map]).ends(2).says(&[what]);
    }
}

#[test]
fn a_template_is_a_file_that_can_be_imported() {
    let lab = Lab::new();
    let header = lab.run(&["import", "--as", "children", "--template", "-"]).ends(0).out;
    assert!(header.starts_with("sample_id,sex,") && header.contains(",vWA,") && header.ends_with('\n'), "{header}");
    let cells = header.trim().split(',').map(|name| match name {
        "sample_id" => "C1",
        "sex" => "m",
        "agency" | "region" | "collected_on" | "kit" | "AMEL" => "",
        _ => "14",
    });
    let row = cells.collect::<Vec<_>>().join(",");
    lab.import("children", "c.csv", format!("{header}{row}\n"), &[]).ends(0).says(&["1 added"]);
    let path = lab.name("new.csv");
    lab.run(&["import", "--as", "families", "--template", &path]).ends(0);
    assert!(lab.read("new.csv").starts_with("family_id,sample_id,relation,sex,"));
    lab.run(&["import", "--as", "families", "--template", &path]).ends(2);
}
