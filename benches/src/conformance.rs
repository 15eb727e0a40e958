//! Small inputs of every class that real files come in, each with the outcome that a strict reader must give.
//!
//! The outcomes are written by hand; a test compares them with [`oracle`](crate::oracle). The inputs are our own.

use crate::oracle::{Fault, FaultKind};

/// An optional check that refuses a case which the default reading accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Quality bytes lie in `!`..=`~`.
    Quality,
    /// What follows `+` is nothing or the header again.
    PlusTitle,
    /// The sequence holds letters and the usual gap signs only: no white space, no control or high bytes.
    Bases,
}

/// One input and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the situation is, in words joined by underscores.
    pub name: &'static str,
    /// The input.
    pub bytes: Vec<u8>,
    /// Records, bases and quality sum of all of it; or the fault, with all records before it delivered.
    pub expected: Result<(u64, u64, u64), Fault>,
    /// The optional check that must refuse the input, with the line that it must name.
    pub refused_by: Option<(Check, u64)>,
}

impl Case {
    /// Number of records that a reader delivers before it ends or fails.
    #[must_use]
    pub fn records_delivered(&self) -> u64 {
        match self.expected {
            Ok((records, ..)) => records,
            Err(fault) => fault.record - 1,
        }
    }
}

fn good(name: &'static str, bytes: impl AsRef<[u8]>, records: u64, bases: u64, qualsum: u64) -> Case {
    Case { name, bytes: bytes.as_ref().to_vec(), expected: Ok((records, bases, qualsum)), refused_by: None }
}

fn refused(case: Case, check: Check, line: u64) -> Case {
    Case { refused_by: Some((check, line)), ..case }
}

fn bad(name: &'static str, bytes: impl AsRef<[u8]>, kind: FaultKind, record: u64, line: u64, byte: u64) -> Case {
    let fault = Fault { kind, record, line, byte };
    Case { name, bytes: bytes.as_ref().to_vec(), expected: Err(fault), refused_by: None }
}

/// All cases. In the qualities `I` is 40, `!` is 0.
#[must_use]
pub fn conformance() -> Vec<Case> {
    let mut cases = accepted();
    cases.extend(accepted_unless_checked());
    cases.extend(cut());
    cases.extend(broken());
    cases
}

