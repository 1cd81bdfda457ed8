//! A lake of more rows than memory holds, gone through several times: each time for another share of
//! its ids.

/// How many rows to hold at once: some 32 bytes each.
const ROWS_AT_ONCE: u64 = 4_000_000;

/// A share of all ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    number: u64,
    shares: u64,
}

impl Share {
    /// The shares that so many rows are gone through in: one at least.
    pub(crate) fn all(rows: u64) -> impl Iterator<Item = Self> {
        let shares = rows.div_ceil(ROWS_AT_ONCE).max(1);
        (0..shares).map(move |number| Self { number, shares })
    }

    /// Whether an id is of this share.
    pub(crate) fn holds(self, id: u128) -> bool {
        id % u128::from(self.shares) == u128::from(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_of_one_share() {
        let shares: Vec<Share> = Share::all(2 * ROWS_AT_ONCE + 1).collect();
        assert_eq!((shares.len(), Share::all(0).count()), (3, 1));
        for id in [0, 1, 5, u128::MAX] {
            assert_eq!(shares.iter().filter(|share| share.holds(id)).count(), 1, "{id}");
        }
    }
}
