//! Builds an index and writes it to a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use zerocopy::IntoBytes;
use zerocopy::byteorder::little_endian::{U16, U32, U64};

use crate::files;
use crate::model::{Allele, Child, Locus, Pseudonym, genotype_code, genotype_count};

use super::format::{
    ALIGNMENT, BLOCK, Binding, DropOutRecord, Header, IndexError, MAGIC, Metadata, OLDEST_READER, Row, SECTIONS,
    Section, UNLISTED, UnlistedRecord, VERSION, codec, rows_per_block,
};

/// Prefix of the name of an index while it is being written.
const UNFINISHED: &str = ".children-";

/// Collects children for an index.
///
/// Memory: the profiles and, when it finishes, the completed sections: 16 + 2 x loci + (loci + alleles of all loci) / 8
/// bytes per child.
///
/// ```
/// use reunite::index::{Binding, Builder, Index};
/// use reunite::model::{Child, Profile, Pseudonym};
///
/// let mut builder = Builder::new(vec![("vWA".parse()?, vec!["14".parse()?, "15".parse()?])]);
/// let pseudonym = Pseudonym::from_bytes([1; 16]);
/// builder.push(Child { pseudonym, profile: Profile::new(vec![Some("14/15".parse()?)]), drop_out: None });
///
/// // What the index was made of: it serves only where these are still the same.
/// let binding = Binding { alleles: [0; 32], stamp: [0; 16], generation: 1 };
/// let index = Index::from_bytes(&builder.finish(&binding)?)?;
/// assert_eq!((index.children(), index.pseudonym(0)), (1, pseudonym));
/// assert_eq!(index.genotype(0, 0), Some("14/15".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Builder {
    loci: Vec<(Locus, Vec<Allele>)>,
    children: Vec<Child>,
}

/// The sections, which grow child by child.
struct Sections<'a> {
    loci: &'a [(Locus, Vec<Allele>)],
    rows_per_block: usize,
    pseudonyms: Vec<[u8; Pseudonym::LEN]>,
    planes: Vec<Row>,
    codes: Vec<U16>,
    unlisted: Vec<UnlistedRecord>,
    drop_outs: Vec<DropOutRecord>,
}

impl<'a> Sections<'a> {
    fn new(loci: &'a [(Locus, Vec<Allele>)]) -> Self {
        let rows_per_block = rows_per_block(loci);
        let (pseudonyms, planes, codes) = (Vec::new(), Vec::new(), Vec::new());
        Self { loci, rows_per_block, pseudonyms, planes, codes, unlisted: Vec::new(), drop_outs: Vec::new() }
    }

    fn push(&mut self, child: &Child) -> Result<(), IndexError> {
        let number = u32::try_from(self.pseudonyms.len()).map_err(|_| IndexError::TooMany)?;
        let (block, lane) = (number as usize / BLOCK, number as usize % BLOCK);
        if lane == 0 {
            self.planes.resize(self.planes.len() + self.rows_per_block, Row::default());
        }
        let rows = &mut self.planes[block * self.rows_per_block..];
        let (word, bit) = (lane / 64, 1_u64 << (lane % 64));
        let before = self.unlisted.len();
        let mut first = 1;
        for (locus, (_, alleles)) in self.loci.iter().enumerate() {
            let own = &mut rows[first..=first + alleles.len()];
            first += own.len();
            let place = |allele| alleles.binary_search(&allele).ok();
            let code = match child.profile.at(locus) {
                None => genotype_count(alleles.len()) as u16,
                Some(genotype) => match (place(genotype.low()), place(genotype.high())) {
                    (Some(a), Some(b)) => {
                        own[1 + a][word] |= bit;
                        own[1 + b][word] |= bit;
                        self.codes.push(U16::new(genotype_code(a, b) as u16));
                        continue;
                    }
                    _ => {
                        self.unlisted.push(UnlistedRecord {
                            child: U32::new(number),
                            locus: U16::new(locus as u16),
                            low: U16::new(genotype.low().tenths()),
                            high: U16::new(genotype.high().tenths()),
                        });
                        UNLISTED
                    }
                },
            };
            own[0][word] |= bit;
            self.codes.push(U16::new(code));
        }
        if let Some(drop_out) = child.drop_out {
            let probability = U64::new(drop_out.get().to_bits());
            self.drop_outs.push(DropOutRecord { child: U32::new(number), probability });
        } else if self.unlisted.len() == before {
            rows[0][word] |= bit;
        }
        self.pseudonyms.push(*child.pseudonym.as_bytes());
        Ok(())
    }
}

