//! Compiles families to tables, and shares tables between families with the same evidence at a locus.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::kinship::{Calculator, Evidence, Kind, KinshipError, Pattern, Structure, StructureError};
use crate::model::{Family, Genotype, Unscorable};
use crate::population::LocusModel;
use crate::screen::{Classes, ScreenedLocus};

use super::chance::{Moments, Transform, moments};
use super::compiled::{CompiledFamily, CompiledLocus, FamilyLinkage, LocusError};
use super::roster::{Key, QuickHash, Roster};
use super::shared_loci::LocusSet;

/// Most bytes of tables that the compiler keeps for other families.
const INTERNED_BYTES: usize = 512 << 20;

/// Most bytes of transforms that the compiler keeps for other families.
const TRANSFORM_BYTES: usize = 256 << 20;

/// Number of loci at which a family and a child can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocusCounts {
    /// Loci at which the child and at least one relative are typed.
    pub loci_compared: u32,
    /// Compared loci at which the child cannot be the missing child without a mutation.
    pub incompatible_loci: u32,
}

/// The loci at which a family and a child are compared.
#[derive(Clone, Copy, Default)]
pub(super) struct Compared {
    /// Loci at which the child and a relative are typed.
    pub(super) loci: LocusSet,
    /// Loci at which the child cannot be the missing child without a mutation.
    pub(super) incompatible: LocusSet,
    /// Loci at which the relatives contradict each other, whatever the child's genotype is.
    pub(super) contradicted: LocusSet,
}

/// Compiles families, and keeps tables that other families may need.
pub struct Compiler<'a> {
    calculator: &'a Calculator,
    classes: Classes,
    /// What families with a key have at a locus.
    tables: Tables,
    /// Structures, numbered.
    structures: Kept<Kind, (u32, Arc<Structure>)>,
    /// Number of the next structure.
    next: AtomicU32,
    /// Compatibility of a child, by [`Evidence::pattern`]; `true` if the child is compatible.
    compatible: Kept<Pattern, Option<bool>>,
    /// Per locus, the moments of the LR of compiled evidence in unrelated children.
    moments: Vec<Kept<Evidence, Moments>>,
    /// Per locus, the transform of the log10 LR of compiled evidence in unrelated children.
    transforms: Vec<Kept<Evidence, Transform>>,
    /// Bytes left for tables.
    room: AtomicUsize,
    /// Bytes left for transforms.
    transform_room: AtomicUsize,
    /// Set if plans may count misses.
    counts: bool,
}

/// A map that grows under a lock and returns shared values.
struct Kept<K, V>(RwLock<HashMap<K, Arc<V>>>);

/// How the table of a family at a locus is found.
enum Sought {
    /// There is none: every child has LR 1.
    Nothing,
    /// It is compiled for this family alone.
    Alone,
    /// Families with this key share it.
    Shared(Key, Arc<Structure>),
}

impl Sought {
    fn key(&self) -> Option<&Key> {
        match self {
            Self::Shared(key, _) => Some(key),
            Self::Nothing | Self::Alone => None,
        }
    }
}

/// Per locus, what families with a key have there.
struct Tables(RwLock<Vec<HashMap<Key, Arc<CompiledLocus>, QuickHash>>>);

impl Tables {
    fn new(loci: usize) -> Self {
        Self(RwLock::new((0..loci).map(|_| HashMap::default()).collect()))
    }

    /// Returns what is known at each locus. Nothing of it is in the caches, so everything is looked for before the first
    /// reference is counted, which waits for the memory: the processor then waits for several at a time.
    fn get<'k>(&self, keys: impl Iterator<Item = Option<&'k Key>>) -> Vec<Option<Arc<CompiledLocus>>> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found: Vec<Option<&Arc<CompiledLocus>>> =
            tables.iter().zip(keys).map(|(table, key)| table.get(key?)).collect();
        found.into_iter().map(Option::<&Arc<_>>::cloned).collect()
    }

    fn keep(&self, locus: usize, key: Key, value: Arc<CompiledLocus>) -> Arc<CompiledLocus> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tables[locus].entry(key).or_insert(value))
    }
}

impl<K: Hash + Eq + Clone, V> Kept<K, V> {
    fn new() -> Self {
        Self(RwLock::new(HashMap::default()))
    }

    fn get(&self, key: &K) -> Option<Arc<V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: &K, value: V) -> Arc<V> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(map.entry(key.clone()).or_insert_with(|| Arc::new(value)))
    }
}

