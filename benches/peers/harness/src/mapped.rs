//! A file as memory.

use std::{fs::File, path::Path};

use memmap2::Mmap;

/// The whole file, mapped by whoever wants it as a slice. Its pages come as they are touched.
///
/// # Panics
///
/// Where it cannot be mapped.
#[must_use]
pub fn mapped(path: &Path) -> Mmap {
    let file = File::open(path).expect("the runner made the file");
    // SAFETY: the runner's data sets are not written to while contenders run.
    unsafe { Mmap::map(&file) }.expect("a file that can be mapped")
}
