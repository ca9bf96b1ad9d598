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
pub mod future;
pub mod group;
pub mod group_metadata;
mod handle;
pub mod lookahead;
pub mod message;
pub mod mock_cluster;
pub mod notifier;
pub mod offsets;
pub mod partitions;
pub mod producer;
pub mod record;
pub mod report;
pub mod topic;
pub mod transaction;
pub mod value;
pub mod version;

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    /// Where the fields are follows: the header has fields only of what is `repr(C)`, and has them in Rust's order.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn each_struct_has_the_promised_size() {
        use super::record::{kafka_header, kafka_record};
        use super::report::{kafka_counters, kafka_poll_result, kafka_report};
        use super::{batch::kafka_raw_message, error::kafka_error, event::kafka_event};
        use super::{lookahead::kafka_cursor, message::kafka_message, partitions::kafka_partition};

        macro_rules! sizes {
            ($($type:ident),*) => {
                vec![$(format!("{} size {}", stringify!($type), size_of::<$type>())),*]
            };
        }
        let mut sizes = sizes![
            kafka_counters,
            kafka_cursor,
            kafka_error,
            kafka_event,
            kafka_header,
            kafka_message,
            kafka_partition,
            kafka_raw_message,
            kafka_record,
            kafka_report,
            kafka_poll_result
        ];
        sizes.sort();
        let layouts = include_str!("../../tests/abi/layouts.txt");
        let mut promised: Vec<&str> = layouts
            .lines()
            .filter(|line| line.starts_with("kafka_"))
            .collect();
        promised.sort_unstable();
        assert_eq!(sizes, promised);
    }
}