impl<'a> Compiler<'a> {
    /// Creates a compiler that keeps no tables yet; `counts` says whether plans may count misses.
    #[must_use]
    pub fn new(calculator: &'a Calculator, counts: bool) -> Self {
        Self {
            calculator,
            classes: Classes::new(calculator.loci().iter().map(listed_frequencies)),
            tables: Tables::new(calculator.panel().len()),
            structures: Kept::new(),
            next: AtomicU32::new(0),
            compatible: Kept::new(),
            moments: (0..calculator.panel().len()).map(|_| Kept::new()).collect(),
            transforms: (0..calculator.panel().len()).map(|_| Kept::new()).collect(),
            room: AtomicUsize::new(INTERNED_BYTES),
            transform_room: AtomicUsize::new(TRANSFORM_BYTES),
            counts,
        }
    }

    /// Returns the calculator of the compiler.
    #[must_use]
    pub fn calculator(&self) -> &'a Calculator {
        self.calculator
    }

    /// Compiles a family.
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn family(&self, family: &Family) -> Result<CompiledFamily, Unscorable> {
        let unscorable = |LocusError { locus, reason }| Unscorable {
            family: family.pseudonym,
            locus: self.calculator.panel().loci()[locus].clone(),
            reason: reason.to_string(),
        };
        let loci = self.unlinked(family).map_err(unscorable)?.loci;
        Ok(CompiledFamily { loci, linkage: FamilyLinkage::find(self.calculator, family).map_err(unscorable)? })
    }

    /// Compiles a family and ignores linkage.
    pub(super) fn unlinked(&self, family: &Family) -> Result<CompiledFamily, LocusError> {
        let mut roster = Roster::new(family);
        let sought: Vec<Result<Sought, StructureError>> =
            (0..self.calculator.panel().len()).map(|locus| self.sought(&mut roster, locus)).collect();
        let known = self.tables.get(sought.iter().map(|sought| sought.as_ref().ok()?.key()));
        let loci = known.into_iter().zip(sought).enumerate().map(|(locus, (known, sought))| match known {
            Some(known) => Ok(Some(known)),
            None => self.locus(family, locus, sought).map_err(|reason| LocusError { locus, reason }),
        });
        Ok(CompiledFamily { loci: loci.collect::<Result<_, _>>()?, linkage: FamilyLinkage::default() })
    }

    /// Counts the loci at which a family can be compared with this child, and those at which the child is incompatible;
    /// `child` returns its genotype at a position of the panel.
    ///
    /// # Errors
    /// [`KinshipError`]; a compiled family has already passed the checks behind it.
    pub fn compare(
        &self,
        family: &CompiledFamily,
        child: impl Fn(usize) -> Option<Genotype>,
    ) -> Result<LocusCounts, KinshipError> {
        let Compared { loci, incompatible, .. } = self.compared(family, child)?;
        Ok(LocusCounts { loci_compared: loci.count_ones(), incompatible_loci: incompatible.count_ones() })
    }

    /// Returns the loci at which a family can be compared with this child, and the incompatible and contradicted ones
    /// among them.
    ///
    /// # Errors
    /// As [`Self::compare`].
    pub(super) fn compared(
        &self,
        family: &CompiledFamily,
        child: impl Fn(usize) -> Option<Genotype>,
    ) -> Result<Compared, KinshipError> {
        let mut compared = Compared::default();
        for (position, locus) in family.typed() {
            let Some(genotype) = child(position) else { continue };
            compared.loci |= 1 << position;
            let pattern = locus.evidence.pattern(genotype);
            let compatible = match self.compatible.get(&pattern) {
                Some(known) => *known,
                None => *self.compatible.keep(&pattern, self.calculator.is_compatible(&locus.evidence, genotype)?),
            };
            compared.incompatible |= LocusSet::from(compatible == Some(false)) << position;
            compared.contradicted |= LocusSet::from(compatible.is_none()) << position;
        }
        Ok(compared)
    }

    /// Returns the moments of a family's table at a locus in unrelated children; default moments if every child has LR
    /// 1 there.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub(super) fn moments(&self, family: &CompiledFamily, locus: usize) -> Result<Moments, KinshipError> {
        let Some(compiled) = &family.loci[locus] else { return Ok(Moments::default()) };
        if let Some(known) = self.moments[locus].get(&compiled.evidence) {
            return Ok(*known);
        }
        let unrelated = self.calculator.unrelated(locus, &compiled.evidence)?;
        Ok(*self.moments[locus].keep(&compiled.evidence, moments(&compiled.screened.table, &unrelated)))
    }

    /// Returns the transform of a family's table at a locus; `None` if every child has LR 1 there.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub(super) fn transform(
        &self,
        family: &CompiledFamily,
        locus: usize,
    ) -> Result<Option<Arc<Transform>>, KinshipError> {
        let Some(compiled) = &family.loci[locus] else { return Ok(None) };
        if let Some(known) = self.transforms[locus].get(&compiled.evidence) {
            return Ok(Some(known));
        }
        let unrelated = self.calculator.unrelated(locus, &compiled.evidence)?;
        let transform = Transform::new(&compiled.screened.table, &unrelated);
        Ok(Some(match take(&self.transform_room, Transform::BYTES) {
            true => self.transforms[locus].keep(&compiled.evidence, transform),
            false => Arc::new(transform),
        }))
    }

    /// Returns how the table of a family at a locus is found.
    fn sought(&self, roster: &mut Roster<'_, (u32, Arc<Structure>)>, locus: usize) -> Result<Sought, StructureError> {
        let family = roster.family();
        // What many relatives share at this locus is rarely known under another key, so it is compiled without one.
        let Some(typed) = roster.typed(locus) else { return Ok(Sought::Alone) };
        if typed == 0 && !family.pedigree.as_ref().is_some_and(|pedigree| pedigree.child_is_inbred()) {
            return Ok(Sought::Nothing);
        }
        let convention = self.calculator.model().convention;
        let find = || self.structure(&Evidence::of_family(family, locus, convention));
        let (number, structure) = roster.known(typed, find)?;
        Ok(Sought::Shared(roster.key(locus, typed, number), structure))
    }

    /// Compiles one locus of a family.
    fn locus(
        &self,
        family: &Family,
        locus: usize,
        sought: Result<Sought, StructureError>,
    ) -> Result<Option<Arc<CompiledLocus>>, KinshipError> {
        let evidence = || Evidence::of_family(family, locus, self.calculator.model().convention);
        let (key, structure) = match sought? {
            Sought::Nothing => return Ok(None),
            Sought::Alone => {
                let evidence = evidence();
                if !evidence.is_informative() {
                    return Ok(None);
                }
                let structure = self.structure(&evidence)?.1;
                return Ok(Some(Arc::new(self.compile(locus, evidence, structure)?)));
            }
            Sought::Shared(key, structure) => (key, structure),
        };
        let compiled = Arc::new(self.compile(locus, evidence(), structure)?);
        let bytes = size_of_val(compiled.screened.table.values()) + size_of::<CompiledLocus>() + 256;
        Ok(Some(match take(&self.room, bytes) {
            true => self.tables.keep(locus, key, compiled),
            false => compiled,
        }))
    }

    fn structure(&self, evidence: &Evidence) -> Result<(u32, Arc<Structure>), StructureError> {
        let kind = evidence.kind();
        let numbered = match self.structures.get(&kind) {
            Some(numbered) => numbered,
            None => {
                let structure = Arc::new(self.calculator.structure(evidence)?);
                // Numbers may have gaps but never repeat.
                self.structures.keep(&kind, (self.next.fetch_add(1, Ordering::Relaxed), structure))
            }
        };
        Ok((numbered.0, Arc::clone(&numbered.1)))
    }

    fn compile(
        &self,
        locus: usize,
        evidence: Evidence,
        structure: Arc<Structure>,
    ) -> Result<CompiledLocus, KinshipError> {
        let (table, likelihood) = self.calculator.table_and_likelihood(locus, &structure, &evidence)?;
        let (model, classes) = (&self.calculator.loci()[locus], &self.classes.loci()[locus]);
        let screened = ScreenedLocus::new(table, listed_frequencies(model), classes, self.counts);
        Ok(CompiledLocus::new(screened, evidence, structure, libm::log10(likelihood)))
    }
}

/// Returns the frequencies of the listed alleles of a locus. The rest allele and the silent allele come last and never
/// appear in a profile.
pub(super) fn listed_frequencies(model: &LocusModel) -> &[f64] {
    &model.frequencies()[..model.alleles().len()]
}

/// Takes this many bytes of the room and returns `true`, if they are left.
fn take(room: &AtomicUsize, bytes: usize) -> bool {
    room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
}
