//! What is outstanding: begun and not ended, and whether all that had begun by some moment has ended.
//!
//! What begins is of one of two epochs, and ends in it. A moment ends an epoch: what begins later is of the other one, which is
//! used again only when all that was of it has ended. So two are enough, and one bit says which.

use std::sync::PoisonError;

use super::primitives::{AtomicU64, Mutex, Ordering};

/// One of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch(pub bool);

/// See [`Outstanding::moment`].
#[derive(Clone, Copy, Debug)]
pub struct Moment(u64);

/// See the module. All counts are from the start.
pub struct Outstanding {
    /// How many have begun, and in the lowest bit the epoch of the next one.
    begun: AtomicU64,
    /// How many have ended, of each epoch.
    ended: [AtomicU64; 2],
    epochs: Mutex<Epochs>,
}

#[derive(Default)]
struct Epochs {
    /// How many are over.
    over: u64,
    /// How many have begun in the one that was over last, and in those before it of its kind.
    begun: u64,
}

impl Default for Outstanding {
    fn default() -> Self {
        Self {
            begun: AtomicU64::new(0),
            ended: [AtomicU64::new(0), AtomicU64::new(0)],
            epochs: Mutex::new(Epochs::default()),
        }
    }
}

impl Outstanding {
    /// Begins so many. How many had begun before, and the epoch that they are of.
    #[inline]
    pub fn begin(&self, count: u64) -> (u64, Epoch) {
        let before = self.begun.fetch_add(count << 1, Ordering::Relaxed);
        (before >> 1, Epoch(before & 1 == 1))
    }

    /// Ends so many of an epoch.
    #[inline]
    pub fn end(&self, count: u64, epoch: Epoch) {
        self.ended[usize::from(epoch.0)].fetch_add(count, Ordering::Release);
    }

    /// The epoch of what begins next.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.begun.load(Ordering::Relaxed) & 1 == 1)
    }

    /// How many have begun.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire) >> 1
    }

    fn ended_of(&self, epoch: u64) -> u64 {
        self.ended[usize::from(epoch & 1 == 1)].load(Ordering::Acquire)
    }

    /// How many have ended.
    pub fn ended(&self) -> u64 {
        self.ended_of(0) + self.ended_of(1)
    }

    /// How many have begun and not ended.
    pub fn count(&self) -> u64 {
        // In this order: what has ended has begun.
        let ended = self.ended();
        self.begun().saturating_sub(ended)
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
        let is_last_empty = self.ended_of(epochs.over + 1) >= epochs.begun;
        if epochs.over == moment.0 && is_last_empty {
            let begun = self.begun.fetch_xor(1, Ordering::Relaxed) >> 1;
            epochs.begun = begun - epochs.begun;
            epochs.over += 1;
        }
        match epochs.over - moment.0 {
            0 => false,
            1 => self.ended_of(moment.0) >= epochs.begun,
            _ => true,
        }
    }
}
