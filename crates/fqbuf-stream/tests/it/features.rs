//! Formats that this build has no decoder for.

use fqbuf_stream::{Format, StreamError, StreamErrorKind};

use crate::support::{WAYS, read};

/// The first bytes of each format.
const STARTS: [(Format, &[u8]); 5] = [
    (Format::Gzip, &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    (Format::Bgzf, &[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0]),
    (Format::Zstd, &[0x28, 0xb5, 0x2f, 0xfd]),
    (Format::Bzip2, b"BZh9"),
    (Format::Xz, &[0xfd, b'7', b'z', b'X', b'Z', 0]),
];

#[test]
fn a_format_whose_feature_is_off_is_named_with_it() {
    for (format, start) in STARTS {
        for way in WAYS {
            let out = read(start, way);
            if format.is_supported() {
                assert_eq!(out.kind(), Some(StreamErrorKind::Truncated), "{format}");
                continue;
            }
            assert!(out.bytes.is_empty());
            assert_eq!(out.kind(), Some(StreamErrorKind::Unsupported));
            assert_eq!(out.error.as_ref().and_then(StreamError::of).map(StreamError::format), Some(format));
            let feature = format.feature().expect("compressed");
            let text =
                format!("sample.fq.gz: {format} input, and fqbuf-stream was built without its feature `{feature}`");
            assert_eq!(out.error.map(|e| e.to_string()), Some(text));
        }
    }
}
