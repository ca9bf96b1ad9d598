//! `rd_kafka_topic_t`: those that one client still has handles of, and what is known of all that it has had.

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::conf::{Conf, TopicConf};
use super::error::Code;
use super::partitioner::{on_record, Partitioner, StickyPartitioning};
use super::sys;

/// Stands for a topic of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicId(u32);

/// What is known of a topic. librdkafka's topic has a pointer to it, its opaque.
pub(super) struct TopicEntry {
    id: TopicId,
    name: Arc<CStr>,
    partitioner: Partitioner,
}

impl TopicEntry {
    #[inline]
    pub(super) fn id(&self) -> TopicId {
        self.id
    }

    #[inline]
    pub(super) fn partitioner(&self) -> &Partitioner {
        &self.partitioner
    }
}

/// What is known of all topics that a client has ever had. It outlives the client: librdkafka keeps a topic, calls its
/// partitioner and reports its messages, for longer than the application has a handle.
#[derive(Default)]
pub(super) struct TopicTable {
    sticky: StickyPartitioning,
    // Boxed by Arc: librdkafka has pointers to them.
    entries: Mutex<Vec<Arc<TopicEntry>>>,
}

impl TopicTable {
    /// Of a client that is started with `conf`.
    pub(super) fn of(conf: &mut Conf) -> Self {
        Self {
            sticky: StickyPartitioning::of(conf),
            entries: Mutex::default(),
        }
    }

    /// Makes a topic, or another reference to one that is there already.
    pub(super) fn create(
        &self,
        rk: *mut sys::rd_kafka_t,
        name: &CStr,
        mut conf: TopicConf,
    ) -> Result<(*mut sys::rd_kafka_topic_t, Arc<TopicEntry>), Code> {
        // Until the end: an entry is in the table before another call can meet its topic.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Arc::new(TopicEntry {
            id: TopicId(entries.len() as u32),
            name: name.into(),
            partitioner: Partitioner::new(&conf, &self.sticky),
        });
        conf.set_partitioner(on_record, Arc::as_ptr(&new).cast_mut().cast());
        // SAFETY: the caller's client is alive; librdkafka takes the configuration over, also if it fails.
        let rkt = unsafe { sys::rd_kafka_topic_new(rk, name.as_ptr(), conf.into_raw()) };
        if rkt.is_null() {
            // SAFETY: reads a thread-local.
            return Err(Code(unsafe { sys::rd_kafka_last_error() }));
        }
        // SAFETY: the topic is alive.
        let its: *const TopicEntry = unsafe { sys::rd_kafka_topic_opaque(rkt) }.cast();
        let known = entries.iter().find(|known| Arc::as_ptr(known) == its);
        let entry = known.map(Arc::clone).unwrap_or_else(|| {
            entries.push(Arc::clone(&new));
            new
        });
        Ok((rkt, entry))
    }

    /// The name of a topic; it is kept as long as the table, in the same place.
    pub(super) fn name(&self, id: TopicId) -> Arc<CStr> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&entries[id.0 as usize].name)
    }
}

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
        entry: Arc<TopicEntry>,
    ) -> Topic {
        let slot = Arc::new(Slot(AtomicPtr::new(rkt)));
        set.lock().push(Arc::clone(&slot));
        Topic {
            slot,
            set: Arc::clone(set),
            entry,
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
    entry: Arc<TopicEntry>,
}

impl Topic {
    /// The topic, if it belongs to the client with this set and is not released.
    #[inline]
    pub(super) fn get(&self, set: &Arc<TopicSet>) -> Option<*mut sys::rd_kafka_topic_t> {
        let rkt = self.slot.0.load(Ordering::Acquire);
        (Arc::ptr_eq(&self.set, set) && !rkt.is_null()).then_some(rkt)
    }

    /// What stands for it in delivery reports.
    pub fn id(&self) -> TopicId {
        self.entry.id
    }

    #[inline]
    pub(super) fn partitioner(&self) -> &Partitioner {
        &self.entry.partitioner
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