/// Inputs that are right, however odd they look.
fn accepted() -> Vec<Case> {
    vec![
        good("empty_input", "", 0, 0, 0),
        good("one_newline", "\n", 0, 0, 0),
        good("newlines_only", "\n\n\n", 0, 0, 0),
        good("newlines_only_with_crlf", "\r\n\r\n", 0, 0, 0),
        good("one_carriage_return", "\r", 0, 0, 0),
        good("one_record", "@r1\nACGT\n+\nIIII\n", 1, 4, 160),
        good("two_records", "@r1\nACGT\n+\nIIII\n@r2\nGG\n+\n!I\n", 2, 6, 200),
        good("no_final_newline", "@r1\nACGT\n+\nIIII\n@r2\nGG\n+\n!I", 2, 6, 200),
        good("one_base_no_final_newline", "@r\nA\n+\nI", 1, 1, 40),
        good("crlf", "@r1\r\nACGT\r\n+\r\nIIII\r\n@r2\r\nGG\r\n+\r\n!I\r\n", 2, 6, 200),
        good("crlf_no_final_newline", "@r1\r\nACGT\r\n+\r\nIIII", 1, 4, 160),
        good("crlf_cut_after_the_last_carriage_return", "@r1\r\nACGT\r\n+\r\nIIII\r", 1, 4, 160),
        good("line_ends_mixed_between_records", "@r1\r\nACGT\r\n+\r\nIIII\r\n@r2\nGG\n+\n!I\n", 2, 6, 200),
        good("line_ends_mixed_within_a_record", "@r1\nACGT\r\n+\nIIII\r\n@r2\r\nGG\n+\r\n!I\n", 2, 6, 200),
        good("blank_tail_of_one_line", "@r1\nACGT\n+\nIIII\n\n", 1, 4, 160),
        good("blank_tail_of_many_lines", "@r1\nACGT\n+\nIIII\n\n\n\n\n\n", 1, 4, 160),
        good("blank_tail_with_crlf", "@r1\r\nACGT\r\n+\r\nIIII\r\n\r\n\r\n", 1, 4, 160),
        good("blank_tail_mixed", "@r1\nACGT\n+\nIIII\n\r\n\n\r\n", 1, 4, 160),
        good("blank_tail_of_a_lone_carriage_return", "@r1\nACGT\n+\nIIII\n\r", 1, 4, 160),
        good("quality_begins_with_at", "@r1\nACGT\n+\n@III\n@r2\nGG\n+\n@@\n", 2, 6, 31 + 120 + 62),
        good("quality_begins_with_plus", "@r1\nACGT\n+\n+III\n@r2\nGG\n+\n++\n", 2, 6, 10 + 120 + 20),
        good("quality_looks_like_a_header", "@r1\nACGT\n+\n@r2x\n@r3\nG\n+\n@\n", 2, 5, 31 + 81 + 17 + 87 + 31),
        good("quality_of_one_at", "@r1\nA\n+\n@\n", 1, 1, 31),
        good("quality_of_one_plus", "@r1\nA\n+\n+\n@r2\nA\n+\n+\n", 2, 2, 20),
        good("header_holds_at_and_plus", "@r1@x+y @ +\nACGT\n+\nIIII\n", 1, 4, 160),
        good("header_of_two_ats", "@@\nACGT\n+\nIIII\n", 1, 4, 160),
        good("sequence_begins_with_plus", "@r1\n+CGT\n+\nIIII\n", 1, 4, 160),
        good("empty_read", "@r1\n\n+\n\n", 1, 0, 0),
        good("empty_read_with_crlf", "@r1\r\n\r\n+\r\n\r\n", 1, 0, 0),
        good("empty_read_whose_quality_is_a_lone_carriage_return", "@r1\n\n+\n\r", 1, 0, 0),
        good("empty_read_no_final_newline", "@r1\n\n+\n", 1, 0, 0),
        good("empty_read_last_no_final_newline", "@r1\nA\n+\nI\n@r2\r\n\r\n+\r\n", 2, 1, 40),
        good("empty_read_first", "@r1\n\n+\n\n@r2\nGG\n+\n!I\n", 2, 2, 40),
        good("empty_read_between", "@r1\nA\n+\nI\n@r2\n\n+\n\n@r3\nGG\n+\n!I\n", 3, 3, 80),
        good("empty_read_last", "@r1\nA\n+\nI\n@r2\n\n+\n\n", 2, 1, 40),
        good("empty_read_with_a_blank_tail", "@r1\n\n+\n\n\n\n", 1, 0, 0),
        good("only_empty_reads", "@\n\n+\n\n@\n\n+\n\n@\n\n+\n\n", 3, 0, 0),
        good("empty_name", "@\nACGT\n+\nIIII\n", 1, 4, 160),
        good("empty_name_with_description", "@ about it\nACGT\n+\nIIII\n", 1, 4, 160),
        good("name_and_description", "@r1 about it\nACGT\n+\nIIII\n", 1, 4, 160),
        good("description_after_a_tab", "@r1\tabout it\nACGT\n+\nIIII\n", 1, 4, 160),
        good("white_space_at_the_end_of_the_header", "@r1 \t \nACGT\n+\nIIII\n", 1, 4, 160),
        good("title_repeated", "@r1 x\nACGT\n+r1 x\nIIII\n", 1, 4, 160),
        good("title_repeated_with_crlf", "@r1 x\r\nACGT\r\n+r1 x\r\nIIII\r\n", 1, 4, 160),
        good("lower_case_and_ambiguity_codes", "@r1\nacgtnNRYKMBVDHSW\n+\nIIIIIIIIIIIIIIII\n", 1, 16, 640),
        good("lowest_and_highest_quality", "@r1\nACGT\n+\n!~!~\n", 1, 4, 186),
        good("old_quality_offset", "@r1\nACGT\n+\nhhhh\n", 1, 4, 284),
        good("high_bytes_in_the_header", b"@r\xc3\xa4 \xff\xfe\nACGT\n+\nIIII\n", 1, 4, 160),
        good("nul_in_the_header", b"@r\0x\nACGT\n+\nIIII\n", 1, 4, 160),
        good("header_longer_than_a_page", [&b"@"[..], &[b'n'; 5000], b"\nACGT\n+\nIIII\n"].concat(), 1, 4, 160),
        good(
            "read_longer_than_a_page",
            [&b"@r\n"[..], &[b'A'; 9000], b"\n+\n", &[b'I'; 9000], b"\n@s\nC\n+\nI\n"].concat(),
            2,
            9001,
            9001 * 40,
        ),
        good("qualities_of_ats_only_in_many_records", b"@a\nACG\n+\n@@@\n".repeat(50), 50, 150, 150 * 31),
    ]
}

