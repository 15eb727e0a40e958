//! A row of the table: one job, and all who do it.

use crate::{
    stage::{Answer, Stage},
    threads::control,
};

/// One job, the data it reads, and its contenders.
pub struct Row {
    /// The group it is printed under; packages of one group share it.
    pub group: &'static str,
    /// Within the group; the contenders of rows of one name in several packages are one row.
    pub name: &'static str,
    /// What is done, in words.
    pub title: &'static str,
    /// What is read; the runner generates it.
    pub data: Data,
    /// In what way the comparison is unfair, to whom.
    pub notes: &'static [&'static str],
    /// Who does it.
    pub contenders: Vec<Contender>,
}

/// A data set from the generator, by file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Nothing is read.
    None,
    /// 300 MB of 150-base reads with binned qualities.
    Short,
    /// 300 MB of reads trimmed to 35..=151 bases.
    Trimmed,
    /// 300 MB of long reads, lognormal, up to 500 kb.
    Long,
    /// [`Data::Short`] of 100 MB, gzip level 6.
    Gzip,
    /// [`Data::Short`] of 100 MB, BGZF level 6.
    Bgzf,
    /// [`Data::Short`] of 10 MB.
    Short10,
    /// [`Data::Short`] of 100 MB.
    Short100,
    /// [`Data::Short`] of 1 GB.
    Short1000,
    /// [`Data::Short`] of 4 GB.
    Short4000,
}

impl Data {
    /// The name of the file; empty for none.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Short => "short.fq",
            Self::Trimmed => "trimmed.fq",
            Self::Long => "long.fq",
            Self::Gzip => "short.fq.gz",
            Self::Bgzf => "short.fq.bgz",
            Self::Short10 => "short-10MB.fq",
            Self::Short100 => "short-100MB.fq",
            Self::Short1000 => "short-1000MB.fq",
            Self::Short4000 => "short-4000MB.fq",
        }
    }
}

/// What a contender is in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// fqbuf: the ratios of all others are against the first of these.
    Ours,
    /// Another crate doing the same.
    Peer,
    /// What the machine allows, or a control: less work than the row's, its answer is not compared.
    Limit,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

/// How a contender is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As a published binary would be.
    Portable,
    /// With `-C target-cpu=native`, for peers that ask for it.
    Native,
}

/// Prepares, times, answers.
pub type Run = fn(&mut Stage) -> Answer;

/// One who does the job of a row.
pub struct Contender {
    /// Unique in the row. The crate's name, and a word when there are several ways.
    pub name: &'static str,
    /// Ours, a peer or a limit.
    pub role: Role,
    /// Portable unless the crate asks for more.
    pub build: Build,
    /// What it does.
    pub run: Run,
}

impl Contender {
    /// One of ours.
    #[must_use]
    pub const fn ours(name: &'static str, run: Run) -> Self {
        Self { name, role: Role::Ours, build: Build::Portable, run }
    }

    /// One of ours, built for this machine: beside a peer that has to be, so that the work on each record, which is the same
    /// code in all, is compiled alike.
    #[must_use]
    pub const fn ours_native(name: &'static str, run: Run) -> Self {
        Self { name, role: Role::Ours, build: Build::Native, run }
    }

    /// A peer, built portably.
    #[must_use]
    pub const fn peer(name: &'static str, run: Run) -> Self {
        Self { name, role: Role::Peer, build: Build::Portable, run }
    }

    /// A peer, built for this machine.
    #[must_use]
    pub const fn native(name: &'static str, run: Run) -> Self {
        Self { name, role: Role::Peer, build: Build::Native, run }
    }

    /// What it costs to reach the other core: beside all whose work is on two.
    #[must_use]
    pub const fn control() -> Self {
        Self::limit("control: a word to the other core", control)
    }

    /// A limit.
    #[must_use]
    pub const fn limit(name: &'static str, run: Run) -> Self {
        Self { name, role: Role::Limit, build: Build::Portable, run }
    }
}

/// What helicase leaves unsaid: a note for all rows of records that it is in.
pub const HELICASE_LENGTHS: &str =
    "helicase reports no unequal lengths: it may take a quality line to be as long as the bases.";
