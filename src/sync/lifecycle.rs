//! A lifecycle: calls on an object are counted, so that it is closed once and goes with the last of them.

use super::primitives::{barrier, fence, owner_fence, AtomicBool, AtomicUsize, Ordering};

const CLOSED: usize = 1;
const CALL: usize = 2;

/// See the module.
///
/// Two atomic read-modify-writes a call are a twentieth of what producing a message costs, so one thread, the owner,
/// counts its own calls apart and with plain writes. Closing makes up for it with a barrier in every thread.
#[derive(Default)]
pub struct Lifecycle {
    /// The owner's calls under way. Written by the owner only.
    owner_calls: AtomicUsize,
    /// The number of other calls under way, in units of [`CALL`], and the bit [`CLOSED`].
    state: AtomicUsize,
    is_over: AtomicBool,
}

impl Lifecycle {
    /// Counts a call of the owner's, which has to leave also where this is false: it is closed.
    #[inline]
    pub fn enter_as_owner(&self) -> bool {
        let calls = self.owner_calls.load(Ordering::Relaxed);
        self.owner_calls.store(calls + 1, Ordering::Relaxed);
        // The processor may still swap the write and the read: the barrier of `close` is for that.
        owner_fence(Ordering::SeqCst);
        self.state.load(Ordering::Acquire) & CLOSED == 0
    }

    /// Counts a call of any thread; where this is false it is closed, and nothing is counted.
    pub fn enter(&self) -> bool {
        let entered = |state| (state & CLOSED == 0).then_some(state + CALL);
        self.state
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, entered)
            .is_ok()
    }

    /// Ends a call. True once ever: it is the last one of what is closed, and the object can go.
    #[inline]
    pub fn leave(&self, is_owner: bool) -> bool {
        let state = if is_owner {
            let calls = self.owner_calls.load(Ordering::Relaxed);
            self.owner_calls.store(calls - 1, Ordering::Release);
            owner_fence(Ordering::SeqCst);
            self.state.load(Ordering::Relaxed)
        } else {
            self.state.fetch_sub(CALL, Ordering::Release) - CALL
        };
        state & CLOSED != 0 && self.is_last()
    }

    #[cold]
    fn is_last(&self) -> bool {
        // Of two that leave at once at least one sees that both have left.
        fence(Ordering::SeqCst);
        let has_calls = self.state.load(Ordering::Acquire) != CLOSED
            || self.owner_calls.load(Ordering::Acquire) != 0;
        !has_calls && !self.is_over.swap(true, Ordering::AcqRel)
    }

    /// Closes it for further calls, and counts the closing as one, which is not the owner's. False where it is closed
    /// already, and nothing is counted.
    pub fn close(&self) -> bool {
        let closed = |state| (state & CLOSED == 0).then_some((state + CALL) | CLOSED);
        let is_first = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, closed)
            .is_ok();
        if is_first {
            // From here on the owner either sees that it is closed, or is seen inside.
            barrier();
        }
        is_first
    }

    /// Whether no call but the closing one is under way.
    pub fn is_alone(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED | CALL
            && self.owner_calls.load(Ordering::Acquire) == 0
    }
}
