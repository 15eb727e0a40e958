//! Inputs, and readers that behave badly.

use std::io::{self, Read};

use fqbuf_line::{Block, Source};
use fqbuf_stream::{ReadAhead, Stream, StreamBuilder, StreamError, StreamErrorKind};

/// Some FASTQ of `records` reads, the same each time.
pub(crate) fn fastq(records: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = Vec::new();
    for n in 0..records {
        let len = 30 + usize::try_from(next() % 120).unwrap_or(0);
        text.extend_from_slice(format!("@read{n} lane {}\n", next() % 8).as_bytes());
        text.extend((0..len).map(|_| b"ACGT"[usize::try_from(next() >> 62).unwrap_or(0)]));
        text.extend_from_slice(b"\n+\n");
        text.extend((0..len).map(|_| b"IIIIFF:,"[usize::try_from(next() >> 61).unwrap_or(0)]));
        text.push(b'\n');
    }
    text
}

/// What came out of a stream: the bytes, and the error after them.
pub(crate) struct Outcome {
    pub(crate) bytes: Vec<u8>,
    pub(crate) error: Option<io::Error>,
}

impl Outcome {
    /// The kind of the error, `None` after a good end.
    pub(crate) fn kind(&self) -> Option<StreamErrorKind> {
        self.error.as_ref().map(|e| StreamError::of(e).map_or_else(|| panic!("untyped error: {e}"), StreamError::kind))
    }

    /// The compressed offset in the error.
    pub(crate) fn offset(&self) -> Option<u64> {
        self.error.as_ref().and_then(StreamError::of).and_then(StreamError::compressed_offset)
    }
}

/// Reads `stream` as a [`Source`] to its end, carrying a rest over as a parser would.
pub(crate) fn drain(mut stream: impl Source) -> Outcome {
    let mut bytes = Vec::new();
    let mut block = Block::new();
    loop {
        block.make_room(1000).expect("memory");
        match stream.fill(&mut block) {
            Ok(0) => {
                bytes.extend_from_slice(block.data());
                return Outcome { bytes, error: None };
            }
            Ok(_) => {
                let take = block.len() - block.len().min(77);
                bytes.extend_from_slice(&block.data()[..take]);
                block.consume(take);
            }
            Err(error) => {
                bytes.extend_from_slice(block.data());
                return Outcome { bytes, error: Some(error) };
            }
        }
    }
}

/// A way to read a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    ahead: ReadAhead,
    threads: usize,
}

/// The ways a stream is read, each of which must come to the same.
pub(crate) const WAYS: [Way; 4] = [
    Way { ahead: ReadAhead::Never, threads: 1 },
    Way { ahead: ReadAhead::Always, threads: 1 },
    Way { ahead: ReadAhead::Always, threads: 3 },
    Way { ahead: ReadAhead::Compressed, threads: 1 },
];

impl Way {
    /// A builder that reads this way.
    pub(crate) fn builder(self) -> StreamBuilder {
        let mut builder = Stream::builder();
        builder.read_ahead(self.ahead).threads(self.threads);
        builder
    }
}

/// Reads all of `input`.
pub(crate) fn read(input: &[u8], way: Way) -> Outcome {
    read_from(io::Cursor::new(input.to_vec()), way)
}

/// Reads all of `reader`.
pub(crate) fn read_from(reader: impl Read + Send + 'static, way: Way) -> Outcome {
    drain(way.builder().name("sample.fq.gz").block_size(0).from_reader(reader))
}

/// Reads all of `input`, and asserts that every way and read schedule comes to the same.
pub(crate) fn read_every_way(input: &[u8]) -> Outcome {
    let first = read(input, WAYS[0]);
    for way in WAYS {
        for most in [1, 7, 4096, usize::MAX] {
            if most < 100 && input.len() > 10_000 {
                continue;
            }
            let other = read_from(Short::new(input.to_vec(), most), way);
            assert!(
                first.bytes == other.bytes,
                "{way:?}, reads of {most}: {} bytes of {}",
                other.bytes.len(),
                first.bytes.len()
            );
            let text = |o: &Outcome| o.error.as_ref().map(ToString::to_string);
            assert_eq!(text(&first), text(&other), "{way:?}, reads of {most}");
        }
    }
    first
}

/// A reader that gives at most so many bytes at once, and is interrupted before each.
pub(crate) struct Short {
    input: Vec<u8>,
    at: usize,
    most: usize,
    interrupted: bool,
}

impl Short {
    pub(crate) fn new(input: Vec<u8>, most: usize) -> Self {
        Self { input, at: 0, most, interrupted: false }
    }
}

impl Read for Short {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = into.len().min(self.most).min(self.input.len() - self.at);
        into[..n].copy_from_slice(&self.input[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// A reader that plays a script: each item is one call's answer; after the last it ends.
pub(crate) struct Script(pub(crate) std::collections::VecDeque<Answer>);

pub(crate) enum Answer {
    Bytes(Vec<u8>),
    Error(io::ErrorKind),
    Claim(usize),
    Panic,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(answers.into_iter().collect())
    }
}

/// A reader of pieces that are not there at first, each of them.
#[cfg(feature = "gzip")]
pub(crate) fn reluctant(input: &[u8], piece: usize) -> Script {
    let answers =
        input.chunks(piece).flat_map(|piece| [Answer::Bytes(piece.to_vec()), Answer::Error(io::ErrorKind::WouldBlock)]);
    Script::new(answers)
}

/// What a stream has, by blocks, asked again where it would block.
#[cfg(feature = "gzip")]
pub(crate) fn patiently(stream: &mut Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let mut block = Block::new();
        block.make_room(100).expect("memory");
        match stream.fill(&mut block) {
            Ok(0) => return bytes,
            Ok(_) => bytes.extend_from_slice(block.data()),
            Err(e) => assert_eq!(e.kind(), io::ErrorKind::WouldBlock),
        }
    }
}

impl Read for Script {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.pop_front() {
            None => Ok(0),
            Some(Answer::Bytes(mut bytes)) => {
                let n = bytes.len().min(into.len());
                into[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    self.0.push_front(Answer::Bytes(bytes.split_off(n)));
                }
                Ok(n)
            }
            Some(Answer::Error(kind)) => Err(kind.into()),
            Some(Answer::Claim(more)) => Ok(into.len() + more),
            Some(Answer::Panic) => panic!("the tape tore"),
        }
    }
}
