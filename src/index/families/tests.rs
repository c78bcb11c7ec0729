//! Tests the content of a families index, and that it detects damage.

use std::fs;

use super::*;

const LOCI: usize = 3;

fn binding() -> FamilyBinding {
    FamilyBinding { basis: [1; 32], stamp: [2; 16], generation: 3 }
}

fn record(number: u8) -> (FamilyHead, [F32; LOCI], [u8; LOCI * LINE]) {
    let head = FamilyHead {
        pseudonym: [number; 16],
        room: F64::new(f64::from(number)),
        units: F64::new(0.5),
        start: number,
        rest: [0; 7],
    };
    (head, [F32::new(f32::from(number)); LOCI], std::array::from_fn(|i| i as u8 ^ number))
}

fn bytes(numbers: std::ops::Range<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    for number in numbers {
        let (head, gaps, weights) = record(number);
        FamilyRecord { head: &head, gaps: &gaps, weights: &weights }.write(&mut out);
    }
    out
}

/// Returns the bytes of a file of two parts, of 5 and 2 families.
fn sample() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("families.idx");
    // A part without families leaves no trace.
    let mut writer = FamilyWriter::new(folder.path(), &binding(), LOCI).unwrap();
    for part in [0..5, 5..5, 5..7] {
        writer.append(&bytes(part)).unwrap();
    }
    writer.finish(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    fs::read(path).unwrap()
}

#[test]
fn a_families_index_holds_what_was_put_in() {
    let index = FamilyIndex::from_bytes(&sample()).unwrap();
    assert_eq!((index.record_count(), index.parts(), index.loci(), index.binding()), (7, 2, LOCI, &binding()));
    let mut numbers = 0..7;
    for part in 0..2 {
        for found in index.part(part).unwrap().records() {
            let (head, gaps, weights) = record(numbers.next().unwrap());
            assert_eq!(found, FamilyRecord { head: &head, gaps: &gaps, weights: &weights });
            assert_eq!(found.weights.as_ptr().addr() % LINE, 0);
        }
    }
    assert_eq!(numbers.len(), 0);
}

#[test]
fn it_serves_only_what_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("families.idx");
    fs::write(&path, sample()).unwrap();
    for (loci, serves) in [(LOCI + 1, true), (LOCI, false)] {
        let stale = FamilyIndex::open_if(&path, loci, |_| serves);
        assert!(matches!(stale, Err(IndexError::Stale)), "{loci} {serves}");
    }
    assert!(FamilyIndex::open_if(&path, LOCI, |found| *found == binding()).is_ok());
}

#[test]
fn damage_anywhere_is_seen() {
    let sound = sample();
    let opens = |bytes: &[u8]| {
        let index = FamilyIndex::from_bytes(bytes)?;
        (0..index.parts()).try_for_each(|part| index.part(part).map(|part| assert!(part.records().count() > 0)))
    };
    assert!(opens(&sound).is_ok());
    for length in 0..sound.len() {
        assert!(opens(&sound[..length]).is_err(), "cut to {length}");
    }
    assert!(opens(&[sound.as_slice(), &[0]].concat()).is_err());
    let unused = size_of::<Header>() - 40..size_of::<Header>();
    for bit in 0..sound.len() * 8 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opens(&bytes).is_ok(), unused.contains(&(bit / 8)), "bit {bit}");
    }
}

#[test]
fn a_file_that_is_cut_off_or_changed_while_it_is_open_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("families.idx");
    for cut in [true, false] {
        fs::write(&path, sample()).unwrap();
        let index = FamilyIndex::open_if(&path, LOCI, |_| true).unwrap();
        assert!(index.part(1).is_ok());
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        if cut {
            file.set_len(size_of::<Header>() as u64 + 10).unwrap();
        } else {
            fs::write(&path, vec![1; sample().len()]).unwrap();
        }
        assert!((0..2).all(|part| matches!(index.part(part), Err(IndexError::Damaged(_)))));
    }
}