/// Inputs whose structure is right and whose content an optional check refuses.
fn accepted_unless_checked() -> Vec<Case> {
    let quality = |case, line| refused(case, Check::Quality, line);
    vec![
        refused(good("title_differs", "@r1\nACGT\n+r2\nIIII\n", 1, 4, 160), Check::PlusTitle, 3),
        refused(good("title_is_a_part_of_the_header", "@r1 x\nACGT\n+r1\nIIII\n", 1, 4, 160), Check::PlusTitle, 3),
        refused(
            good("title_differs_in_the_second_record", "@r1\nA\n+\nI\n@r2\nA\n+r1\nI\n", 2, 2, 80),
            Check::PlusTitle,
            7,
        ),
        quality(good("space_in_the_quality", "@r1\nACGT\n+\nII I\n", 1, 4, 119), 4),
        quality(good("space_at_the_end_of_both_lines", "@r1\nACG \n+\nIII \n", 1, 4, 119), 4),
        quality(good("delete_in_the_quality", "@r1\nACGT\n+\nII\x7fI\n", 1, 4, 120 + 94), 4),
        quality(good("high_byte_in_the_quality", b"@r1\nACGT\n+\nII\xe2I\n", 1, 4, 120 + 193), 4),
        quality(good("nul_in_the_quality", b"@r1\nACGT\n+\nII\0I\n", 1, 4, 120 - 33), 4),
        quality(
            good("tab_in_the_quality_of_the_second_record", "@r1\nA\n+\nI\n@r2\nAC\n+\nI\t\n", 2, 3, 80 + 9 - 33),
            8,
        ),
        quality(good("carriage_return_inside_the_quality", "@r1\nACGT\n+\nI\rII\n", 1, 4, 120 + 13 - 33), 4),
        quality(good("one_carriage_return_too_many", "@r1\nACG\r\r\n+\nIII\r\r\n", 1, 4, 120 + 13 - 33), 4),
        refused(good("tab_in_the_sequence", "@r1\nA\tGT\n+\nIIII\n", 1, 4, 160), Check::Bases, 2),
        refused(good("nul_in_the_sequence", b"@r1\nA\0GT\n+\nIIII\n", 1, 4, 160), Check::Bases, 2),
        refused(good("high_byte_in_the_sequence", b"@r1\nA\xffGT\n+\nIIII\n", 1, 4, 160), Check::Bases, 2),
    ]
}

/// Inputs that end too early.
fn cut() -> Vec<Case> {
    use FaultKind::{Lengths, Truncated};
    vec![
        bad("lone_at", "@", Truncated, 1, 1, 0),
        bad("lone_at_and_newline", "@\n", Truncated, 1, 1, 0),
        bad("cut_in_the_header", "@r1", Truncated, 1, 1, 0),
        bad("cut_after_the_header", "@r1\n", Truncated, 1, 1, 0),
        bad("cut_after_an_empty_sequence", "@r1\n\n", Truncated, 1, 2, 4),
        bad("cut_in_the_sequence", "@r1\nAC", Truncated, 1, 2, 4),
        bad("cut_after_the_sequence", "@r1\nACGT\n", Truncated, 1, 2, 4),
        bad("cut_after_the_plus", "@r1\nACGT\n+", Truncated, 1, 3, 9),
        bad("cut_after_the_plus_line", "@r1\nACGT\n+\n", Truncated, 1, 3, 9),
        bad("cut_after_the_plus_line_with_crlf", "@r1\r\nACGT\r\n+\r\n", Truncated, 1, 3, 11),
        bad("empty_read_cut_after_the_plus", "@r1\n\n+", Truncated, 1, 3, 5),
        bad("cut_in_the_quality", "@r1\nACGT\n+\nII", Lengths, 1, 4, 11),
        bad("cut_in_the_quality_after_its_first_byte", "@r1\nACGT\n+\nI", Lengths, 1, 4, 11),
        bad("second_record_a_lone_at", "@r1\nACGT\n+\nIIII\n@", Truncated, 2, 5, 16),
        bad("second_record_cut_in_the_header", "@r1\nACGT\n+\nIIII\n@r2", Truncated, 2, 5, 16),
        bad("second_record_cut_after_the_header", "@r1\nACGT\n+\nIIII\n@r2\n", Truncated, 2, 5, 16),
        bad("second_record_cut_after_the_sequence", "@r1\nACGT\n+\nIIII\n@r2\nGG\n", Truncated, 2, 6, 20),
        bad("second_record_cut_after_the_plus", "@r1\nACGT\n+\nIIII\n@r2\nGG\n+\n", Truncated, 2, 7, 23),
        bad("second_record_cut_in_the_quality", "@r1\nACGT\n+\nIIII\n@r2\nGG\n+\n!", Lengths, 2, 8, 25),
        bad("carriage_returns_only", "@r1\rACGT\r+\rIIII\r", Truncated, 1, 1, 0),
    ]
}

