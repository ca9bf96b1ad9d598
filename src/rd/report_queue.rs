//! The queue of a producer's delivery reports and other events, and how the thread sleeps that serves it.
//!
//! librdkafka leaves it to the application to free a message that was reported, and counts the message until then. A thread that
//! waited for each would be woken for each, by the broker's thread, while that has others to report. So it rests in between
//! where that is good enough, and then frees all that there are. What waits until librdkafka counts none has it not rest.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use super::client::Client;
use super::event::{Event, Queue};

/// See the module.
pub struct ReportQueue {
    queue: Queue,
    sleep: Arc<Sleep>,
}

#[derive(Default)]
pub(super) struct Sleep {
    thread: OnceLock<Thread>,
    is_resting: AtomicBool,
    /// Calls that wait for what the thread frees.
    waiting: AtomicUsize,
}

impl Sleep {
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Makes a call that waits until librdkafka counts no messages.
    pub fn prevented<T>(&self, call: impl FnOnce() -> T) -> T {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.wake();
        let result = call();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl ReportQueue {
    pub(super) fn new(queue: Queue, sleep: &Arc<Sleep>) -> Self {
        let sleep = Arc::clone(sleep);
        Self { queue, sleep }
    }

    /// Which thread is to be woken. It is one for all.
    pub fn serve_on(&self, thread: Thread) {
        self.sleep.thread.get_or_init(|| thread);
    }

    /// From here on this thread sleeps until something comes.
    pub fn serve_here(&self) {
        self.serve_on(thread::current());
        self.queue.on_arrival(|| {
            let sleep = Arc::clone(&self.sleep);
            // What comes during a rest is found behind it.
            Arc::new(move || {
                if !sleep.is_resting.load(Ordering::SeqCst) {
                    sleep.wake();
                }
            })
        });
    }

    /// The next event, if there is one. Any thread may take and so free it.
    pub fn next(&self) -> Option<Event<'_>> {
        self.queue.poll(0)
    }

    /// Sleeps until something has come that finds the queue empty, or [`Self::wake`]; or, at most, so long.
    pub fn sleep(&self, limit: Option<Duration>) {
        match limit {
            Some(limit) => thread::park_timeout(limit),
            None => thread::park(),
        }
    }

    /// Sleeps so long, whatever comes; unless something waits until no message is left.
    pub fn rest(&self, time: Duration) {
        self.sleep.is_resting.store(true, Ordering::SeqCst);
        if self.sleep.waiting.load(Ordering::SeqCst) == 0 {
            thread::park_timeout(time);
        }
        self.sleep.is_resting.store(false, Ordering::SeqCst);
    }

    /// Ends a sleep or a rest, or else the next one.
    pub fn wake(&self) {
        self.sleep.wake();
    }
}

impl Client {
    /// A producer's.
    pub fn report_queue(&self) -> ReportQueue {
        ReportQueue::new(self.main_queue(), self.sleep())
    }
}
