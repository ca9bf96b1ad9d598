//! `kafka_group_metadata`: what a consumer is in its group.

use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, take_back};
use super::error::kafka_error;
use crate::client::GroupMetadata;

/// What a consumer is in its group at one moment, for kafka_producer_send_offsets_to_transaction.
/// It never changes. Usable from any thread.
pub struct kafka_group_metadata(pub(super) Arc<GroupMetadata>);

/// The group's name.
///
/// group_id: NUL-terminated, the object's. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_group_metadata_group_id(
    group_metadata: *const kafka_group_metadata,
    group_id: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let metadata = reference(group_metadata, "group_metadata")?;
        output(group_id, "group_id")?.write(metadata.0.group_id().as_ptr());
        Ok(())
    })
}

/// The member's name, which the group's coordinator gave it.
///
/// member_id: NUL-terminated, the object's; empty if it has not joined. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_group_metadata_member_id(
    group_metadata: *const kafka_group_metadata,
    member_id: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let metadata = reference(group_metadata, "group_metadata")?;
        output(member_id, "member_id")?.write(metadata.0.member_id().as_ptr());
        Ok(())
    })
}

/// A static member's group.instance.id.
///
/// group_instance_id: NUL-terminated, the object's; NULL if it is no static member. Returns 0.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_group_metadata_group_instance_id(
    group_metadata: *const kafka_group_metadata,
    group_instance_id: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let metadata = reference(group_metadata, "group_metadata")?;
        let id = metadata.0.group_instance_id();
        output(group_instance_id, "group_instance_id")?
            .write(id.map_or(ptr::null(), |id| id.as_ptr()));
        Ok(())
    })
}

/// The group's generation, which changes with every rebalance.
///
/// generation_id: -1 if the consumer has not joined. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_group_metadata_generation_id(
    group_metadata: *const kafka_group_metadata,
    generation_id: *mut i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let metadata = reference(group_metadata, "group_metadata")?;
        output(generation_id, "generation_id")?.write(metadata.0.generation_id());
        Ok(())
    })
}

/// Frees it; NULL is nothing.
#[no_mangle]
pub unsafe extern "C" fn kafka_group_metadata_free(group_metadata: *mut kafka_group_metadata) {
    guarded_void(|| drop(take_back(group_metadata)));
}
