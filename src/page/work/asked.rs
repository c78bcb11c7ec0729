//! Reads what the address of a list asks for, and writes the place after which its next page begins.

use super::super::answer::Fault;
use super::super::visit::Visit;
use crate::store::SlicePlace;

/// Returns the one of the words that the field has; the first one without a field.
pub(super) fn word(visit: &Visit, name: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
    match visit.query.get(name) {
        "" => words.first().copied().ok_or(Fault::NotFound),
        text => words.iter().copied().find(|word| *word == text).ok_or(Fault::NotFound),
    }
}

/// Returns the number that the field has; `None` without a field.
pub(super) fn number<T: std::str::FromStr>(visit: &Visit, name: &str) -> Result<Option<T>, Fault> {
    let text = visit.query.get(name);
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| Fault::NotFound) }
}

/// Returns the place after which the page begins; `None` for the first page.
pub(super) fn after(visit: &Visit) -> Result<Option<SlicePlace>, Fault> {
    match visit.query.get("after") {
        "" => Ok(None),
        text => place(text).map(Some).ok_or(Fault::NotFound),
    }
}

/// Writes a place for an address: the bits of the rank, so that it is exact.
pub(super) fn written(place: &SlicePlace) -> String {
    let SlicePlace { rank, first_run, loci_compared, incompatible_loci, family, child } = place;
    format!("{:016x}.{first_run}.{loci_compared}.{incompatible_loci}.{family}.{child}", rank.to_bits())
}

fn place(text: &str) -> Option<SlicePlace> {
    let mut parts = text.split('.');
    let place = SlicePlace {
        rank: f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?),
        first_run: parts.next()?.parse().ok()?,
        loci_compared: parts.next()?.parse().ok()?,
        incompatible_loci: parts.next()?.parse().ok()?,
        family: parts.next()?.parse().ok()?,
        child: parts.next()?.parse().ok()?,
    };
    (parts.next().is_none() && place.rank.is_finite()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pseudonym;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let [family, child] = [1, 2].map(|n| Pseudonym::from_bytes([n; 16]));
        let one = SlicePlace { rank: 0.1 + 0.2, first_run: 7, loci_compared: 21, incompatible_loci: 1, family, child };
        assert_eq!(place(&written(&one)), Some(one));
        let nan = SlicePlace { rank: f64::NAN, ..one };
        for bad in ["", "x", &written(&nan), &(written(&one) + ".1"), &written(&one)[1..], "7ff0000000000000.1.a.b"] {
            assert!(place(bad).is_none_or(|place| place != one), "{bad}");
        }
        assert_eq!(place(&written(&nan)), None);
    }
}
