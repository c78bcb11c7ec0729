//! Runs every reader on randomly changed seeds, for some seconds each, without the tools of fuzzing.
//!
//! `REUNITE_FUZZ_SECONDS` sets how long each reader runs, `REUNITE_FUZZ_START` the start of the random numbers. See
//! `tests/fuzz/README.md`.

use std::fs;
use std::panic::catch_unwind;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::common::Numbers;
use crate::corpus::{fuzz, readers, seeds};

/// The longest input.
const MOST_BYTES: usize = 16 << 10;
/// Values at which numbers, counts and lengths change their meaning.
const EDGES: [&[u8]; 16] = [
    b"",
    b"\0",
    b"0",
    b"-1",
    b"1e9",
    b"NaN",
    b"99999999999999999999",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\"",
    b"\n",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    "，".as_bytes(),
    b"<![CDATA[",
];

/// Returns a random range of bytes, often a short one.
fn range(of: &[u8], numbers: &mut Numbers) -> std::ops::Range<usize> {
    let start = numbers.below(of.len() + 1);
    let most = if numbers.below(4) == 0 { of.len() } else { 16 };
    start..(start + numbers.below(most + 1)).min(of.len())
}

/// Changes bytes in one of the ways in which files are often damaged.
fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) {
    let place = range(bytes, numbers);
    match numbers.below(8) {
        0 => bytes.drain(place).for_each(drop),
        1 => bytes.truncate(place.start),
        2 => bytes[place].iter_mut().for_each(|byte| *byte ^= 1 << numbers.below(8)),
        3 => bytes[place].iter_mut().for_each(|byte| *byte = numbers.below(256) as u8),
        4 => {
            let again = bytes[place.clone()].repeat(1 + numbers.below(8));
            drop(bytes.splice(place.start..place.start, again));
        }
        5 => {
            let edge = EDGES[numbers.below(EDGES.len())];
            drop(bytes.splice(place, edge.iter().copied()));
        }
        6 => {
            let other = &seeds[numbers.below(seeds.len())];
            let part = other[range(other, numbers)].to_vec();
            drop(bytes.splice(place, part));
        }
        _ => {
            // Copies a cell, or other text between separators, to another place.
            let cells: Vec<&[u8]> = bytes.split(|byte| b",;\t\n\"<> ".contains(byte)).collect();
            let cell = cells[numbers.below(cells.len())].to_vec();
            drop(bytes.splice(place, cell));
        }
    }
    bytes.truncate(MOST_BYTES);
}

/// Runs a reader on changed seeds until the time is over, and keeps the input that makes it fail.
fn run(target: &str) {
    let read = readers::READERS.iter().find(|reader| reader.0 == target).unwrap().1;
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("REUNITE_FUZZ_SECONDS").unwrap_or(2);
    let start = number("REUNITE_FUZZ_START")
        .unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    let seeds: Vec<Vec<u8>> = seeds(target).into_iter().map(|seed| seed.1).collect();
    let mut numbers = Numbers(start);
    let mut runs = 0;
    let begun = Instant::now();
    while runs < seeds.len() || begun.elapsed() < Duration::from_secs(seconds) {
        let mut bytes = seeds[runs % seeds.len()].clone();
        // Every seed runs once unchanged.
        if runs >= seeds.len() {
            (0..1 << numbers.below(5)).for_each(|_| change(&mut bytes, &seeds, &mut numbers));
        }
        if catch_unwind(|| read(&bytes)).is_err() {
            let folder = fuzz().join("artifacts").join(target);
            fs::create_dir_all(&folder).unwrap();
            let file = folder.join(format!("failed-{start}-{runs}"));
            fs::write(&file, &bytes).unwrap();
            panic!("{target} fails on {}", file.display());
        }
        runs += 1;
    }
    println!("{target}: {runs} inputs from {start} on");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            #[ignore = "takes some seconds: .ci/run runs it"]
            fn $name() {
                run(stringify!($name));
            }
        )*
        const TARGETS: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! {
    case_list cases children cluster cmf column_map dat exchange fam families families_index forms frequencies genemapper index
    keeping lists pedigrees
}

#[test]
fn every_reader_is_run() {
    assert!(readers::READERS.iter().map(|reader| reader.0).eq(TARGETS.iter().copied()));
}
