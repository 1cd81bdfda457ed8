//! When things happen: the organisation's working hours, in UTC.

use crate::dice::Dice;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// How much is begun in each hour of a working day.
const HOURS: [u64; 24] =
    [2, 1, 1, 1, 1, 3, 8, 22, 48, 70, 82, 78, 52, 66, 84, 80, 66, 44, 24, 14, 10, 8, 5, 3];
/// Of every ten things begun on a working day, one is begun on a day of the weekend.
const WEEKEND_DIVISOR: u64 = 10;

/// Draws moments of a period as the organisation's load has them.
pub(crate) struct Calendar {
    start: i64,
    end: i64,
    /// Sum of the weights of all hours up to this one and with it.
    cumulated: Vec<u64>,
}

impl Calendar {
    /// The period from `start` up to `end`, both in seconds since the epoch.
    pub(crate) fn new(start: i64, end: i64) -> Self {
        let end = end.max(start + 1);
        let mut sum = 0;
        let cumulated = (start.div_euclid(HOUR)..=(end - 1).div_euclid(HOUR))
            .map(|hour| {
                sum += weight(hour * HOUR);
                sum
            })
            .collect();
        Self { start, end, cumulated }
    }

    /// A moment of the working day, in seconds since the epoch.
    pub(crate) fn working(&self, dice: &mut Dice) -> i64 {
        let total = self.cumulated.last().copied().unwrap_or(1);
        let drawn = dice.below(total);
        let hour = self.cumulated.partition_point(|sum| *sum <= drawn) as i64;
        let at = (self.start.div_euclid(HOUR) + hour) * HOUR + dice.between(0, HOUR - 1);
        at.clamp(self.start, self.end - 1)
    }

    /// A moment of the night, within the period: shortly after two o'clock.
    pub(crate) fn night(&self, dice: &mut Dice) -> i64 {
        let days = ((self.end - self.start) / DAY).max(1);
        let midnight = self.start.div_euclid(DAY) * DAY + dice.between(0, days - 1) * DAY;
        (midnight + 2 * HOUR + dice.between(0, 900)).clamp(self.start, self.end - 1)
    }
}

/// When somebody acts who wanted to at `at`: then, or on the next working morning.
pub(crate) fn at_work(dice: &mut Dice, at: i64) -> i64 {
    let hour = at.rem_euclid(DAY) / HOUR;
    let (mut day, early) = (at.div_euclid(DAY), hour < 7);
    if !early && hour < 19 && !is_weekend(day) {
        return at;
    }
    day += i64::from(!early);
    while is_weekend(day) {
        day += 1;
    }
    day * DAY + 7 * HOUR + dice.between(0, 3 * HOUR)
}

/// Whether `day`, in days since the epoch, is a Saturday or a Sunday: day 0 was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!(day.rem_euclid(7), 2 | 3)
}

/// How much is begun in the hour that `at` is in.
fn weight(at: i64) -> u64 {
    let of_day = HOURS[(at.rem_euclid(DAY) / HOUR) as usize];
    if is_weekend(at.div_euclid(DAY)) { of_day.div_ceil(WEEKEND_DIVISOR) } else { of_day }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_afternoon_is_busier_than_a_night_or_a_sunday() {
        let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
        assert_eq!(weight(at("2026-03-02T14:00:00Z")), 84);
        assert_eq!(weight(at("2026-03-02T03:00:00Z")), 1);
        assert_eq!(weight(at("2026-03-07T14:00:00Z")), 9);
        assert_eq!(weight(at("2026-03-08T14:00:00Z")), 9);
        assert_eq!(weight(at("2026-03-09T14:00:00Z")), 84);
    }

    #[test]
    fn nobody_works_at_night_or_on_a_weekend() {
        let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
        let mut dice = Dice::new(4, 0);
        for (wanted, from) in [
            ("2026-03-03T05:00:00Z", "2026-03-03T07:00:00Z"),
            ("2026-03-03T22:00:00Z", "2026-03-04T07:00:00Z"),
            ("2026-03-06T19:00:00Z", "2026-03-09T07:00:00Z"),
            ("2026-03-08T12:00:00Z", "2026-03-09T07:00:00Z"),
        ] {
            let acts = at_work(&mut dice, at(wanted));
            assert!((0..=3 * HOUR).contains(&(acts - at(from))), "{wanted}: {acts}");
        }
        assert_eq!(at_work(&mut dice, at("2026-03-06T18:59:59Z")), at("2026-03-06T18:59:59Z"));
    }

    #[test]
    fn moments_stay_in_the_period() {
        let (start, end) = (1_772_445_601, 1_772_445_601 + 5 * HOUR + 7);
        let (calendar, mut dice) = (Calendar::new(start, end), Dice::new(3, 0));
        for _ in 0..1_000 {
            assert!((start..end).contains(&calendar.working(&mut dice)));
            assert!((start..end).contains(&calendar.night(&mut dice)));
        }
    }
}
