//! What is outstanding: begun and not ended, and whether all that had begun by some moment has ended.
//!
//! What begins is of one of two epochs, and ends in it. A moment ends an epoch: what begins later is of the other one, which is
//! used again only when all that was of it has ended. So two are enough, and one bit says which.

use std::sync::PoisonError;

use super::primitives::{AtomicI64, AtomicU64, Mutex, Ordering};

/// One of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch(pub bool);

/// See [`Outstanding::moment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// See the module.
pub struct Outstanding {
    /// How many have begun, from the start, and in the lowest bit the epoch of the next one.
    begun: AtomicU64,
    /// Of each epoch: how many have ended; from when it is over on, less by how many had begun: zero once all have ended.
    ended: [AtomicI64; 2],
    epochs: Mutex<Epochs>,
}

#[derive(Default)]
struct Epochs {
    /// How many are over.
    over: u64,
    /// How many had begun by the end of the last one.
    begun: u64,
}

impl Default for Outstanding {
    fn default() -> Self {
        Self {
            begun: AtomicU64::new(0),
            ended: [AtomicI64::new(0), AtomicI64::new(0)],
            epochs: Mutex::new(Epochs::default()),
        }
    }
}

impl Outstanding {
    /// Begins as many as there is room for, up to `count`; and the epoch that they are of. `room`: for how many, where so many
    /// have begun.
    #[inline]
    pub fn begin(&self, count: u64, room: impl Fn(u64) -> u64) -> (u64, Epoch) {
        let mut before = self.begun.load(Ordering::Relaxed);
        loop {
            let taken = room(before >> 1).min(count);
            let after = before + (taken << 1);
            let exchanged = self.begun.compare_exchange_weak(
                before,
                after,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match exchanged {
                Ok(_) => return (taken, Epoch(before & 1 == 1)),
                Err(now) => before = now,
            }
        }
    }

    /// Ends so many of an epoch. Whether they were the last ones of one that is over: then what waits for a moment is to ask
    /// again.
    #[inline]
    pub fn end(&self, count: u64, epoch: Epoch) -> bool {
        let count = count as i64;
        let before = self.ended[usize::from(epoch.0)].fetch_add(count, Ordering::Release);
        before < 0 && before + count == 0
    }

    /// How many have begun.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire) >> 1
    }

    fn ended_of(&self, epoch: u64) -> &AtomicI64 {
        &self.ended[usize::from(epoch & 1 == 1)]
    }

    /// This moment: by then all has begun that this thread, or one that it knows of, has begun.
    pub fn moment(&self) -> Moment {
        let epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        Moment(epochs.over)
    }

    /// Whether all has ended that had begun by a moment. Where other moments are waited for, that may include what began
    /// shortly after it.
    pub fn has_ended(&self, moment: Moment) -> bool {
        let mut epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        let is_empty = |epoch| self.ended_of(epoch).load(Ordering::Acquire) == 0;
        if epochs.over == moment.0 && is_empty(moment.0 + 1) {
            let begun = self.begun.fetch_xor(1, Ordering::Relaxed) >> 1;
            let of_this = (begun - epochs.begun) as i64;
            self.ended_of(moment.0)
                .fetch_sub(of_this, Ordering::Relaxed);
            *epochs = Epochs {
                over: moment.0 + 1,
                begun,
            };
        }
        match epochs.over - moment.0 {
            0 => false,
            1 => is_empty(moment.0),
            _ => true,
        }
    }
}
