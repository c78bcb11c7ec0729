//! Detects the instruction sets that kernels can use.

use std::sync::OnceLock;

/// The instruction set that the kernels run on; better ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instructions {
    /// 512-bit vectors with byte look-ups.
    Avx512Vbmi,
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors.
    Avx2,
    /// The instructions that the compiler assumes for every machine of this kind (SSE2, NEON).
    Portable,
}

/// The best instructions that this process may use; those of the machine if it is not set.
static LIMIT: OnceLock<Instructions> = OnceLock::new();

/// Costs of weighing a child, relative to counting its misses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// If all children of a block are weighed.
    pub(super) weigh_all: f64,
    /// If the children who passed the counter are weighed.
    pub(super) weigh_one: f64,
}

impl Instructions {
    /// All instruction sets, best first.
    pub const ALL: [Self; 4] = [Self::Avx512Vbmi, Self::Avx512, Self::Avx2, Self::Portable];

    /// Makes this process use no better instructions than these, to measure what another machine would do. Results are
    /// the same. Only the first call has an effect.
    pub fn limit(self) {
        LIMIT.get_or_init(|| self);
    }

    /// Returns the best instruction set that this process can and may use.
    #[must_use]
    pub fn detect() -> Self {
        LIMIT.get().copied().map_or(Self::of_machine(), |limit| limit.max(Self::of_machine()))
    }

    fn of_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                let has_bytes = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi");
                return if has_bytes { Self::Avx512Vbmi } else { Self::Avx512 };
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Returns all instruction sets of this machine, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|&instructions| instructions >= Self::detect()).collect()
    }

    /// Reports whether counting can be faster than weighing.
    #[must_use]
    pub fn counts(self) -> bool {
        self != Self::Avx512Vbmi
    }

    /// Reports whether all children of a block are weighed with coarse classes first.
    #[must_use]
    pub fn weighs_coarsely(self) -> bool {
        self != Self::Avx512Vbmi
    }

    /// Returns the costs of weighing; measured by `cargo bench --bench kernel`.
    pub(super) fn costs(self) -> Costs {
        let (weigh_all, weigh_one) = match self {
            Self::Avx512Vbmi => (4.0, 200.0),
            Self::Avx512 | Self::Avx2 => (4.0, 120.0),
            Self::Portable => (12.0, 75.0),
        };
        Costs { weigh_all, weigh_one }
    }

    /// Returns the name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512Vbmi => "AVX-512 VBMI",
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Portable => "portable",
        }
    }
}
