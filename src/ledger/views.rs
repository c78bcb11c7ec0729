//! Encodes and decodes the views of a candidate for storage in `candidate.views`.
//!
//! All numbers are little-endian: number of the view that made the candidate (`u16`), number of views (`u16`), for each
//! view its bytes (see [`View::to_bytes`]), `log10_doubt` and `log10_lr` (`f64`); the mixed log10 LR (`f64`, not a
//! number if it is missing); and the names of the contradicting loci, each after a line feed.

use crate::model::{InView, View, Views};

pub(super) fn encode(views: &Views) -> Vec<u8> {
    let number = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    let mut bytes = Vec::with_capacity(4 + 50 * views.all.len() + 16);
    bytes.extend(number(views.made_by));
    bytes.extend(number(views.all.len()));
    for InView { view, log10_doubt, log10_lr } in &views.all {
        bytes.extend(view.to_bytes());
        bytes.extend(log10_doubt.to_le_bytes());
        bytes.extend(log10_lr.to_le_bytes());
    }
    bytes.extend(views.log10_lr_mixed.unwrap_or(f64::NAN).to_le_bytes());
    for locus in &views.contradicting {
        bytes.push(b'\n');
        bytes.extend(locus.name().as_bytes());
    }
    bytes
}

/// Decodes the views; `None` if [`encode`] cannot have written the bytes.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Views> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (first, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*first)
    }
    let bytes = &mut bytes;
    let made_by = usize::from(u16::from_le_bytes(take(bytes)?));
    let count = u16::from_le_bytes(take(bytes)?);
    let mut all = Vec::new();
    for _ in 0..count {
        let view = View::from_bytes(&take(bytes)?)?;
        let mut number = || take(bytes).map(f64::from_le_bytes);
        all.push(InView { view, log10_doubt: number()?, log10_lr: number()? });
    }
    let mixed = f64::from_le_bytes(take(bytes)?);
    let names = std::str::from_utf8(bytes).ok()?;
    let contradicting = match names.strip_prefix('\n') {
        Some(names) => names.split('\n').map(|name| name.parse().ok()).collect::<Option<_>>()?,
        None if names.is_empty() => Vec::new(),
        None => return None,
    };
    let log10_lr_mixed = Some(mixed).filter(|mixed| !mixed.is_nan());
    Some(Views { all, made_by, log10_lr_mixed, contradicting }).filter(|views| made_by < views.all.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ParentSide, Pseudonym, Relation};

    #[test]
    fn views_come_back_and_cut_ones_do_not() {
        let [sample, with] = [[1; 16], [2; 16]].map(Pseudonym::from_bytes);
        let shared = ParentSide::Mother;
        let kinds = [
            View::Stated,
            View::Without { sample, relation: Relation::Father },
            View::OtherParent { side: ParentSide::Father },
            View::Exchanged { sample, relation: Relation::Parent, with, with_relation: Relation::Member },
            View::Half { sample, shared },
            View::Full { sample },
        ];
        let in_view = |view| InView { view, log10_doubt: -2.0, log10_lr: f64::NEG_INFINITY };
        let all: Vec<InView> = kinds.into_iter().map(in_view).collect();
        for log10_lr_mixed in [None, Some(-3.25)] {
            for contradicting in [vec![], vec!["vWA".parse().unwrap(), "Penta D".parse().unwrap()]] {
                let views = Views { all: all.clone(), made_by: 5, log10_lr_mixed, contradicting };
                let bytes = encode(&views);
                assert_eq!(decode(&bytes), Some(views));
                for end in 0..bytes.len() {
                    assert_ne!(decode(&bytes[..end]), decode(&bytes));
                }
            }
        }
        let beyond = Views { all, made_by: 6, log10_lr_mixed: None, contradicting: vec![] };
        assert_eq!(decode(&encode(&beyond)), None);
    }
}
