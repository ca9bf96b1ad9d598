//! A timeout as the interface knows it, turned into a point in time.

use std::time::{Duration, Instant};

/// How long a client's threads may take to end before they are left to end by themselves,
const WIND_UP: Duration = Duration::from_secs(1);
/// and how long even if the time to close it is up: mostly that is enough.
const WIND_UP_LEAST: Duration = Duration::from_millis(20);

/// When a call has to be back; never, for a timeout of -1.
#[derive(Clone, Copy, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// From milliseconds; any negative number means without limit.
    pub fn after_ms(timeout_ms: i32) -> Self {
        let limit = u64::try_from(timeout_ms).ok();
        Self(limit.map(|ms| Instant::now() + Duration::from_millis(ms)))
    }

    /// From a duration.
    pub fn after(limit: Duration) -> Self {
        Self(Some(Instant::now() + limit))
    }

    /// So much later.
    pub fn later(self, by: Duration) -> Self {
        Self(self.0.map(|at| at + by))
    }

    /// What is left of it, but no more than `most`: for a wait in slices.
    pub fn remaining(self, most: Duration) -> Duration {
        self.0.map_or(most, |at| {
            at.saturating_duration_since(Instant::now()).min(most)
        })
    }

    /// [`Self::remaining`] in whole milliseconds, rounded up so that a wait is not cut short.
    pub fn remaining_ms(self, most_ms: i32) -> i32 {
        let most = Duration::from_millis(most_ms.unsigned_abs().into());
        let left = self.remaining(most).as_nanos().div_ceil(1_000_000);
        i32::try_from(left).unwrap_or(most_ms)
    }

    /// What is left of it as librdkafka takes it: -1 is without limit.
    pub fn native_ms(self) -> i32 {
        self.0.map_or(-1, |_| self.remaining_ms(i32::MAX))
    }

    /// Where this is when a client has to be closed: how long to wait for its threads, which is last.
    pub fn wind_up(self) -> Duration {
        self.remaining(WIND_UP).max(WIND_UP_LEAST)
    }

    /// Whether it is over.
    pub fn is_past(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_past_at_once() {
        let deadline = Deadline::after_ms(0);
        assert!(deadline.is_past());
        assert_eq!(deadline.remaining_ms(100), 0);
        assert_eq!(deadline.native_ms(), 0);
    }

    #[test]
    fn negative_never_ends() {
        let deadline = Deadline::after_ms(-1);
        assert!(!deadline.is_past());
        assert_eq!(deadline.remaining_ms(100), 100);
        assert_eq!(deadline.native_ms(), -1);
    }

    #[test]
    fn winding_up_has_a_moment_at_least_and_a_second_at_most() {
        assert_eq!(Deadline::after_ms(0).wind_up(), WIND_UP_LEAST);
        assert_eq!(Deadline::after_ms(60_000).wind_up(), WIND_UP);
        assert_eq!(Deadline::default().wind_up(), WIND_UP);
    }

    #[test]
    fn a_slice_is_no_longer_than_what_is_left() {
        let deadline = Deadline::after_ms(40);
        assert!((1..=40).contains(&deadline.remaining_ms(100)));
        assert_eq!(deadline.remaining_ms(10), 10);
    }
}
