//! Keeps a file that a browser sent between its check and its confirmation: encrypted, without a name on the disk, and
//! not for long.
//!
//! The file is created in the folder of the store, where the system keeps it only as long as it is open: nothing of it
//! can be found by a name, and it is gone when the program ends, however it ends. It is encrypted with a key that is only
//! in the memory, so what was written cannot be read afterwards from the disk, either.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

use super::imports::{Asked, Outcome};
use super::visitors::token;

/// The most bytes of a file. Its rows may take a hundred times as much memory; larger files are imported on the command
/// line, where they keep nobody waiting.
pub(super) const MOST_BYTES: u64 = 16 << 20;
/// The time for which a file waits for its confirmation.
pub(super) const KEPT: Duration = Duration::from_secs(15 * 60);
/// The most persons with a file.
const MOST: usize = 16;
/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 100;

/// A file that a browser sent.
pub(super) struct Upload {
    /// What the browser calls it. It is shown to whoever sent it, and used for nothing else.
    pub(super) name: String,
    pub(super) size: u64,
    file: File,
    key: Zeroizing<[u8; 32]>,
    cipher: ChaCha20,
}

impl fmt::Debug for Upload {
    /// The name may be one of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Returns the cipher at the beginning of a file. A key encrypts one file, once, so the nonce is zero.
fn cipher(key: &[u8; 32]) -> ChaCha20 {
    ChaCha20::new(key.into(), &[0; 12].into())
}

impl Upload {
    /// Makes an empty file on the disk of a folder.
    ///
    /// # Errors
    /// The operating system refuses a file or random numbers.
    pub(super) fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(|error| io::Error::other(error.to_string()))?;
        let cipher = cipher(&key);
        Ok(Self { name: shown_name(name), size: 0, file: tempfile::tempfile_in(folder)?, key, cipher })
    }

    /// Encrypts bytes where they are, and adds them.
    ///
    /// # Errors
    /// The disk is full, for example.
    pub(super) fn add(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.cipher.apply_keystream(bytes);
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Returns the content from its beginning.
    ///
    /// # Errors
    /// Errors of the operating system.
    pub(super) fn content(&mut self) -> io::Result<Content<'_>> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(Content { file: &self.file, cipher: cipher(&self.key) })
    }
}

/// The content of a file, decrypted while it is read.
pub(super) struct Content<'a> {
    file: &'a File,
    cipher: ChaCha20,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.cipher.apply_keystream(&mut buffer[..length]);
        Ok(length)
    }
}

/// Returns what follows the last folder of a name, without signs that have no shape.
fn shown_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    crate::model::shown(name).chars().take(LONGEST_NAME).collect()
}

/// A file that was checked and waits for its confirmation.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Names the check that a form confirms.
    pub(super) number: String,
    pub(super) upload: Upload,
    pub(super) asked: Asked,
    pub(super) outcome: Outcome,
}

impl Waiting {
    /// # Errors
    /// The operating system returned no random numbers.
    pub(super) fn new(upload: Upload, asked: Asked, outcome: Outcome) -> Result<Self, getrandom::Error> {
        Ok(Self { number: token()?, upload, asked, outcome })
    }
}

/// What became of a file that a person sent.
#[derive(Debug)]
pub(super) enum State {
    /// It is being read.
    AtWork,
    Waiting(Box<Waiting>),
    /// It was imported, or nothing of it.
    Done(String, Outcome),
}

/// The files that persons sent, one of each.
#[derive(Debug, Default)]
pub(super) struct Uploads(HashMap<String, (Instant, State)>);

impl Uploads {
    /// Ends what waited too long.
    pub(super) fn settle(&mut self, now: Instant) {
        self.0.retain(|_, (since, _)| now.duration_since(*since) < KEPT);
    }

    pub(super) fn of(&self, staff: &str) -> Option<&State> {
        self.0.get(staff).map(|(_, state)| state)
    }

    /// Begins to work on a file of a person, who may send another one only afterwards. Returns `false` if that is not
    /// possible now.
    pub(super) fn begin(&mut self, staff: &str, now: Instant) -> bool {
        self.settle(now);
        let is_free = match self.of(staff) {
            Some(State::AtWork) => false,
            Some(_) => true,
            None => self.0.len() < MOST,
        };
        if is_free {
            self.set(staff, State::AtWork, now);
        }
        is_free
    }

    /// Takes the file that waits under a number, to work on it.
    pub(super) fn take(&mut self, staff: &str, number: &str, now: Instant) -> Option<Waiting> {
        self.settle(now);
        match self.of(staff) {
            Some(State::Waiting(waiting)) if waiting.number == number => {}
            _ => return None,
        }
        match self.0.insert(staff.to_owned(), (now, State::AtWork)) {
            Some((_, State::Waiting(waiting))) => Some(*waiting),
            _ => None,
        }
    }

    pub(super) fn set(&mut self, staff: &str, state: State, now: Instant) {
        self.0.insert(staff.to_owned(), (now, state));
    }

    /// Forgets the file of a person, and what came of it.
    pub(super) fn forget(&mut self, staff: &str) {
        self.0.remove(staff);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(folder: &Path, text: &str) -> Upload {
        let mut upload = Upload::new(folder, "../a/b\\c\u{1b}.csv").unwrap();
        for part in text.as_bytes().chunks(7) {
            upload.add(&mut part.to_vec()).unwrap();
        }
        upload
    }

    #[test]
    fn a_file_has_no_name_on_the_disk_and_is_read_as_it_was_sent_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let text = "sample_id,vWA\nS1,14/15\n".repeat(40);
        let mut upload = upload(folder.path(), &text);
        assert_eq!((upload.size, upload.name.as_str()), (text.len() as u64, r"c\u{1b}.csv"));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        for _ in 0..2 {
            let mut read = String::new();
            upload.content().unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
        }
        let mut raw = Vec::new();
        upload.file.seek(SeekFrom::Start(0)).unwrap();
        upload.file.read_to_end(&mut raw).unwrap();
        assert!(raw.len() == text.len() && !raw.windows(9).any(|part| part == b"sample_id"));
        assert_eq!(format!("{upload:?}"), format!("Upload {{ size: {}, .. }}", text.len()));
    }

    #[test]
    fn a_person_has_one_file_which_waits_under_its_number_and_not_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let (mut uploads, now) = (Uploads::default(), Instant::now());
        assert!(uploads.begin("R1", now) && !uploads.begin("R1", now) && uploads.begin("R2", now));
        let waiting = Waiting::new(upload(folder.path(), "x"), Asked::default(), Outcome::default()).unwrap();
        let number = waiting.number.clone();
        uploads.set("R1", State::Waiting(Box::new(waiting)), now);
        assert!(uploads.take("R1", "", now).is_none() && uploads.take("R2", &number, now).is_none());
        let late = now + KEPT;
        assert!(uploads.take("R1", &number, late - Duration::from_secs(1)).is_some(), "in time");
        assert!(uploads.take("R1", &number, now).is_none(), "once");
        uploads.settle(late + KEPT);
        assert!(uploads.of("R1").is_none() && uploads.of("R2").is_none());
        assert!((0..MOST).all(|n| uploads.begin(&n.to_string(), late)) && !uploads.begin("R1", late));
    }
}
