//! Builds an index and writes it to a file.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;
use zerocopy::IntoBytes;
use zerocopy::byteorder::little_endian::{U16, U32, U64};

use crate::files;
use crate::model::{Allele, Child, DropOut, Genotype, Locus, Pseudonym, genotype_code, genotype_count};

use super::format::{
    ALIGNMENT, BLOCK, Binding, DropOutRecord, Header, IndexError, MAGIC, Metadata, OLDEST_READER, Row, SECTIONS,
    Section, UNLISTED, UnlistedRecord, VERSION, codec, rows_per_block,
};

/// Prefix of the name of an index while it is being written.
const UNFINISHED: &str = ".children-";

/// Collects children for an index.
///
/// Memory: 18 + 2 x loci bytes per child, and when it finishes, the completed sections: 16 + 2 x loci + (loci + alleles
/// of all loci) / 8 bytes per child.
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
    pseudonyms: Vec<[u8; Pseudonym::LEN]>,
    /// Per child, the number of loci at which it is untyped.
    untyped: Vec<u16>,
    /// Per child, a code per locus.
    codes: Vec<U16>,
    /// Genotypes with an unlisted allele: child, locus and genotype.
    unlisted: Vec<(usize, usize, Genotype)>,
    drop_outs: Vec<(usize, DropOut)>,
}

/// The finished sections and the header that describes them.
struct Built {
    header: Header,
    metadata: Vec<u8>,
    pseudonyms: Vec<[u8; Pseudonym::LEN]>,
    planes: Vec<Row>,
    codes: Vec<U16>,
    unlisted: Vec<UnlistedRecord>,
    drop_outs: Vec<DropOutRecord>,
}

impl Built {
    /// Returns the sections, in the order of the file.
    fn sections(&self) -> [&[u8]; SECTIONS] {
        [
            &self.metadata,
            self.pseudonyms.as_bytes(),
            self.planes.as_bytes(),
            self.codes.as_bytes(),
            self.unlisted.as_bytes(),
            self.drop_outs.as_bytes(),
        ]
    }

    /// Returns the size of the file in bytes.
    fn size(&self) -> usize {
        aligned(size_of::<Header>()) + self.sections().iter().map(|bytes| aligned(bytes.len())).sum::<usize>()
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for bytes in [self.header.as_bytes()].into_iter().chain(self.sections()) {
            out.write_all(bytes)?;
            out.write_all(&[0; ALIGNMENT][..aligned(bytes.len()) - bytes.len()])?;
        }
        Ok(())
    }
}

