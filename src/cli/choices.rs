//! The words on the command line for the library's choices.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::intake::{NumberKind, SingleAllele};
use crate::ledger::OnConflict;
use crate::store::Identifiers;

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

impl ValueEnum for NumberKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::ResidentId, Self::BirthCertificate]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::ResidentId => PossibleValue::new("resident-id").help("Resident ID numbers"),
            Self::BirthCertificate => {
                PossibleValue::new("birth-certificate").help("Numbers of birth certificates")
            }
        })
    }
}

impl ValueEnum for OnConflict {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Refuse, Self::Keep, Self::Replace]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Refuse => "Refuse the file and list the samples",
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
