//! What is known of the system's `memcpy`. The same file in both crates that copy bytes of such lengths.

/// Whether copies of some lengths are faster in blocks and pieces than by `memcpy`.
///
/// So it was measured on processors of AMD that say their string instructions are fast ("FSRM"), which `memcpy` believes from 2 KiB
/// on. Those are the ones since Zen 3, and tell by their vector units: nobody but AMD ever had `sse4a`, and `vpclmulqdq` came at the
/// same time. About the string instructions themselves nothing can be asked through the standard library, which remembers the
/// answers: to ask is two loads. On a processor of Intel that does not say so, parts take a tenth to a sixth more; those that do were
/// not measured.
#[inline]
pub(crate) fn parts_are_faster() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("sse4a") && is_x86_feature_detected!("vpclmulqdq");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}
