//! What the records look like: headers, bases and qualities of each kind of data.
//!
//! The model is simple and its marginals are those of real runs: GC content spread around 41 %, qualities that fall towards
//! the end of a read, a few bad reads, some N. Bases and qualities cost one random byte each, looked up in tables, so that
//! the generator writes some hundreds of MB a second.

use crate::rng::Rng;

/// Bases for each of 16 levels of GC content, from 26 % to 56 %, by random byte.
const BASES: [[u8; 256]; 16] = base_tables();

const fn base_tables() -> [[u8; 256]; 16] {
    let mut tables = [[b'A'; 256]; 16];
    let mut level = 0;
    while level < 16 {
        let gc = 256 * (26 + 2 * level) / 100;
        let mut byte = 0;
        while byte < 256 {
            tables[level][byte] = match byte {
                b if b < gc / 2 => b'G',
                b if b < gc => b'C',
                b if b < gc + (256 - gc) / 2 => b'T',
                _ => b'A',
            };
            byte += 1;
        }
        level += 1;
    }
    tables
}

/// Appends `len` bases of one GC level, itself drawn around the middle.
pub(crate) fn push_bases(rng: &mut Rng, len: usize, out: &mut Vec<u8>) {
    let bits = rng.next_u64();
    let level = ((bits & 15) + ((bits >> 4) & 15) + ((bits >> 8) & 15) + ((bits >> 12) & 15)) / 4;
    let table = &BASES[level as usize];
    push_bytes(rng, len, out, |byte, _| table[usize::from(byte)]);
}

/// Appends `len` bytes, each made from a random byte and its index.
fn push_bytes(rng: &mut Rng, len: usize, out: &mut Vec<u8>, mut make: impl FnMut(u8, usize) -> u8) {
    out.reserve(len);
    let mut done = 0;
    while done < len {
        let chunk = (len - done).min(8);
        for byte in &rng.next_u64().to_le_bytes()[..chunk] {
            out.push(make(*byte, done));
            done += 1;
        }
    }
}

/// Appends a decimal number.
pub(crate) fn push_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `len` lower-case hexadecimal digits.
fn push_hex(rng: &mut Rng, len: usize, out: &mut Vec<u8>) {
    push_bytes(rng, len, out, |byte, _| b"0123456789abcdef"[usize::from(byte & 15)]);
}

/// Where on the flow cell a read comes from; both mates of a pair share one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cluster {
    /// Read number from 0: gives lane and tile.
    pub(crate) number: u64,
    pub(crate) x: u64,
    pub(crate) y: u64,
}

impl Cluster {
    pub(crate) fn new(number: u64, rng: &mut Rng) -> Self {
        Self { number, x: rng.between(1000, 32_000), y: rng.between(1000, 50_000) }
    }

    /// Appends `@instrument:run:flowcell:lane:tile:x:y mate:N:0:index` and a line feed.
    pub(crate) fn push_header(&self, instrument: &[u8], mate: u8, index: &[u8], out: &mut Vec<u8>) {
        const PER_TILE: u64 = 4000;
        const TILES: u64 = 78;
        let tile = self.number / PER_TILE;
        out.push(b'@');
        out.extend_from_slice(instrument);
        out.push(b':');
        push_number(tile / TILES % 4 + 1, out);
        out.push(b':');
        push_number(1101 + tile % TILES, out);
        out.push(b':');
        push_number(self.x, out);
        out.push(b':');
        push_number(self.y, out);
        out.extend_from_slice(&[b' ', b'0' + mate]);
        out.extend_from_slice(b":N:0:");
        out.extend_from_slice(index);
        out.push(b'\n');
    }
}

