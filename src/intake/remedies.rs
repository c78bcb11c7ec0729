//! What to do about each kind of finding, in a few words for a summary.

/// By code. A code that is not here speaks for itself: its findings say what to do.
const REMEDIES: [(&str, &str); 60] = [
    ("agency", "check that the columns are in place"),
    ("alias", "nothing: the name was recognised"),
    ("allele", "write repeat numbers: 14/15, 14 or 9.3"),
    ("allele-far", "look at the typing of this locus again"),
    ("allele-unlisted", "nothing: such alleles get the floor frequency"),
    ("amelogenin", "look at the typing of the sex marker"),
    ("amelogenin-sex", "rule out exchanged samples, or correct the sex"),
    ("birth-certificate-form", "copy the number again"),
    ("birth-certificate-province", "compare with the certificate"),
    ("contradiction", "see `families check`; type the samples again"),
    ("control", "save the file again as CSV UTF-8"),
    ("date", "write YYYY-MM-DD"),
    ("delimiter", "save the file as CSV with commas"),
    ("drop-out", "write a number from 0 and below 1"),
    ("empty", "export the file again"),
    ("exchanged-samples", "see `families check`; exchange or type again"),
    ("few-loci", "type more loci; few say little"),
    ("fields", "put as many cells into the row as the header has"),
    ("frequencies", "check ladder, kit and columns of the locus, and the store's table"),
    ("frequencies-column", "check whether two columns are exchanged"),
    ("frequencies-shift", "check the ladder; import again with right alleles"),
    ("header", "name the columns in the first line"),
    ("homozygosity", "type the sample again, or give it a drop_out"),
    ("id-check-digit", "copy the number again"),
    ("id-date", "compare with the card"),
    ("id-form", "write all 18 digits"),
    ("id-sex", "rule out exchanged rows or samples"),
    ("id-small-x", "write X in capitals"),
    ("identifier", "give every sample and family its number"),
    ("layout", "import with the other --as"),
    ("layout-unknown", "give --as families or --as children"),
    ("line-end", "save the file with Windows or Unix line ends"),
    ("line-length", "look for a missing line end"),
    ("locus", "correct the column's name, or remove the column"),
    ("locus-untyped", "check whether the column is shifted or renamed"),
    ("many-alleles", "keep it in the case file; the locus does not count"),
    ("missing-column", "add the column"),
    ("mixture", "type the sample again"),
    ("mutation", "nothing: mutations happen"),
    ("no-loci", "add one column per locus"),
    ("no-rows", "export the file again, with its rows"),
    ("not-in-panel", "nothing, unless the locus should be matched on"),
    ("nul", "save the file again as CSV UTF-8"),
    ("quote", "remove or close the quote"),
    ("relation", "write one of the relations"),
    ("repeated-column", "remove one of the two columns"),
    ("repeated-sample", "remove one of the two rows"),
    ("same-person", "see `families check`; one of the two samples is a double"),
    ("same-profile", "find out whether it is one person under two numbers, or twins"),
    ("sample-differs", "correct the row or its sample_id"),
    ("sample-or-relation", "see `families check`; look at samples and relations"),
    ("sex", "write male, female or unknown, as the relation says"),
    ("sex-not-stated", "write the sex if the case file says it"),
    ("swapped-sample", "see `families check`; type the sample again"),
    ("text", "check that the columns are in place"),
    ("two-agencies", "make sure that they are two families"),
    ("untyped", "remove the row"),
    ("utf-8", "save the file as CSV UTF-8"),
    ("workbook", "save it as CSV UTF-8"),
    ("wrong-relation", "see `families check`; correct the relation"),
];

/// What to do about findings of this code, where a few words say it.
#[must_use]
pub fn remedy(code: &str) -> Option<&'static str> {
    REMEDIES.binary_search_by(|(known, _)| (*known).cmp(code)).ok().map(|at| REMEDIES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_are_found_by_code() {
        assert!(REMEDIES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(REMEDIES.iter().all(|(code, what)| remedy(code) == Some(what)));
        assert_eq!(remedy("none"), None);
    }
}
