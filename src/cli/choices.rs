//! The words on the command line for the library's choices.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::intake::{IdentifierForms, NumberKind, SingleAllele, SpreadsheetNumbers, TextEncoding};
use crate::ledger::OnConflict;
use crate::matching::KinRelation;
use crate::meaning::Class;
use crate::screen::Instructions;
use crate::store::{CertainParent, ExportForm, IdentifierKind, Identifiers, KinWithin, Sort, WantedKin};

impl ValueEnum for CertainParent {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.relation().word()))
    }
}

impl ValueEnum for Instructions {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Avx512Vbmi => "avx512-vbmi",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }))
    }
}

impl ValueEnum for Class {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()).help(match self {
            Self::Strong => "19 loci, 10,000 times any other pair and 1,000 times any close kin, posterior 0.999",
            Self::Candidate => "19 loci, 1,000 times any other pair and any close kin, posterior 0.9",
            Self::MoreLoci => "More loci, another relative or a second sample decide",
            _ => "Posterior below 0.01; not an exclusion",
        }))
    }
}

impl ValueEnum for Sort {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

impl ValueEnum for ExportForm {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Csv, Self::Fam, Self::Cmf]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Csv => PossibleValue::new("csv").help("Tidy CSV, as import reads it"),
            Self::Fam => PossibleValue::new("fam").help(
                "A project of the program Familias. One family with children makes a case with the pedigrees H1 and H2, \
                 anything else a DVI project",
            ),
            Self::Cmf => PossibleValue::new("cmf").help("CODIS Common Message Format 3.2, for laboratories that use CODIS"),
        })
    }
}

impl ValueEnum for IdentifierKind {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Sample => "Samples of relatives and of children",
            Self::Family => "Families",
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

impl ValueEnum for Identifiers {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Original, Self::Pseudonyms]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Original => PossibleValue::new("original").help("Numbers or names of the laboratory's own"),
            Self::Pseudonyms => PossibleValue::new("pseudonyms").help("Pseudonyms made under this store's key"),
        })
    }
}

impl ValueEnum for KinWithin {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Families, Self::Children, Self::All]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Families => "The relatives of all families; those of one family are known kin",
            Self::Children => "The children",
            Self::All => "Relatives and children",
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

impl ValueEnum for NumberKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::ResidentId, Self::BirthCertificate]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::ResidentId => PossibleValue::new("resident-id").help("Resident ID numbers"),
            Self::BirthCertificate => PossibleValue::new("birth-certificate").help("Numbers of birth certificates"),
        })
    }
}

impl ValueEnum for OnConflict {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Refuse, Self::Add, Self::Keep, Self::Replace]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Refuse => {
                "Refuse the file and list the samples; what is surely a further typing of a sample (all shared loci agree, at \
                 least 6 of them) is added"
            }
            Self::Add => {
                "Add what the file has as a further typing of the sample; loci that disagree are not matched on"
            }
            Self::Keep => "Keep what the store has, import the rest",
            Self::Replace => "Take what the file has",
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

impl ValueEnum for SingleAllele {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Homozygote, Self::Untyped]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Homozygote => PossibleValue::new("homozygote").help("Both alleles are the same"),
            Self::Untyped => PossibleValue::new("untyped").help("The other may be lost: the locus is left untyped"),
        })
    }
}

impl ValueEnum for SpreadsheetNumbers {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Refuse, Self::Take]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Refuse => PossibleValue::new("refuse").help("Errors: different numbers may have become the same"),
            Self::Take => PossibleValue::new("take").help("Identifiers as they are"),
        })
    }
}

impl ValueEnum for IdentifierForms {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Refuse, Self::Distinct]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Refuse => PossibleValue::new("refuse").help("Errors: they may be one, typed in two ways"),
            Self::Distinct => PossibleValue::new("distinct").help("Two samples or families, with a warning"),
        })
    }
}

impl ValueEnum for TextEncoding {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

impl ValueEnum for WantedKin {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [WantedKin; 5] = [
            WantedKin::Only(KinRelation::Identity),
            WantedKin::Only(KinRelation::ParentChild),
            WantedKin::Only(KinRelation::FullSibling),
            WantedKin::Only(KinRelation::HalfSibling),
            WantedKin::Any,
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Only(relation) => {
                let help = match relation {
                    KinRelation::Identity => "One person under two numbers, or identical twins",
                    KinRelation::ParentChild => "Parent and child",
                    KinRelation::FullSibling => "Full siblings",
                    KinRelation::HalfSibling => "Half-siblings, or others of the second degree",
                };
                PossibleValue::new(relation.word()).help(help)
            }
            Self::Any => PossibleValue::new("any").help("All of these"),
        })
    }
}
