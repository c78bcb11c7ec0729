//! The instruction sets that kernels run on.

/// The instruction set that the kernels run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// 512-bit vectors that can look bytes up.
    Avx512Vbmi,
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors.
    Avx2,
    /// Whatever the compiler assumes of every machine of this kind (SSE2, NEON).
    Portable,
}

impl Instructions {
    /// The best that this machine has.
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

    /// All that this machine has, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let order = [Self::Avx512Vbmi, Self::Avx512, Self::Avx2, Self::Portable];
        let best = order.iter().position(|&i| i == Self::detect()).unwrap_or(0);
        order[best..].to_vec()
    }

    /// What it costs to weigh the genotypes of all children, per child, if counting its misses costs 1; measured by `cargo bench
    /// --bench kernel`.
    #[must_use]
    pub fn cost_of_weighing(self) -> f64 {
        match self {
            Self::Avx512Vbmi => 0.75,
            Self::Avx512 => 20.0,
            Self::Avx2 => 9.0,
            Self::Portable => 50.0,
        }
    }

    /// Whether counting ever is the quicker way.
    #[must_use]
    pub fn counts(self) -> bool {
        self.cost_of_weighing() > 1.0
    }

    /// The name used in reports.
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
