//! A file of the vault taken apart as its documentation says, without the program's own code.
#![allow(dead_code, reason = "not every test uses everything")]

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};

const END: &str = "-----END AGE ENCRYPTED FILE-----\n";

/// The age file in a file of the vault, and what stands before and behind it.
pub(crate) fn parts(text: &str) -> [&str; 3] {
    let (before, rest) = text.split_at(text.find("-----BEGIN").unwrap());
    let (age, keys) = rest.split_at(rest.find(END).unwrap() + END.len());
    [before, age, keys]
}

/// The line of a sample's key, as whose it is, the number of its record, and the key.
pub(crate) fn key<'a>(keys: &'a str, sample: &str) -> (&'a str, usize, Vec<u8>) {
    let line = keys.lines().find(|line| line.starts_with(&format!("sample {sample} "))).unwrap();
    let (of, rest) = line.split_once(" record ").unwrap();
    let (number, key) = rest.split_once(" key ").unwrap();
    (of, number.parse().unwrap(), unhex(key))
}

/// The record of a number.
pub(crate) fn record(lines: &str, number: usize) -> Vec<u8> {
    unhex(lines.lines().nth(number - 1).unwrap())
}

pub(crate) fn open(of: &str, key: &[u8], bytes: &[u8]) -> String {
    let plain =
        ChaCha20Poly1305::new(key.into()).decrypt(&Nonce::default(), Payload { msg: bytes, aad: of.as_bytes() });
    String::from_utf8(plain.unwrap()).unwrap()
}

pub(crate) fn seal(of: &str, key: &[u8], plain: &str) -> Vec<u8> {
    let payload = Payload { msg: plain.as_bytes(), aad: of.as_bytes() };
    ChaCha20Poly1305::new(key.into()).encrypt(&Nonce::default(), payload).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
