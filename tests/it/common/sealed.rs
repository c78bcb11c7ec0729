//! Takes a file of the vault apart by its documentation, without the program's own code.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use data_encoding::{BASE64, HEXLOWER};

const END: &str = "-----END AGE ENCRYPTED FILE-----\n";

/// Splits a file of the vault into the text before the age file, the age file, and the text behind it.
pub(crate) fn parts(text: &str) -> [&str; 3] {
    let (before, rest) = text.split_at(text.find("-----BEGIN").unwrap());
    let (age, keys) = rest.split_at(rest.find(END).unwrap() + END.len());
    [before, age, keys]
}

/// Returns the number of a sample's record, and its key.
pub(crate) fn key(keys: &str, sample: &str) -> (usize, Vec<u8>) {
    let line = keys.lines().find(|line| line.starts_with(&format!("sample {sample} "))).unwrap();
    let (_, rest) = line.split_once(" record ").unwrap();
    let (number, key) = rest.split_once(" key ").unwrap();
    (number.parse().unwrap(), HEXLOWER.decode(key.as_bytes()).unwrap())
}

/// Returns the line with a record's number.
pub(crate) fn record(lines: &str, number: usize) -> &str {
    lines.lines().nth(number - 1).unwrap()
}

pub(crate) fn open(key: &[u8], line: &str) -> String {
    let mut text = BASE64.decode(line.as_bytes()).unwrap();
    cipher(key).apply_keystream(&mut text);
    String::from_utf8(text).unwrap()
}

pub(crate) fn seal(key: &[u8], plain: &str) -> String {
    let mut text = plain.as_bytes().to_vec();
    cipher(key).apply_keystream(&mut text);
    BASE64.encode(&text)
}

fn cipher(key: &[u8]) -> ChaCha20 {
    ChaCha20::new(key.into(), &[0; 12].into())
}