/// Returns the length of a section with its padding.
fn aligned(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

impl Builder {
    /// Creates an empty index over a panel's loci and their listed alleles, which must be in rising order.
    #[must_use]
    pub fn new(loci: Vec<(Locus, Vec<Allele>)>) -> Self {
        let (pseudonyms, untyped, codes) = (Vec::new(), Vec::new(), Vec::new());
        Self { loci, pseudonyms, untyped, codes, unlisted: Vec::new(), drop_outs: Vec::new() }
    }

    /// Adds a child, in any order.
    pub fn push(&mut self, child: impl Borrow<Child>) {
        let child = child.borrow();
        let (number, mut untyped) = (self.pseudonyms.len(), 0);
        for (locus, (_, alleles)) in self.loci.iter().enumerate() {
            let place = |allele| alleles.binary_search(&allele).ok();
            let code = match child.profile.at(locus) {
                None => {
                    untyped += 1;
                    genotype_count(alleles.len()) as u16
                }
                Some(genotype) => match (place(genotype.low()), place(genotype.high())) {
                    (Some(a), Some(b)) => genotype_code(a, b) as u16,
                    _ => {
                        self.unlisted.push((number, locus, genotype));
                        UNLISTED
                    }
                },
            };
            self.codes.push(U16::new(code));
        }
        self.drop_outs.extend(child.drop_out.map(|drop_out| (number, drop_out)));
        self.untyped.push(untyped);
        self.pseudonyms.push(*child.pseudonym.as_bytes());
    }

    /// Returns the number of children so far.
    #[must_use]
    pub fn children(&self) -> usize {
        self.pseudonyms.len()
    }

    /// Returns the bytes of the finished index.
    ///
    /// # Errors
    /// [`IndexError::TooMany`] beyond 2^32 - 1 children; [`IndexError::Damaged`] if the metadata cannot be encoded.
    pub fn finish(self, binding: &Binding) -> Result<Vec<u8>, IndexError> {
        let built = self.build(binding)?;
        let mut file = Vec::with_capacity(built.size());
        built.write(&mut file).map_err(IndexError::io("write"))?;
        Ok(file)
    }

    fn build(self, binding: &Binding) -> Result<Built, IndexError> {
        // Children typed at equally many loci share blocks, so that the screen can require more of partial profiles.
        // The sorting also removes every trace of the order of import.
        let children = u32::try_from(self.pseudonyms.len()).map_err(|_| IndexError::TooMany)?;
        let keys = self.untyped.into_par_iter().zip(self.pseudonyms);
        let mut order: Vec<_> = keys.zip(0..children).map(|((untyped, name), child)| (untyped, name, child)).collect();
        order.par_sort_unstable();
        let loci = self.loci.len();
        let mut codes = vec![U16::ZERO; self.codes.len()];
        codes.par_chunks_exact_mut(loci.max(1)).zip(&order).for_each(|(codes, &(.., child))| {
            codes.copy_from_slice(&self.codes[child as usize * loci..][..loci]);
        });
        drop(self.codes);
        // Few children have an unlisted allele or a drop-out probability.
        let mut places = HashMap::new();
        if !(self.unlisted.is_empty() && self.drop_outs.is_empty()) {
            let wanted: HashSet<usize> =
                self.unlisted.iter().map(|one| one.0).chain(self.drop_outs.iter().map(|one| one.0)).collect();
            let found = (0..children).zip(&order).map(|(place, &(.., child))| (child as usize, place));
            places.extend(found.filter(|(child, _)| wanted.contains(child)));
        }
        let pseudonyms = order.into_iter().map(|(_, name, _)| name).collect();
        let mut unlisted: Vec<_> = self.unlisted.iter().map(|one| (places[&one.0], one.1, one.2)).collect();
        unlisted.sort_unstable_by_key(|one| (one.0, one.1));
        let mut drop_outs: Vec<_> = self.drop_outs.iter().map(|one| (places[&one.0], one.1)).collect();
        drop_outs.sort_unstable_by_key(|one| one.0);
        let planes = planes(&self.loci, &codes, &drop_outs);
        let metadata = Metadata {
            loci: (self.loci.iter())
                .map(|(locus, alleles)| (locus.name().to_owned(), alleles.iter().map(|a| a.tenths()).collect()))
                .collect(),
        };
        let metadata = codec::encode(&metadata).map_err(|_| IndexError::Damaged("metadata too long"))?;
        let unlisted = unlisted.into_iter().map(|(child, locus, genotype)| UnlistedRecord {
            child: U32::new(child),
            locus: U16::new(locus as u16),
            low: U16::new(genotype.low().tenths()),
            high: U16::new(genotype.high().tenths()),
        });
        let drop_outs = drop_outs.into_iter().map(|(child, drop_out)| DropOutRecord {
            child: U32::new(child),
            probability: U64::new(drop_out.get().to_bits()),
        });
        let header = Header {
            magic: MAGIC,
            version: U32::new(VERSION),
            oldest_reader: U32::new(OLDEST_READER),
            alleles: binding.alleles,
            stamp: binding.stamp,
            generation: U64::new(binding.generation),
            children: U64::new(u64::from(children)),
            sections: [Section { offset: U64::ZERO, length: U64::ZERO, digest: [0; 32] }; SECTIONS],
            digest: [0; 32],
        };
        let (unlisted, drop_outs) = (unlisted.collect(), drop_outs.collect());
        let mut built = Built { header, metadata, pseudonyms, planes, codes, unlisted, drop_outs };
        let digests: Vec<_> = built.sections().par_iter().map(|bytes| *blake3::hash(bytes).as_bytes()).collect();
        let lengths = built.sections().map(<[u8]>::len);
        let mut end = aligned(size_of::<Header>());
        for ((section, length), digest) in built.header.sections.iter_mut().zip(lengths).zip(digests) {
            *section = Section { offset: U64::new(end as u64), length: U64::new(length as u64), digest };
            end += aligned(length);
        }
        built.header.digest = built.header.computed_digest();
        Ok(built)
    }

    /// Writes the finished index to `path` and replaces an existing file: first under another name, flushed, and
    /// read-only, then renamed, and the folder flushed. After a crash, the old or the new file is there; the next call
    /// removes an unfinished file. Only one index may be written at a time.
    ///
    /// # Errors
    /// [`IndexError::Io`] if a step fails; no file is left behind then.
    pub fn write(self, path: &Path, binding: &Binding) -> Result<(), IndexError> {
        let built = self.build(binding)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let failed = IndexError::io("write");
        clear(folder, UNFINISHED)?;
        let mut file = files::temporary(UNFINISHED, folder).map_err(&failed)?;
        let mut out = BufWriter::new(file.as_file_mut());
        built.write(&mut out).map_err(&failed)?;
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

/// Builds the rows of all blocks from the codes of all children. `drop_outs` are the children with a drop-out
/// probability of their own, in rising order.
fn planes(loci: &[(Locus, Vec<Allele>)], codes: &[U16], drop_outs: &[(u32, DropOut)]) -> Vec<Row> {
    let most = loci.iter().map(|locus| locus.1.len()).max().unwrap_or(0);
    let alleles: Vec<[usize; 2]> = (0..most).flat_map(|high| (0..=high).map(move |low| [low, high])).collect();
    let (rows_per_block, of_block) = (rows_per_block(loci), (BLOCK * loci.len()).max(1));
    let mut planes = vec![Row::default(); codes.len().div_ceil(of_block) * rows_per_block];
    let blocks = planes.par_chunks_exact_mut(rows_per_block).zip(codes.par_chunks(of_block));
    blocks.for_each(|(rows, codes)| {
        for (lane, codes) in codes.chunks_exact(loci.len()).enumerate() {
            let (word, bit) = (lane / 64, 1_u64 << (lane % 64));
            let (mut first, mut is_listed) = (1, true);
            for (code, (_, listed)) in codes.iter().zip(loci) {
                let own = &mut rows[first..=first + listed.len()];
                first += own.len();
                is_listed &= code.get() != UNLISTED;
                match alleles[..genotype_count(listed.len())].get(usize::from(code.get())) {
                    Some(alleles) => alleles.iter().for_each(|allele| own[1 + allele][word] |= bit),
                    None => own[0][word] |= bit,
                }
            }
            if is_listed {
                rows[0][word] |= bit;
            }
        }
    });
    for &(child, _) in drop_outs {
        let (block, lane) = (child as usize / BLOCK, child as usize % BLOCK);
        planes[block * rows_per_block][lane / 64] &= !(1 << (lane % 64));
    }
    planes
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