/// Appends sequence, plus and quality of a short read with four quality bins (2, 11, 25 and 37).
pub(crate) fn push_binned(rng: &mut Rng, len: usize, out: &mut Vec<u8>) {
    let start = out.len();
    push_bases(rng, len, out);
    if rng.one_in(400) {
        for _ in 0..rng.between(1, 3) {
            let at = rng.below(len as u64) as usize;
            out[start + at] = b'N';
        }
    }
    out.extend_from_slice(b"\n+\n");
    // Chance of a base below the best bin, of 256, at the first and at the last cycle.
    let (first, last) = match rng.below(100) {
        0..=2 => (60, 230),
        3..=14 => (14, 90),
        _ => (3, 22),
    };
    let quality = out.len();
    push_bytes(rng, len, out, |byte, at| {
        let limit = first + (last - first) * at / len;
        match usize::from(byte) {
            b if b >= limit => b'F',
            b if b * 4 >= limit => b':',
            b if b * 16 >= limit => b',',
            _ => b'#',
        }
    });
    for at in 0..len {
        if out[start + at] == b'N' {
            out[quality + at] = b'#';
        }
    }
    out.push(b'\n');
}

/// Appends sequence, plus and quality of a read whose qualities walk at random between `low` and `high`.
///
/// `start` is the first quality; all three count from 0, not from `!`.
pub(crate) fn push_walking(rng: &mut Rng, len: usize, start: u8, low: u8, high: u8, out: &mut Vec<u8>) {
    push_bases(rng, len, out);
    out.extend_from_slice(b"\n+\n");
    let mut quality = i32::from(start);
    let mut first = true;
    push_bytes(rng, len, out, |byte, _| {
        if first {
            first = false;
        } else {
            // Mostly level, slightly downwards, now and then a hole and a way back up.
            quality += match byte {
                0..=119 => 0,
                120..=169 => 1,
                170..=222 => -1,
                223..=236 => 3,
                237..=250 => -3,
                251..=252 => 9,
                _ => -8,
            };
            quality = quality.clamp(i32::from(low), i32::from(high));
        }
        b'!' + quality as u8
    });
    out.push(b'\n');
}

/// Appends a long-read header: an identifier in the form of a UUID, run, read number, channel, start time.
pub(crate) fn push_long_header(rng: &mut Rng, number: u64, out: &mut Vec<u8>) {
    out.push(b'@');
    for (at, len) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if at > 0 {
            out.push(b'-');
        }
        push_hex(rng, len, out);
    }
    out.extend_from_slice(b" runid=5f0c2a91e7d34b6890a1c2d3e4f5061728394a5b read=");
    push_number(number + 1, out);
    out.extend_from_slice(b" ch=");
    push_number(rng.between(1, 512), out);
    out.extend_from_slice(b" start_time=2026-01-");
    let second = number * 3;
    let two =
        |value: u64, out: &mut Vec<u8>| out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
    two(1 + second / 86_400 % 28, out);
    out.push(b'T');
    two(second / 3600 % 24, out);
    out.push(b':');
    two(second / 60 % 60, out);
    out.push(b':');
    two(second % 60, out);
    out.extend_from_slice(b"Z\n");
}

/// A lognormal length: median 2^13, spread 1.5 doublings, within 200..=500,000.
pub(crate) fn long_length(rng: &mut Rng) -> usize {
    let exponent = (13 << 16) + rng.normal_q16() * 3 / 2;
    exp2_q16(exponent).clamp(200, 500_000) as usize
}

/// 2 to the power of `exponent` / 65536, for exponents below 31 * 65536; 1 for negative ones.
fn exp2_q16(exponent: i64) -> u64 {
    // 2^(2^-k) for k = 1..=16, as 32-bit fractions above 1.
    const ROOTS: [u64; 16] = [
        0x1_6a09_e667,
        0x1_306f_e0a3,
        0x1_172b_83c7,
        0x1_0b55_86cf,
        0x1_059b_0d31,
        0x1_02c9_a3e7,
        0x1_0163_da9f,
        0x1_00b1_afa5,
        0x1_0058_c86d,
        0x1_002c_605e,
        0x1_0016_2f39,
        0x1_000b_175e,
        0x1_0005_8ba0,
        0x1_0002_c5cc,
        0x1_0001_62e5,
        0x1_0000_b172,
    ];
    if exponent < 0 {
        return 1;
    }
    let mut value: u64 = 1 << 32;
    for (at, root) in ROOTS.iter().enumerate() {
        if exponent & (0x8000 >> at) != 0 {
            value = ((u128::from(value) * u128::from(*root)) >> 32) as u64;
        }
    }
    (value >> 1) >> (31 - (exponent >> 16).min(31))
}

#[cfg(test)]
mod tests;
