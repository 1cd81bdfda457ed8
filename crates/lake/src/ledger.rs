//! What became of records, in one commit and over the life of a table.

/// What became of the records of raw objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records found.
    pub read: u64,
    /// Records that became a row.
    pub stored: u64,
    /// Records whose delivery was in the lake already.
    pub duplicates: u64,
    /// Records that could not be read.
    pub quarantined: u64,
    /// Of the rows, those that our ingest had a signature of.
    pub signed: u64,
    /// Of the rows, those that another producer brought.
    pub unsigned: u64,
    /// Of the duplicates, those whose body is another than the row's: one id with two bodies.
    pub conflicting: u64,
    /// Of the rows, those whose body had come before under another id, within four days.
    pub replayed: u64,
    /// Of the duplicates, those that were in the lake once and are erased.
    pub erased: u64,
}

impl Counts {
    /// Whether every record that was read has become something.
    pub fn balance(&self) -> bool {
        self.read == self.stored + self.duplicates + self.quarantined
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.stored += other.stored;
        self.duplicates += other.duplicates;
        self.quarantined += other.quarantined;
        self.signed += other.signed;
        self.unsigned += other.unsigned;
        self.conflicting += other.conflicting;
        self.replayed += other.replayed;
        self.erased += other.erased;
    }
}

impl std::ops::Sub for Counts {
    type Output = Self;

    /// What was added between two looks at running totals.
    fn sub(self, earlier: Self) -> Self {
        Self {
            read: self.read - earlier.read,
            stored: self.stored - earlier.stored,
            duplicates: self.duplicates - earlier.duplicates,
            quarantined: self.quarantined - earlier.quarantined,
            signed: self.signed - earlier.signed,
            unsigned: self.unsigned - earlier.unsigned,
            conflicting: self.conflicting - earlier.conflicting,
            replayed: self.replayed - earlier.replayed,
            erased: self.erased - earlier.erased,
        }
    }
}

/// Running totals over the life of the table, kept in its log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What became of all records ever read.
    pub counts: Counts,
    /// Bytes of Parquet written for new rows.
    pub bytes_added: u64,
    /// Bytes of Parquet written again by merges.
    pub bytes_merged: u64,
    /// Rows that were stored and erased.
    pub rows_erased: u64,
}

impl Ledger {
    /// How often a byte was written on average: 1 where nothing was merged yet; `None` where
    /// nothing was written.
    pub fn write_amplification(&self) -> Option<f64> {
        let added = self.bytes_added as f64;
        (self.bytes_added > 0).then(|| (added + self.bytes_merged as f64) / added)
    }

    pub(crate) fn entries(&self) -> [(&'static str, u64); 12] {
        [
            ("octolake.read", self.counts.read),
            ("octolake.stored", self.counts.stored),
            ("octolake.duplicates", self.counts.duplicates),
            ("octolake.quarantined", self.counts.quarantined),
            ("octolake.signed", self.counts.signed),
            ("octolake.unsigned", self.counts.unsigned),
            ("octolake.conflicting", self.counts.conflicting),
            ("octolake.replayed", self.counts.replayed),
            ("octolake.erased", self.counts.erased),
            ("octolake.rows_erased", self.rows_erased),
            ("octolake.bytes_added", self.bytes_added),
            ("octolake.bytes_merged", self.bytes_merged),
        ]
    }

    pub(crate) fn entry_mut(&mut self, name: &str) -> Option<&mut u64> {
        match name {
            "octolake.read" => Some(&mut self.counts.read),
            "octolake.stored" => Some(&mut self.counts.stored),
            "octolake.duplicates" => Some(&mut self.counts.duplicates),
            "octolake.quarantined" => Some(&mut self.counts.quarantined),
            "octolake.signed" => Some(&mut self.counts.signed),
            "octolake.unsigned" => Some(&mut self.counts.unsigned),
            "octolake.conflicting" => Some(&mut self.counts.conflicting),
            "octolake.replayed" => Some(&mut self.counts.replayed),
            "octolake.erased" => Some(&mut self.counts.erased),
            "octolake.rows_erased" => Some(&mut self.rows_erased),
            "octolake.bytes_added" => Some(&mut self.bytes_added),
            "octolake.bytes_merged" => Some(&mut self.bytes_merged),
            _ => None,
        }
    }
}
