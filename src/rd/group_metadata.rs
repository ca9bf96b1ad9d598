//! `rd_kafka_consumer_group_metadata_t`.

use std::ffi::CStr;
use std::ptr::NonNull;

use super::client::Client;
use super::sys;

/// What a consumer is in its group: by it the group's coordinator knows whose offsets a transaction commits,
/// and refuses those of a member that is none any more.
pub struct GroupMetadata(NonNull<sys::rd_kafka_consumer_group_metadata_t>);

// SAFETY: plain memory without thread affinity.
unsafe impl Send for GroupMetadata {}
// SAFETY: as above; it never changes.
unsafe impl Sync for GroupMetadata {}

impl GroupMetadata {
    /// The group's name.
    pub fn group_id(&self) -> &CStr {
        // SAFETY: the object is alive and owns the text, which is never null.
        unsafe {
            CStr::from_ptr(sys::rd_kafka_consumer_group_metadata_group_id(
                self.as_raw(),
            ))
        }
    }

    /// The member's name, which the coordinator gave it; empty before that.
    pub fn member_id(&self) -> &CStr {
        // SAFETY: as above.
        unsafe {
            CStr::from_ptr(sys::rd_kafka_consumer_group_metadata_member_id(
                self.as_raw(),
            ))
        }
    }

    /// `group.instance.id`, of a static member.
    pub fn group_instance_id(&self) -> Option<&CStr> {
        // SAFETY: as above, but it may be null.
        unsafe {
            let id = sys::rd_kafka_consumer_group_metadata_group_instance_id(self.as_raw());
            (!id.is_null()).then(|| CStr::from_ptr(id))
        }
    }

    /// The group's generation, or the member's epoch; -1 before it has joined.
    pub fn generation_id(&self) -> i32 {
        // SAFETY: the object is alive.
        unsafe { sys::rd_kafka_consumer_group_metadata_generation_id(self.as_raw()) }
    }

    pub(super) fn as_raw(&self) -> *const sys::rd_kafka_consumer_group_metadata_t {
        self.0.as_ptr()
    }
}

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0.as_ptr()) };
    }
}

impl Client {
    /// What a consumer is in its group at the moment; `None` without a group.
    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        // SAFETY: the client is alive; returns an object of ours, or null.
        NonNull::new(unsafe { sys::rd_kafka_consumer_group_metadata(self.as_raw()) })
            .map(GroupMetadata)
    }
}
