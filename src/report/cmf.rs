//! Writes CODIS Common Message Format (CMF) 3.2, for programs that read no other format.
//!
//! A specimen has the first 24 digits of the pseudonym for an identifier, because the format allows no more; they name one
//! sample, and are accepted as its first digits. The case of a relative is the family's pseudonym. The format has no place for
//! drop-out or pedigrees, and of relations it has words for parents and siblings, for other relatives only the side. Who read a
//! profile and when is not known: the time is that of the file.

use std::io::{self, Write};

use crate::model::{Locus, Pseudonym, Relation, SampleRecord, Sex};

/// First line, by its words.
const DECLARATION: [&str; 3] = ["<?xml", "version=\"1.0\"", "encoding=\"UTF-8\"?>"];
const NAMESPACE: &str = "xmlns=\"urn:CODISImportFile-schema\"";
/// Most loci of a specimen.
const MOST_LOCI: usize = 32;
/// Most characters of a laboratory.
const MOST_CHARACTERS: usize = 10;
/// Number of digits of a pseudonym that fit an identifier.
const DIGITS: usize = 24;

/// The two laboratories, which the format requires.
#[derive(Clone, Copy, Debug)]
pub struct CmfParties<'a> {
    /// The laboratory that sends.
    pub source: &'a str,
    /// The laboratory that receives.
    pub destination: &'a str,
}

/// The reason why a file cannot hold a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmfError {
    /// A laboratory that the format cannot hold.
    #[error("the name of a laboratory in a CMF file has 1 to 10 letters, digits, - and _")]
    Laboratory,
    /// A sample with more loci than the format allows.
    #[error("sample {0} is typed at more than 32 loci, and a CMF file holds no more")]
    Loci(Pseudonym),
    /// A relation that the format has no word for.
    #[error("a CMF file has no word for the relation {relation} of sample {sample}")]
    Relation {
        /// The sample.
        sample: Pseudonym,
        /// Its relation.
        relation: Relation,
    },
    /// The output failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Writes a file, specimen by specimen.
pub struct CmfWriter<W: Write> {
    out: W,
    at: String,
}

impl<W: Write> CmfWriter<W> {
    /// Begins a file of this time (`2026-11-30T08:00:00`).
    ///
    /// # Errors
    /// [`CmfError::Laboratory`], [`CmfError::Io`].
    pub fn begin(mut out: W, parties: CmfParties<'_>, at: &str) -> Result<Self, CmfError> {
        let CmfParties { source, destination } = parties;
        let is_name = |name: &str| {
            let fits = (1..=MOST_CHARACTERS).contains(&name.len());
            fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if !is_name(source) || !is_name(destination) {
            return Err(CmfError::Laboratory);
        }
        write!(
            out,
            "{}\n<CODISImportFile {NAMESPACE}>\n\
             <HEADERVERSION>3.2</HEADERVERSION>\n<MESSAGETYPE>Import</MESSAGETYPE>\n\
             <DESTINATIONORI>{destination}</DESTINATIONORI>\n<SOURCELAB>{source}</SOURCELAB>\n\
             <SUBMITBYUSERID>reunite</SUBMITBYUSERID>\n<SUBMITDATETIME>{at}</SUBMITDATETIME>\n",
            DECLARATION.join(" ")
        )?;
        Ok(Self { out, at: at.to_owned() })
    }

    /// Writes a sample, whose genotypes are over these loci. Returns `true` if its category says less than its relation.
    ///
    /// # Errors
    /// [`CmfError::Loci`], [`CmfError::Relation`], [`CmfError::Io`].
    pub fn specimen(&mut self, record: &SampleRecord, loci: &[Locus]) -> Result<bool, CmfError> {
        let (category, is_coarse) = category(record)?;
        let case = record.family.map_or_else(String::new, |(family, _)| format!(" CASEID=\"{family}\""));
        let id = record.sample.to_string();
        let Self { out, at } = self;
        write!(
            out,
            "<SPECIMEN{case}>\n<SPECIMENID>{}</SPECIMENID>\n<SPECIMENCATEGORY>{category}</SPECIMENCATEGORY>\n",
            &id[..DIGITS]
        )?;
        let mut typed = 0;
        for (position, locus) in loci.iter().enumerate() {
            let many = record.many.iter().find(|many| many.0 == position);
            let alleles: Vec<String> = match (record.profile.at(position), many) {
                (Some(genotype), _) if genotype.is_homozygous() => vec![genotype.low().to_string()],
                (Some(genotype), _) => vec![genotype.low().to_string(), genotype.high().to_string()],
                (None, Some((_, many))) => many.alleles().iter().map(ToString::to_string).collect(),
                (None, None) => continue,
            };
            typed += 1;
            write!(
                out,
                "<LOCUS><LOCUSNAME>{locus}</LOCUSNAME><READINGBY>N/A</READINGBY><READINGDATETIME>{at}</READINGDATETIME>"
            )?;
            for allele in alleles {
                write!(out, "<ALLELE><ALLELEVALUE>{allele}</ALLELEVALUE></ALLELE>")?;
            }
            out.write_all(b"</LOCUS>\n")?;
        }
        if typed > MOST_LOCI {
            return Err(CmfError::Loci(record.sample));
        }
        out.write_all(b"</SPECIMEN>\n")?;
        Ok(is_coarse)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`CmfError::Io`].
    pub fn finish(mut self) -> Result<(), CmfError> {
        self.out.write_all(b"</CODISImportFile>\n")?;
        Ok(self.out.flush()?)
    }
}

/// Returns the category of a sample, and whether it says less than the relation.
fn category(record: &SampleRecord) -> Result<(&'static str, bool), CmfError> {
    use Relation::{
        Father, FullSibling, MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling,
        MaternalUncle, Member, Mother, Parent, PaternalAunt, PaternalGrandfather, PaternalGrandmother,
        PaternalHalfSibling, PaternalUncle,
    };
    let Some((_, relation)) = record.family else { return Ok(("Unidentified Person", false)) };
    Ok(match (relation, record.sex) {
        (Father, _) | (Parent, Sex::Male) => ("Biological Father", false),
        (Mother, _) | (Parent, Sex::Female) => ("Biological Mother", false),
        (FullSibling, _) => ("Biological Sibling", false),
        (PaternalHalfSibling | PaternalGrandfather | PaternalGrandmother | PaternalUncle | PaternalAunt, _) => {
            ("Paternal Relative", true)
        }
        (MaternalHalfSibling | MaternalGrandfather | MaternalGrandmother | MaternalUncle | MaternalAunt, _) => {
            ("Maternal Relative", true)
        }
        (Parent, Sex::Unknown) | (Member, _) => return Err(CmfError::Relation { sample: record.sample, relation }),
    })
}
