//! The deliveries that are sought, made so that millions of others run past them in a moment.

use std::collections::HashMap;

use chrono::{NaiveDate, TimeDelta};
use octolake_event::DeliveryId;

use crate::known::file::Filters;
use crate::known::{Sought, WINDOW_DAYS};

/// Bits for each number that is sought: of others, about one in this many is looked up for nothing.
const BITS_PER_NUMBER: usize = 32;
/// An odd number whose bits look random: the upper bits of a product with it depend on all of the
/// other factor's.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is sought, by id and by body.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The first and the last date of arrival that an id is sought for.
    ids: HashMap<u128, (NaiveDate, NaiveDate)>,
    bodies: HashMap<i64, Vec<NaiveDate>>,
    /// A bit for each of them: asked first, because it fits a processor's cache.
    bits: Vec<u64>,
    shift: u32,
}

impl Wanted {
    pub(crate) fn new(sought: impl Iterator<Item = Sought>) -> Self {
        let mut wanted = Self::default();
        for one in sought {
            let dates = wanted.ids.entry(one.id.as_u128()).or_insert((one.date, one.date));
            *dates = (dates.0.min(one.date), dates.1.max(one.date));
            if let Some(body) = one.body {
                let dates = wanted.bodies.entry(body).or_default();
                if !dates.contains(&one.date) {
                    dates.push(one.date);
                }
            }
        }
        wanted.set_bits();
        wanted
    }

    fn set_bits(&mut self) {
        let numbers = self.ids.len() + self.bodies.len();
        let bits = (numbers * BITS_PER_NUMBER).next_power_of_two().max(64);
        self.shift = 64 - bits.trailing_zeros();
        self.bits = vec![0; bits / 64];
        let ids = self.ids.keys().map(|id| fold(*id));
        let bodies = self.bodies.keys().map(|body| body.cast_unsigned());
        let places: Vec<usize> = ids.chain(bodies).map(|number| self.place(number)).collect();
        for place in places {
            if let Some(word) = self.bits.get_mut(place / 64) {
                *word |= 1 << (place % 64);
            }
        }
    }

    #[inline]
    fn place(&self, number: u64) -> usize {
        (number.wrapping_mul(MIX) >> self.shift) as usize
    }

    #[inline]
    fn has_bit(&self, number: u64) -> bool {
        let place = self.place(number);
        self.bits.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// Whether an id is sought, for whatever date.
    #[inline]
    pub(super) fn wants_id(&self, id: u128) -> bool {
        self.has_bit(fold(id)) && self.ids.contains_key(&id)
    }

    /// Whether a body is sought, for whatever date.
    #[inline]
    pub(super) fn wants_body(&self, body: i64) -> bool {
        self.has_bit(body.cast_unsigned()) && self.bodies.contains_key(&body)
    }

    /// The first and the last date of what is sought; `None` where nothing is.
    pub(super) fn dates(&self) -> Option<(NaiveDate, NaiveDate)> {
        let first = self.ids.values().map(|dates| dates.0).min()?;
        let last = self.ids.values().map(|dates| dates.1).max()?;
        Some((first, last))
    }

    /// Whether a row of this date is one that an id is sought for.
    pub(super) fn is_id_near(&self, id: u128, date: NaiveDate) -> bool {
        let days = TimeDelta::days(WINDOW_DAYS);
        self.ids
            .get(&id)
            .is_some_and(|(first, last)| (*first - days..=*last + days).contains(&date))
    }

    /// Of the dates that a body is sought for, those that a row of this date is near.
    pub(super) fn body_dates_near(
        &self,
        body: i64,
        date: NaiveDate,
    ) -> impl Iterator<Item = NaiveDate> + '_ {
        let dates = self.bodies.get(&body).map_or(&[][..], Vec::as_slice);
        dates
            .iter()
            .copied()
            .filter(move |sought| (date - *sought).abs() <= TimeDelta::days(WINDOW_DAYS))
    }

    /// Whether any of it may be in a file with these filters.
    pub(super) fn may_be_in(&self, filters: &Filters) -> bool {
        self.ids.keys().any(|id| filters.may_hold_id(&DeliveryId::from_u128(*id).to_string()))
            || self.bodies.keys().any(|body| filters.may_hold_body(*body))
    }
}

/// Both halves of an id in one number.
#[inline]
fn fold(id: u128) -> u64 {
    (id >> 64) as u64 ^ (id as u64).rotate_left(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    #[test]
    fn what_is_sought_is_found_and_nothing_else() {
        let sought = |n: u32| Sought {
            id: DeliveryId::from_u128(u128::from(n) << 70 | 5),
            body: n.is_multiple_of(2).then_some(i64::from(n)),
            date: day(1 + n % 20),
        };
        let wanted = Wanted::new((0..1_000).map(sought));
        for n in 0..2_000_u32 {
            assert_eq!(wanted.wants_id(u128::from(n) << 70 | 5), n < 1_000, "{n}");
            assert!(!wanted.wants_id(u128::from(n) << 70 | 6));
            assert_eq!(wanted.wants_body(i64::from(n)), n < 1_000 && n % 2 == 0, "{n}");
        }
        assert_eq!(wanted.dates(), Some((day(1), day(20))));
    }

    #[test]
    fn near_is_four_days_both_ways() {
        let at = |day| Sought { id: DeliveryId::from_u128(1), body: Some(7), date: day };
        let wanted = Wanted::new([at(day(10)), at(day(20))].into_iter());
        let ids: Vec<u32> = (1..=31).filter(|n| wanted.is_id_near(1, day(*n))).collect();
        assert_eq!(ids, (6..=24).collect::<Vec<_>>());
        let near = |n| wanted.body_dates_near(7, day(n)).collect::<Vec<_>>();
        assert_eq!(near(6), [day(10)]);
        assert_eq!(near(15), Vec::<NaiveDate>::new());
        assert_eq!(near(16), [day(20)]);
        assert_eq!(wanted.body_dates_near(8, day(10)).count(), 0);
    }
}
