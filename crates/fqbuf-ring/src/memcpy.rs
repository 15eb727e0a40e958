//! What is known of the system's `memcpy`. The same file in both crates that copy bytes of such lengths.

/// Whether copies of some lengths are faster in blocks and pieces than by `memcpy`.
///
/// So it was measured on processors of AMD that say their string instructions are fast ("FSRM"), which `memcpy` believes from 2 KiB
/// on. Those are the ones since Zen 3, and tell by their vector units: nobody but AMD ever had `sse4a`, and `vpclmulqdq` came at the
/// same time. About the string instructions themselves nothing can be asked through the standard library, which remembers the
/// answers: to ask is two loads. On a processor of Intel that does not say so, such parts take a tenth to a sixth more; those that do
/// were not measured.
#[inline]
pub(crate) fn parts_are_faster() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("sse4a") && is_x86_feature_detected!("vpclmulqdq");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Whether copies of [`LONG`] bytes and more are faster in pieces of [`LONG_PIECE`] than by `memcpy`, wherever the memory is.
///
/// So it was measured on a processor of Intel with string instructions that are said to be fast for what is long ("ERMS"), which
/// `memcpy` believes from `LONG` on. These are the ones with AVX-512 but without `vbmi2`, up to Cooper Lake. Which others gain
/// was not measured.
#[inline]
pub(crate) fn long_parts_are_faster() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512bw") && !is_x86_feature_detected!("avx512vbmi2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Bytes from which on `memcpy` uses string instructions there.
pub(crate) const LONG: usize = 16 << 10;
/// Bytes that it copies in vectors.
pub(crate) const LONG_PIECE: usize = 8 << 10;
