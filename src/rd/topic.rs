//! `rd_kafka_topic_t`, and the set of those that one client still has.

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::partitioner::Partitioner;
use super::sys;

/// A client's topics, so that they can be destroyed before it is.
#[derive(Default)]
pub(super) struct TopicSet {
    slots: Mutex<Vec<Arc<Slot>>>,
}

/// Null once the topic is released or its client gone.
struct Slot(AtomicPtr<sys::rd_kafka_topic_t>);

impl Slot {
    /// Call with the set's lock held: the caller that swaps is the one that destroys.
    fn destroy(&self) {
        let rkt = self.0.swap(ptr::null_mut(), Ordering::AcqRel);
        if !rkt.is_null() {
            // SAFETY: this reference was ours, and it is gone from the slot.
            unsafe { sys::rd_kafka_topic_destroy(rkt) };
        }
    }
}

impl TopicSet {
    /// # Safety
    /// `rkt` is a reference of ours to a topic of the client whose set this is.
    pub(super) unsafe fn adopt(
        set: &Arc<Self>,
        rkt: *mut sys::rd_kafka_topic_t,
        partitioner: Arc<Partitioner>,
    ) -> Topic {
        let slot = Arc::new(Slot(AtomicPtr::new(rkt)));
        set.lock().push(Arc::clone(&slot));
        Topic {
            slot,
            set: Arc::clone(set),
            partitioner,
        }
    }

    /// Destroys all topics; their handles stay, and say so.
    pub(super) fn clear(&self) {
        self.lock().drain(..).for_each(|slot| slot.destroy());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A topic of one client. Dropping it releases it; outliving the client is harmless.
pub struct Topic {
    slot: Arc<Slot>,
    set: Arc<TopicSet>,
    partitioner: Arc<Partitioner>,
}

impl Topic {
    /// The topic, if it belongs to the client with this set and is not released.
    #[inline]
    pub(super) fn get(&self, set: &Arc<TopicSet>) -> Option<*mut sys::rd_kafka_topic_t> {
        let rkt = self.slot.0.load(Ordering::Acquire);
        (Arc::ptr_eq(&self.set, set) && !rkt.is_null()).then_some(rkt)
    }

    /// Its name; empty once its client is gone.
    pub fn name(&self) -> &CStr {
        let rkt = self.slot.0.load(Ordering::Acquire);
        if rkt.is_null() {
            return c"";
        }
        // SAFETY: as long as this is there, only the client's end takes the topic away, and the caller has the client.
        unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(rkt)) }
    }

    #[inline]
    pub(super) fn partitioner(&self) -> &Partitioner {
        &self.partitioner
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        let mut slots = self.set.lock();
        self.slot.destroy();
        if let Some(index) = slots.iter().position(|slot| Arc::ptr_eq(slot, &self.slot)) {
            slots.swap_remove(index);
        }
    }
}
