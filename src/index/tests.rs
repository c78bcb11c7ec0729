//! Tests the content of an index, and that it detects damage.

use zerocopy::FromBytes;

use super::format::{CODES, Header, Section, UNLISTED};
use super::*;
use crate::model::{Allele, Child, DropOut, Locus, Profile, Pseudonym};

fn loci() -> Vec<(Locus, Vec<Allele>)> {
    let alleles = |tenths: &[u16]| tenths.iter().map(|&t| Allele::from_tenths(t).unwrap()).collect();
    vec![("A".parse().unwrap(), alleles(&[80, 90, 93])), ("B".parse().unwrap(), alleles(&[100, 110]))]
}

fn binding() -> Binding {
    Binding { alleles: [1; 32], stamp: [2; 16], generation: 3 }
}

fn child(number: u16, cells: [&str; 2]) -> Child {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Child {
        pseudonym: Pseudonym::from_bytes(bytes),
        profile: Profile::new(cells.iter().map(|cell| cell.parse().ok()).collect()),
        // The sample of one child has a drop-out probability of its own.
        drop_out: DropOut::new(0.25).filter(|_| number == 40),
    }
}

/// Returns an index of 520 children: two blocks, the second nearly empty, two children irregular, one untyped at a
/// locus.
fn sample() -> Vec<u8> {
    let mut builder = Builder::new(loci());
    for number in 0..520 {
        let cells = match number {
            7 => ["", "10/11"],
            8 => ["8/15", "11"],
            _ => ["8/9.3", "10"],
        };
        builder.push(child(number, cells));
    }
    builder.finish(&binding()).unwrap()
}

#[test]
fn an_index_holds_what_was_put_in() {
    let index = Index::from_bytes(&sample()).unwrap();
    assert_eq!((index.children(), index.blocks(), index.rows_per_block()), (520, 2, 8));
    // The child with an untyped locus comes last.
    assert_eq!([7, 8, 519].map(|n| index.pseudonym(n)), [8, 9, 7].map(|n| child(n, ["", ""]).pseudonym));
    assert_eq!([index.untyped(0), index.untyped(1)], [0, 0]);
    assert_eq!(index.codes()[..2], [3, 0]);
    assert_eq!(index.codes()[14..16], [UNLISTED, 2]);
    assert_eq!(index.codes()[519 * 2..], [6, 1]);
    let unlisted = Unlisted { child: 7, locus: 0, genotype: "8/15".parse().unwrap() };
    assert_eq!(index.unlisted(), [unlisted]);
    let genotype = |child, locus| index.genotype(child, locus).map(|g| g.to_string()).unwrap_or_default();
    assert_eq!([genotype(519, 0), genotype(519, 1), genotype(7, 0), genotype(0, 0)], ["", "10/11", "8/15", "8/9.3"]);
    let first = &index.planes()[..8];
    assert_eq!(index.drop_outs(), [(39, DropOut::new(0.25).unwrap())]);
    assert_eq!(index.pseudonym(39), child(40, ["", ""]).pseudonym);
    // A child with a drop-out probability of its own carries its alleles, but is not regular.
    let (but_unlisted, but_irregular) = (!0 ^ (1 << 7), !0 ^ (1 << 7) ^ (1 << 39));
    assert_eq!(first.each_row(), [but_irregular, 1 << 7, but_unlisted, 0, but_unlisted, 0, but_unlisted, 1 << 7]);
    assert_eq!(index.planes()[8][0], 0xff, "the last block is not full");
    assert_eq!([index.planes()[9][0], index.planes()[10][0]], [0x80, 0x7f], "the last child is untyped");
}

trait FirstWords {
    fn each_row(&self) -> Vec<u64>;
}
impl FirstWords for [Row] {
    fn each_row(&self) -> Vec<u64> {
        self.iter().map(|row| row[0]).collect()
    }
}

#[test]
fn no_changed_byte_and_no_cut_goes_unseen() {
    let bytes = sample();
    let end = bytes.len();
    let padding = |at: usize| {
        let header = Header::read_from_prefix(&bytes).unwrap().0;
        let within = |s: &Section| (s.offset.get() as usize..(s.offset.get() + s.length.get()) as usize).contains(&at);
        at >= size_of::<Header>() && !header.sections.iter().any(within)
    };
    for at in (0..end).filter(|&at| !padding(at)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(Index::from_bytes(&damaged).is_err(), "byte {at}");
    }
    let kept = |length: usize| Index::from_bytes(&bytes[..length]).is_ok();
    let last = (0..end).filter(|&length| kept(length)).count();
    assert!(last < 64, "only padding may be missing");
}

#[test]
fn an_older_layout_is_built_again() {
    let mut bytes = sample();
    let mut header = Header::read_from_prefix(&bytes).unwrap().0;
    header.version = 1.into();
    header.oldest_reader = 1.into();
    bytes[..size_of::<Header>()].copy_from_slice(zerocopy::IntoBytes::as_bytes(&header));
    assert!(matches!(Index::from_bytes(&bytes), Err(IndexError::Stale)));
}

#[test]
fn what_has_a_right_digest_but_wrong_content_is_refused() {
    // These codes are beyond the table, as a faulty program could write them.
    let mut builder = Builder::new(loci());
    builder.push(child(1, ["8", "10"]));
    let bytes = builder.finish(&binding()).unwrap();
    let mut header = Header::read_from_prefix(&bytes).unwrap().0;
    let place = header.sections[CODES];
    let mut damaged = bytes;
    let at = place.offset.get() as usize;
    damaged[at] = 7;
    header.sections[CODES].digest = *blake3::hash(&damaged[at..at + 4]).as_bytes();
    header.digest = header.computed_digest();
    damaged[..size_of::<Header>()].copy_from_slice(zerocopy::IntoBytes::as_bytes(&header));
    assert!(matches!(Index::from_bytes(&damaged), Err(IndexError::Damaged("genotype codes"))));
}

#[test]
fn a_file_is_replaced_whole_and_bound_to_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("children.idx");
    let write = |binding: &Binding| {
        let mut builder = Builder::new(loci());
        builder.push(child(1, ["8", "10"]));
        builder.write(&path, binding).unwrap();
    };
    write(&binding());
    for access in [Access::Usual, Access::Mapped, Access::Read] {
        assert_eq!(Index::open(&path, access, &binding()).unwrap().children(), 1);
    }
    let other = Binding { stamp: [9; 16], ..binding() };
    assert!(matches!(Index::open(&path, Access::Mapped, &other), Err(IndexError::Stale)));
    write(&other);
    assert!(Index::open(&path, Access::Mapped, &other).is_ok());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn an_empty_index_is_an_index() {
    let index = Index::from_bytes(&Builder::new(loci()).finish(&binding()).unwrap()).unwrap();
    assert_eq!((index.children(), index.blocks(), index.planes().len()), (0, 0, 0));
}
