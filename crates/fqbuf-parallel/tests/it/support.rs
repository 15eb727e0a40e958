//! A serial oracle, generated input, odd readers, a watchdog.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::mpsc;
use std::time::Duration;

use fqbuf_parallel::{Done, Error, Input, Pipeline, Run, Single, Summary};
use fqbuf_record::{Checks, GrowthPolicy, Reader};

/// Runs `test` and ends the process loudly when that takes longer than `seconds`: a hang must not look like a slow test.
/// `FQBUF_PATIENCE` multiplies them, for sanitizers.
pub(crate) fn watched<T>(seconds: u64, test: impl FnOnce() -> T) -> T {
    let patience = std::env::var("FQBUF_PATIENCE").ok().and_then(|factor| factor.parse().ok());
    let seconds = seconds * patience.unwrap_or(1);
    let (done, waiting) = mpsc::channel::<()>();
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    let watchdog = std::thread::spawn(move || {
        if waiting.recv_timeout(Duration::from_secs(seconds)) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{name}: hangs, or takes more than {seconds} s");
            std::process::abort();
        }
    });
    let result = test();
    drop(done);
    watchdog.join().expect("the watchdog does not panic");
    result
}

/// Whether the long form of a test is asked for.
pub(crate) fn deep() -> bool {
    std::env::var_os("FQBUF_DEEP").is_some()
}

/// A small generator of numbers.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("below a usize")
    }
}

/// One record with a read of `len` bases; some qualities begin with `@` or `+`, some with a text like a header.
pub(crate) fn record(rng: &mut Rng, number: usize, mate: &str, len: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("@read{number}{mate}").as_bytes());
    if rng.below(3) == 0 {
        out.extend_from_slice(b" about it");
    }
    let end: &[u8] = if rng.below(20) == 0 { b"\r\n" } else { b"\n" };
    out.extend_from_slice(end);
    out.extend((0..len).map(|_| b"ACGTN"[rng.below(5)]));
    out.extend_from_slice(end);
    out.extend_from_slice(b"+");
    out.extend_from_slice(end);
    let quality = out.len();
    out.extend((0..len).map(|_| b'!' + u8::try_from(rng.below(42)).expect("small")));
    if len > 0 {
        match rng.below(4) {
            0 => out[quality] = b'@',
            1 => out[quality] = b'+',
            _ => {}
        }
    }
    out.extend_from_slice(end);
}

/// `n` records of up to `most` bases.
pub(crate) fn reads(seed: u64, n: usize, most: usize) -> Vec<u8> {
    let mut rng = Rng(seed);
    let mut out = Vec::new();
    for number in 0..n {
        let len = rng.below(most + 1);
        record(&mut rng, number, "", len, &mut out);
    }
    out
}

/// `n` pairs: both inputs.
pub(crate) fn pairs(seed: u64, n: usize, most: usize) -> (Vec<u8>, Vec<u8>) {
    let mut rng = Rng(seed);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for number in 0..n {
        let len = rng.below(most + 1);
        record(&mut rng, number, "/1", len, &mut first);
        let len = rng.below(most + 1);
        record(&mut rng, number, "/2", len, &mut second);
    }
    (first, second)
}

/// Damages an input in one of the ways that files are damaged.
pub(crate) fn damage(rng: &mut Rng, data: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    let at = rng.below(data.len());
    match rng.below(8) {
        0 => data.truncate(at),
        1 => data[at] = b"@+\n\rAI\0\x1f"[rng.below(8)],
        2 => {
            data.remove(at);
        }
        3 => data.insert(at, b"@+\n\rAI"[rng.below(6)]),
        4 => {
            // A line is lost.
            let end = data[at..].iter().position(|&b| b == b'\n').map_or(data.len(), |n| at + n + 1);
            data.drain(at..end);
        }
        5 => {
            // A blank line comes in.
            let end = data[at..].iter().position(|&b| b == b'\n').map_or(data.len(), |n| at + n + 1);
            data.insert(end, b'\n');
        }
        6 => {
            // A stretch is there twice.
            let to = (at + rng.below(300)).min(data.len());
            let twice = data[at..to].to_vec();
            data.splice(at..at, twice);
        }
        _ => {
            // A line is taken for a header and a header for a quality.
            let lines: Vec<usize> = data.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
            if let Some(&line) = lines.get(rng.below(lines.len().max(1)))
                && line < data.len()
            {
                data[line] = b"@+"[rng.below(2)];
            }
        }
    }
}

