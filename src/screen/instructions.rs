//! Detects the instruction sets that kernels can use.

/// The instruction set that the kernels run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Instructions {
    /// Returns the best instruction set of this machine.
    #[must_use]
    pub fn detect() -> Self {
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
        let order = [Self::Avx512Vbmi, Self::Avx512, Self::Avx2, Self::Portable];
        let best = order.iter().position(|&i| i == Self::detect()).unwrap_or(0);
        order[best..].to_vec()
    }

    /// Returns the cost of weighing the genotypes of all children, per child, relative to counting a child's misses;
    /// measured by `cargo bench --bench kernel`.
    #[must_use]
    pub fn cost_of_weighing(self) -> f64 {
        match self {
            Self::Avx512Vbmi => 0.75,
            Self::Avx512 => 20.0,
            Self::Avx2 => 9.0,
            Self::Portable => 50.0,
        }
    }

    /// Reports whether counting can be faster than weighing.
    #[must_use]
    pub fn counts(self) -> bool {
        self.cost_of_weighing() > 1.0
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
