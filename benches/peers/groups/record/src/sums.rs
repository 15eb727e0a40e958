//! What is counted of each record, and how each crate walks through a reader.

use std::{hint::black_box, io::Read};

use harness::Answer;

/// Records, bytes of header, sequence and quality, and a sum over the ends of each: little work, but none can be left out.
#[derive(Default)]
pub(crate) struct Sums([u64; 3]);

impl Sums {
    #[inline(always)]
    pub(crate) fn add(&mut self, head: &[u8], seq: &[u8], qual: &[u8]) {
        let (head, seq, qual) = black_box((head, seq, qual));
        self.parts(head.len(), seq, qual);
    }

    /// For crates that hand the header out in parts.
    #[inline(always)]
    pub(crate) fn parts(&mut self, head: usize, seq: &[u8], qual: &[u8]) {
        self.0[0] += 1;
        self.0[1] += (head + seq.len() + qual.len()) as u64;
        if let ([first, ..], [.., last]) = (seq, qual) {
            self.0[2] += u64::from(*first) + u64::from(*last);
        }
    }

    pub(crate) fn answer(self) -> Answer {
        self.0
    }
}

pub(crate) fn seq_io(input: impl Read) -> Answer {
    seq_io_of(input, 64 << 10)
}

/// Its default buffer has 64 KiB.
pub(crate) fn seq_io_of(input: impl Read, buffer: usize) -> Answer {
    use seq_io::fastq::Record;
    let mut sums = Sums::default();
    let mut reader = seq_io::fastq::Reader::with_capacity(input, buffer);
    while let Some(record) = reader.next() {
        let record = record.expect("good input");
        sums.add(record.head(), record.seq(), record.qual());
    }
    sums.answer()
}

pub(crate) fn paraseq(input: impl Read) -> Answer {
    use paraseq::Record;
    let mut sums = Sums::default();
    let mut reader = paraseq::fastq::Reader::new(input);
    let mut set = reader.new_record_set();
    while set.fill(&mut reader).expect("good input") {
        for record in set.iter() {
            let record = record.expect("good input");
            sums.add(record.id(), record.seq_raw(), record.qual().expect("FASTQ"));
        }
    }
    sums.answer()
}

pub(crate) fn needletail(input: impl Read + Send) -> Answer {
    use needletail::parser::FastxReader;
    let mut sums = Sums::default();
    let mut reader = needletail::parser::FastqReader::new(input);
    while let Some(record) = reader.next() {
        let record = record.expect("good input");
        sums.add(record.id(), record.raw_seq(), record.qual().expect("FASTQ"));
    }
    sums.answer()
}

pub(crate) fn noodles(input: impl Read) -> Answer {
    let mut sums = Sums::default();
    let mut reader = noodles_fastq::io::Reader::new(std::io::BufReader::with_capacity(64 << 10, input));
    let mut record = noodles_fastq::Record::default();
    while reader.read_record(&mut record).expect("good input") > 0 {
        let space = usize::from(!record.description().is_empty());
        let head = record.name().len() + space + record.description().len();
        sums.parts(black_box(head), black_box(record.sequence()), black_box(record.quality_scores()));
    }
    sums.answer()
}

pub(crate) fn fastq(input: impl Read) -> Answer {
    use fastq::Record;
    let mut sums = Sums::default();
    let parser = fastq::Parser::new(input);
    let whole = parser.each(|record| {
        sums.add(record.head(), record.seq(), record.qual());
        true
    });
    assert!(whole.expect("good input"));
    sums.answer()
}

pub(crate) fn bio(input: impl Read) -> Answer {
    use bio::io::fastq::{FastqRead, Reader, Record};
    let mut sums = Sums::default();
    let mut reader = Reader::new(input);
    let mut record = Record::new();
    loop {
        reader.read(&mut record).expect("good input");
        if record.is_empty() {
            return sums.answer();
        }
        let head = record.id().len() + record.desc().map_or(0, |text| text.len() + 1);
        sums.parts(black_box(head), black_box(record.seq()), black_box(record.qual()));
    }
}

/// What helicase is asked to deliver: header, sequence and quality as bytes.
pub(crate) const DELIVER: helicase::Config = helicase::ParserOptions::default().compute_quality().config();

/// Walks through one of helicase's parsers.
macro_rules! helicase {
    ($parser:expr) => {{
        use helicase::HelicaseParser;
        let mut sums = $crate::sums::Sums::default();
        let mut parser = $parser.expect("good input");
        while let Some(event) = parser.next() {
            event.expect("good input");
            sums.add(parser.get_header(), parser.get_dna_string(), parser.get_quality().expect("FASTQ"));
        }
        sums.answer()
    }};
}
pub(crate) use helicase;

/// Walks through one of fqbuf's readers.
macro_rules! fqbuf {
    ($reader:expr) => {{
        let mut sums = $crate::sums::Sums::default();
        let mut reader = $reader;
        while let Some(record) = reader.next_record().expect("good input") {
            sums.add(record.head(), record.seq(), record.qual());
        }
        sums.answer()
    }};
}
pub(crate) use fqbuf;