/// Inputs that break a rule within.
fn broken() -> Vec<Case> {
    use FaultKind::{Blank, Header, Lengths, Plus, SequenceAt, Truncated};
    vec![
        bad("no_at", "r1\nACGT\n+\nIIII\n", Header, 1, 1, 0),
        bad("fasta", ">r1\nACGT\n>r2\nACGT\n", Header, 1, 1, 0),
        bad("byte_order_mark", b"\xef\xbb\xbf@r1\nACGT\n+\nIIII\n", Header, 1, 1, 0),
        bad("byte_order_mark_alone", b"\xef\xbb\xbf", Header, 1, 1, 0),
        bad("spaces_only", "   ", Header, 1, 1, 0),
        bad("white_space_lines_only", "  \n\t\n  \n \n", Header, 1, 1, 0),
        bad("nul_bytes_only", b"\0\0\0\0", Header, 1, 1, 0),
        bad("binary_rubbish", b"\x1f\x9d\x90\xff\xfe\n\x00\n\n", Header, 1, 1, 0),
        bad("text_without_newline", "hello", Header, 1, 1, 0),
        bad("space_before_the_at", " @r1\nACGT\n+\nIIII\n", Header, 1, 1, 0),
        bad("second_header_without_at", "@r1\nACGT\n+\nIIII\nr2\nGG\n+\n!I\n", Header, 2, 5, 16),
        bad("text_after_the_last_record", "@r1\nACGT\n+\nIIII\nend", Header, 2, 5, 16),
        bad("white_space_after_the_last_record", "@r1\nACGT\n+\nIIII\n  \n", Header, 2, 5, 16),
        bad("nul_after_the_last_record", b"@r1\nACGT\n+\nIIII\n\0", Header, 2, 5, 16),
        bad("leading_blank_line", "\n@r1\nACGT\n+\nIIII\n", Blank, 1, 1, 0),
        bad("leading_blank_line_with_crlf", "\r\n@r1\r\nACGT\r\n+\r\nIIII\r\n", Blank, 1, 1, 0),
        bad("blank_between_records", "@r1\nACGT\n+\nIIII\n\n@r2\nGG\n+\n!I\n", Blank, 2, 5, 16),
        bad("two_blanks_between_records", "@r1\nACGT\n+\nIIII\n\n\n@r2\nGG\n+\n!I\n", Blank, 2, 5, 16),
        bad(
            "blank_with_crlf_between_records",
            "@r1\r\nACGT\r\n+\r\nIIII\r\n\r\n@r2\r\nG\r\n+\r\nI\r\n",
            Blank,
            2,
            5,
            20,
        ),
        bad("blank_tail_that_ends_in_text", "@r1\nACGT\n+\nIIII\n\n\n\nx", Blank, 2, 5, 16),
        bad("blank_after_the_header", "@r1\n\nACGT\n+\nIIII\n", Plus, 1, 3, 5),
        bad("blank_after_the_sequence", "@r1\nACGT\n\n+\nIIII\n", Plus, 1, 3, 9),
        bad("blank_after_the_plus", "@r1\nACGT\n+\n\nIIII\n", Lengths, 1, 4, 11),
        bad("blank_tail_after_the_sequence", "@r1\nACGT\n\n", Plus, 1, 3, 9),
        bad("blank_tail_after_the_plus", "@r1\nACGT\n+\n\n", Lengths, 1, 4, 11),
        bad("plus_missing", "@r1\nACGT\nIIII\n@r2\nGG\n+\n!I\n", Plus, 1, 3, 9),
        bad("plus_without_its_sign", "@r1\nACGT\nr1\nIIII\n", Plus, 1, 3, 9),
        bad("plus_missing_for_ever", "@r1\nACGT\nACGT\nACGT\nACGT\nACGT\nACGT\n", Plus, 1, 3, 9),
        bad("sequence_missing", "@r1\n+\nIIII\n@r2\nGG\n+\n!I\n", Plus, 1, 3, 6),
        bad("quality_missing", "@r1\nACGT\n+\n@r2\nGG\n+\n!I\n", Lengths, 1, 4, 11),
        bad("quality_missing_and_the_next_header_as_long", "@r1\nACG\n+\n@r2\nGG\n+\n!I\n", Header, 2, 5, 14),
        bad("header_missing", "@r1\nACGT\n+\nIIII\nGG\n+\n!I\n", Header, 2, 5, 16),
        bad("quality_one_short", "@r1\nACGT\n+\nIII\n", Lengths, 1, 4, 11),
        bad("quality_one_long", "@r1\nACGT\n+\nIIIII\n", Lengths, 1, 4, 11),
        bad("quality_one_short_in_the_middle", "@r1\nAC\n+\nII\n@r2\nAC\n+\nI\n@r3\nAC\n+\nII\n", Lengths, 2, 8, 21),
        bad("quality_one_long_in_the_middle", "@r1\nAC\n+\nII\n@r2\nAC\n+\nIII\n@r3\nAC\n+\nII\n", Lengths, 2, 8, 21),
        bad("quality_one_short_with_crlf", "@r1\r\nACGT\r\n+\r\nIII\r\n", Lengths, 1, 4, 14),
        bad("quality_empty", "@r1\nACGT\n+\n\n@r2\nGG\n+\n!I\n", Lengths, 1, 4, 11),
        bad("sequence_empty_quality_not", "@r1\n\n+\nIIII\n", Lengths, 1, 4, 7),
        bad("sequence_empty_and_the_next_header_as_quality", "@r1\n\n+\n@r2\nGG\n+\n!I\n", Lengths, 1, 4, 7),
        bad("sequence_begins_with_at", "@r1\n@CGT\n+\nIIII\n", SequenceAt, 1, 2, 4),
        bad("sequence_begins_with_at_in_the_second_record", "@r1\nA\n+\nI\n@r2\n@\n+\nI\n", SequenceAt, 2, 6, 14),
        bad("two_headers", "@r1\n@r2\nACGT\n+\nIIII\n", SequenceAt, 1, 2, 4),
        bad("sequence_begins_with_at_and_is_cut", "@r1\n@CG", SequenceAt, 1, 2, 4),
        bad("headers_only", "@r1\n@r2\n@r3\n@r4\n", SequenceAt, 1, 2, 4),
        bad("wrapped_sequence", "@r1\nACGT\nAC\n+\nIIIIII\n", Plus, 1, 3, 9),
        bad("wrapped_both", "@r1\nACGT\nAC\n+\nIIII\nII\n", Plus, 1, 3, 9),
        bad("wrapped_quality", "@r1\nACGTAC\n+\nIIII\nII\n", Lengths, 1, 4, 13),
        bad("wrapped_quality_that_begins_with_at", "@r1\nACGTAC\n+\nIII\n@II\n", Lengths, 1, 4, 13),
        bad("wrapped_in_the_second_record", "@r1\nA\n+\nI\n@r2\nAC\nGT\n+\nII\nII\n", Plus, 2, 7, 17),
        bad("stray_plus_before_the_record", "+\n@r1\nACGT\n+\nIIII\n", Header, 1, 1, 0),
        bad("lone_plus", "+", Header, 1, 1, 0),
        bad("nul_for_the_plus", b"@r1\nACGT\n\0\nIIII\n", Plus, 1, 3, 9),
        bad("carriage_return_after_the_line_feed", "@r1\n\rACGT\n\r+\n\rIIII\n\r", Plus, 1, 3, 10),
        bad("cut_within_a_later_header_after_good_records", "@a\nA\n+\nI\n@b\nA\n+\nI\n@c", Truncated, 3, 9, 18),
    ]
}

#[cfg(test)]
mod tests;
