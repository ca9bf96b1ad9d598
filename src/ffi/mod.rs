//! The C boundary: the only `extern "C"` functions of this crate, one file for
//! each C object.
//!
//! Every function checks its pointers, runs its body behind a panic boundary,
//! writes its outputs on success only and answers with a code. See
//! [`boundary`] for how, and the header's top for what callers may rely on.

// The types carry their C names.
#![allow(non_camel_case_types)]
// An exported function is unsafe from its first line to its last: it trusts its caller's pointers.
#![allow(unsafe_op_in_unsafe_fn)]
// Each function's documentation says what its pointers have to be; it is the header's as well.
#![allow(clippy::missing_safety_doc)]

pub mod admin;
pub mod batch;
mod boundary;
pub mod client;
pub mod clock;
pub mod conf;
pub mod consumer;
pub mod error;
pub mod event;
pub mod group;
pub mod group_metadata;
mod handle;
pub mod hub;
pub mod lookahead;
pub mod message;
pub mod mock_cluster;
pub mod offsets;
pub mod partitions;
pub mod producer;
pub mod record;
pub mod report;
pub mod request;
pub mod topic;
pub mod transaction;
pub mod value;
pub mod version;
