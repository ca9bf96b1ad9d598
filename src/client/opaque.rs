//! The number a message carries from `send` to its report.

use std::sync::Mutex;

use super::error::Error;
use super::lock;
use crate::sync::Epoch;

/// As large as a pointer, since it travels through librdkafka as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opaque(usize);

impl Opaque {
    /// A message sent without a number. Zero is a number.
    pub const NONE: Self = Self(usize::MAX);

    /// A message whose delivery is counted and not reported.
    pub const NO_REPORT: Self = Self(usize::MAX - 1);

    /// As a record has it.
    #[inline]
    pub const fn to_native(self) -> usize {
        self.0
    }

    /// As the interface knows it, on every platform the last two of `u64` for those above.
    #[inline]
    pub const fn to_u64(self) -> u64 {
        if self.0 >= Self::NO_REPORT.0 {
            u64::MAX - (usize::MAX - self.0) as u64
        } else {
            self.0 as u64
        }
    }
}

impl TryFrom<u64> for Opaque {
    type Error = Error;

    #[inline]
    fn try_from(opaque: u64) -> Result<Self, Error> {
        if opaque >= Self::NO_REPORT.to_u64() {
            return Ok(Self(usize::MAX - (u64::MAX - opaque) as usize));
        }
        let native = usize::try_from(opaque);
        native.map(Self).map_err(|_| {
            Error::invalid(format!(
                "opaque does not fit a pointer of this platform: {opaque}"
            ))
        })
    }
}

/// What librdkafka carries: the highest bit is the epoch that the message was sent in, the next one says that the others are
/// the number's place in a table, as it takes those bits itself.
const EPOCH: usize = 1 << (usize::BITS - 1);
const IN_TABLE: usize = EPOCH >> 1;
/// All ones, for [`Opaque::NONE`] and [`Opaque::NO_REPORT`]: no place in the table.
const NO_PLACE: usize = Opaque::NO_REPORT.0 & !EPOCH;

/// The numbers under way, each with the epoch that its message was sent in.
#[derive(Default)]
pub struct Opaques {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    numbers: Vec<usize>,
    free: Vec<usize>,
}

impl Opaques {
    /// Whether a number takes a place in the table until [`Self::take`].
    #[inline]
    pub const fn is_large(opaque: usize) -> bool {
        opaque >= IN_TABLE && opaque < Opaque::NO_REPORT.0
    }

    /// What librdkafka is to carry.
    #[inline]
    pub fn put(&self, opaque: usize, epoch: Epoch) -> usize {
        match Self::is_large(opaque) {
            true => Self::in_epoch(self.put_large(opaque), epoch),
            false => Self::in_epoch(opaque, epoch),
        }
    }

    /// The same of a number that is not large.
    #[inline]
    pub const fn in_epoch(opaque: usize, epoch: Epoch) -> usize {
        match epoch {
            Epoch(false) => opaque & !EPOCH,
            Epoch(true) => opaque | EPOCH,
        }
    }

    #[cold]
    fn put_large(&self, opaque: usize) -> usize {
        let mut table = lock(&self.table);
        let place = table.free.pop().unwrap_or(table.numbers.len());
        match table.numbers.get_mut(place) {
            Some(number) => *number = opaque,
            None => table.numbers.push(opaque),
        }
        IN_TABLE | place
    }

    /// What librdkafka has carried, once.
    #[inline]
    pub fn take(&self, carried: usize) -> (Opaque, Epoch) {
        let (number, epoch) = (carried & !EPOCH, Epoch(carried & EPOCH != 0));
        let opaque = match number {
            number if number < IN_TABLE => number,
            number if number >= NO_PLACE => number | EPOCH,
            number => self.take_large(number & !IN_TABLE),
        };
        (Opaque(opaque), epoch)
    }

    #[cold]
    fn take_large(&self, place: usize) -> usize {
        let mut table = lock(&self.table);
        table.free.push(place);
        table.numbers[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_with_its_epoch() {
        let opaques = Opaques::default();
        let numbers = [
            0,
            1,
            IN_TABLE - 1,
            IN_TABLE,
            EPOCH - 1,
            EPOCH,
            Opaque::NO_REPORT.0 - 1,
            Opaque::NO_REPORT.0,
            Opaque::NONE.0,
        ];
        for epoch in [Epoch(false), Epoch(true)] {
            let carried = numbers.map(|number| opaques.put(number, epoch));
            let taken = carried.map(|carried| opaques.take(carried));
            assert_eq!(taken, numbers.map(|number| (Opaque(number), epoch)));
        }
        let table = lock(&opaques.table);
        assert_eq!((table.numbers.len(), table.free.len()), (4, 4));
    }
}