impl Builder {
    /// Creates an empty index over a panel's loci and their listed alleles, which must be in rising order.
    #[must_use]
    pub fn new(loci: Vec<(Locus, Vec<Allele>)>) -> Self {
        Self { loci, children: Vec::new() }
    }

    /// Adds a child, in any order.
    pub fn push(&mut self, child: Child) {
        self.children.push(child);
    }

    /// Returns the number of children so far.
    #[must_use]
    pub fn children(&self) -> usize {
        self.children.len()
    }

    /// Returns the bytes of the finished index.
    ///
    /// # Errors
    /// [`IndexError::TooMany`] beyond 2^32 - 1 children; [`IndexError::Damaged`] if the metadata cannot be encoded.
    pub fn finish(mut self, binding: &Binding) -> Result<Vec<u8>, IndexError> {
        // Children typed at equally many loci share blocks, so that the screen can require more of partial profiles.
        // The sorting also removes every trace of the order of import.
        let loci = self.loci.len();
        let untyped = |child: &Child| (0..loci).filter(|&locus| child.profile.at(locus).is_none()).count();
        self.children.sort_by_cached_key(|child| (untyped(child), child.pseudonym));
        let mut built = Sections::new(&self.loci);
        for child in &self.children {
            built.push(child)?;
        }
        let metadata = Metadata {
            loci: (self.loci.iter())
                .map(|(locus, alleles)| (locus.name().to_owned(), alleles.iter().map(|a| a.tenths()).collect()))
                .collect(),
        };
        let metadata = codec::encode(&metadata).map_err(|_| IndexError::Damaged("metadata too long"))?;
        let sections: [&[u8]; SECTIONS] = [
            &metadata,
            built.pseudonyms.as_bytes(),
            built.planes.as_bytes(),
            built.codes.as_bytes(),
            built.unlisted.as_bytes(),
            built.drop_outs.as_bytes(),
        ];
        let aligned = |length: usize| length.div_ceil(ALIGNMENT) * ALIGNMENT;
        let mut end = aligned(size_of::<Header>());
        let places = sections.map(|bytes| {
            let offset = end;
            end += aligned(bytes.len());
            Section {
                offset: U64::new(offset as u64),
                length: U64::new(bytes.len() as u64),
                digest: *blake3::hash(bytes).as_bytes(),
            }
        });
        let mut header = Header {
            magic: MAGIC,
            version: U32::new(VERSION),
            oldest_reader: U32::new(OLDEST_READER),
            alleles: binding.alleles,
            stamp: binding.stamp,
            generation: U64::new(binding.generation),
            children: U64::new(built.pseudonyms.len() as u64),
            sections: places,
            digest: [0; 32],
        };
        header.digest = header.computed_digest();
        let mut file = Vec::with_capacity(end);
        file.extend_from_slice(header.as_bytes());
        for bytes in sections {
            file.resize(aligned(file.len()), 0);
            file.extend_from_slice(bytes);
        }
        file.resize(end, 0);
        Ok(file)
    }

    /// Writes the finished index to `path` and replaces an existing file: first under another name, flushed, and
    /// read-only, then renamed, and the folder flushed. After a crash, the old or the new file is there; the next call
    /// removes an unfinished file. Only one index may be written at a time.
    ///
    /// # Errors
    /// [`IndexError::Io`] if a step fails; no file is left behind then.
    pub fn write(self, path: &Path, binding: &Binding) -> Result<(), IndexError> {
        let bytes = self.finish(binding)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let failed = IndexError::io("write");
        clear(folder, UNFINISHED)?;
        let mut file = files::temporary(UNFINISHED, folder).map_err(&failed)?;
        let mut out = BufWriter::new(file.as_file_mut());
        out.write_all(&bytes).map_err(&failed)?;
        out.flush().map_err(&failed)?;
        drop(out);
        let mut permissions = file.as_file().metadata().map_err(&failed)?.permissions();
        permissions.set_readonly(true);
        file.as_file().set_permissions(permissions).map_err(&failed)?;
        file.as_file().sync_all().map_err(&failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(&failed)
    }
}

/// Removes unfinished files, because they hold genotypes, perhaps of people who have been withdrawn since.
pub(super) fn clear(folder: &Path, unfinished: &str) -> Result<(), IndexError> {
    let clear = || {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(unfinished) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    clear().map_err(IndexError::io("write"))
}