/// Makes checks refuse some records that are whole, one of which has a quality that looks like a header.
pub(crate) fn refuse(rng: &mut Rng, data: &mut Vec<u8>) {
    for _ in 0..1 + rng.below(8) {
        let at = rng.below(data.len().max(1));
        if data.get(at).is_some_and(|b| !b"@+\r\n".contains(b)) {
            data[at] = 0x7f;
        }
    }
    let ends: Vec<usize> = data.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
    if let Some(&end) = ends.get(rng.below(ends.len().max(1))) {
        data.splice(end..end, b"@refused\nAC\n+\n@\x7f\n".iter().copied());
    }
}

/// Good records, and stretches of up to several blocks that are blank, bad, or look like beginnings of records.
pub(crate) fn mixture(rng: &mut Rng) -> Vec<u8> {
    let mut data = Vec::new();
    for number in 0..1 + rng.below(8) {
        let much = ["x", "\n", "\r\n", "\r", "x\n", "@\n", "@h\n+\n", "+\n", "\nx\n", "@a\nA\n"][rng.below(10)];
        match rng.below(3) {
            0 => data.extend_from_slice(much.repeat(rng.below(30_000) / much.len()).as_bytes()),
            1 => data.extend_from_slice(much.repeat(1 + rng.below(3)).as_bytes()),
            _ => (0..1 + rng.below(3)).for_each(|_| {
                let len = rng.below(40);
                record(rng, number, "", len, &mut data);
            }),
        }
        if rng.below(3) == 0 {
            data.push(b'\n');
        }
    }
    data
}

/// Gives bytes in odd pieces.
pub(crate) struct Odd<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) rng: Rng,
    /// What comes when the data are at their end.
    pub(crate) error: Option<io::ErrorKind>,
}

impl<'a> Odd<'a> {
    pub(crate) fn new(data: &'a [u8], seed: u64) -> Self {
        Self { data, rng: Rng(seed), error: None }
    }

    pub(crate) fn failing(data: &'a [u8], seed: u64, error: io::ErrorKind) -> Self {
        Self { error: Some(error), ..Self::new(data, seed) }
    }
}

impl Read for Odd<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.data.is_empty()
            && let Some(kind) = self.error.take()
        {
            return Err(kind.into());
        }
        if self.rng.below(10) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = [1, 7, 100, 5000, 100_000][self.rng.below(5)];
        let n = (1 + self.rng.below(most)).min(buf.len()).min(self.data.len());
        buf[..n].copy_from_slice(&self.data[..n]);
        self.data = &self.data[n..];
        Ok(n)
    }
}

/// What a run came to, in a form that can be compared: the records in order, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) end: String,
}

/// What a record is compared by.
pub(crate) fn essence(out: &mut Vec<u8>, head: &[u8], seq: &[u8], qual: &[u8]) {
    for part in [head, seq, qual] {
        out.extend_from_slice(&u32::try_from(part.len()).expect("small").to_le_bytes());
        out.extend_from_slice(part);
    }
}

/// Settings that both sides of a comparison have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub(crate) checks: Checks,
    pub(crate) skip: bool,
    pub(crate) limit: usize,
}

pub(crate) const PLAIN: Given = Given { checks: Checks::none(), skip: false, limit: 64 << 20 };

/// What the serial reader makes of it.
pub(crate) fn serial<R: Read>(input: R, given: Given) -> Told {
    let mut reader = Reader::builder()
        .source_name("input")
        .checks(given.checks)
        .skip_invalid(given.skip)
        .growth(GrowthPolicy::with_limit(given.limit))
        .build(input);
    let mut records = Vec::new();
    let end = loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                let mut out = Vec::new();
                essence(&mut out, record.head(), record.seq(), record.qual());
                records.push(out);
            }
            Ok(None) => break format!("end, skipped {:?}", reader.skipped()),
            Err(error) => break format!("{error:?}"),
        }
    };
    Told { records, end }
}

pub(crate) fn ended(result: Result<Summary, Error>) -> String {
    match result {
        Ok(summary) => format!("end, skipped {:?}", summary.skipped),
        Err(Error::Input(error)) => format!("{error:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Splits what `essence` has put together.
pub(crate) fn records_of(mut bytes: &[u8], parts: usize) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let mut end = 0;
        for _ in 0..parts {
            let len = u32::from_le_bytes(bytes[end..end + 4].try_into().expect("four bytes"));
            end += 4 + len as usize;
        }
        let (record, rest) = bytes.split_at(end);
        records.push(record.to_vec());
        bytes = rest;
    }
    records
}

pub(crate) fn pipeline(threads: usize, block: usize, given: Given) -> Pipeline {
    Pipeline::new()
        .threads(threads)
        .block_size(block)
        .checks(given.checks)
        .skip_invalid(given.skip)
        .growth(GrowthPolicy::with_limit(given.limit))
}

/// What a run with ordered output makes of it.
pub(crate) fn ordered(run: Run<'_, Single>) -> Told {
    let mut bytes = Vec::new();
    let result =
        run.map_ordered(&mut bytes, || (), |(), record, out| essence(out, record.head(), record.seq(), record.qual()));
    Told { records: records_of(&bytes, 3), end: ended(result.map(|done| done.summary)) }
}

/// What a run that folds makes of it: a sum over the records that does not depend on their order.
pub(crate) fn folded(run: Run<'_, Single>) -> Result<(u64, u64, String), String> {
    let result = run.fold(
        || (0_u64, 0_u64),
        |(records, sum), record| {
            let mut out = Vec::new();
            essence(&mut out, record.head(), record.seq(), record.qual());
            *records += 1;
            *sum = sum.wrapping_add(hash(&out));
        },
        |a, b| (a.0 + b.0, a.1.wrapping_add(b.1)),
    );
    match result {
        Ok(Done { value: (records, sum), summary }) => {
            assert_eq!(summary.records, records);
            Ok((records, sum, ended(Ok(summary))))
        }
        Err(error) => Err(ended(Err(error))),
    }
}

/// The same of what the serial reader has found.
pub(crate) fn folded_serial(told: &Told) -> Result<(u64, u64, String), String> {
    if !told.end.starts_with("end, ") {
        return Err(told.end.clone());
    }
    let sum = told.records.iter().fold(0_u64, |sum, record| sum.wrapping_add(hash(record)));
    Ok((told.records.len() as u64, sum, told.end.clone()))
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// Where the first difference is, for a message that can be read.
pub(crate) fn same(got: &Told, expected: &Told, what: &str) {
    if got == expected {
        return;
    }
    let mut text = String::new();
    let at = got.records.iter().zip(&expected.records).take_while(|(a, b)| a == b).count();
    let _ = write!(text, "{what}: records {} of {}, alike up to {at}", got.records.len(), expected.records.len());
    panic!("{text}\n got      {}\n expected {}", got.end, expected.end);
}

/// A file that is gone at the end of the test.
pub(crate) struct Temporary(pub(crate) std::path::PathBuf);

impl Temporary {
    pub(crate) fn new(name: &str, data: &[u8]) -> io::Result<Self> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fqbuf-parallel-{}-{n}-{name}", std::process::id()));
        std::fs::write(&path, data)?;
        Ok(Self(path))
    }

    pub(crate) fn input(&self) -> Input<'static> {
        Input::path(&self.0).named("input")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is gone, or the system will see to it.
        let _ = std::fs::remove_file(&self.0);
    }
}
