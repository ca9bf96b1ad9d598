//! Consumer groups.

use libc::c_int;

use super::partitions::{entries, place};
use super::{
    array, authorized, c_str, cluster, failed, is_ok, names, optional, outcome_of_error, succeeded,
    sys, word, Natives, Operation, Result_, Settings,
};
use crate::rd::error::{lossy, Code, Error};
use crate::value::input::{Input, Invalid};
use crate::value::Value;

/// The states of groups.
pub(super) const STATES: &[(&str, c_int)] = &[
    ("Unknown", 0),
    ("PreparingRebalance", 1),
    ("CompletingRebalance", 2),
    ("Stable", 3),
    ("Dead", 4),
    ("Empty", 5),
];

/// The protocols of groups.
pub(super) const TYPES: &[(&str, c_int)] = &[("Unknown", 0), ("Consumer", 1), ("Classic", 2)];

/// A group's state. librdkafka does not know those that only groups of the newer protocol have, Assigning and Reconciling,
/// and says Unknown.
fn state_name(state: c_int, of_type: c_int) -> &'static str {
    match (word(STATES, state), word(TYPES, of_type)) {
        ("Unknown", "Consumer") => "Reconciling",
        (state, _) => state,
    }
}

/// Lists the groups of all brokers.
pub fn list_groups(_: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    Ok(Operation::new(
        sys::op::LIST_GROUPS,
        Settings::read(options, &["states", "types"])?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            // A list that lacks one broker's groups would pass for the whole.
            let errors = array(result, sys::rd_kafka_ListConsumerGroups_result_errors);
            if let Some(&error) = errors.first() {
                return Err(Error::new(
                    Code(sys::rd_kafka_error_code(error)),
                    lossy(c_str(sys::rd_kafka_error_string(error))),
                ));
            }
            let groups = array(result, sys::rd_kafka_ListConsumerGroups_result_valid);
            let group = |&group: &_| {
                let id = c_str(sys::rd_kafka_ConsumerGroupListing_group_id(group));
                let is_simple = sys::rd_kafka_ConsumerGroupListing_is_simple_consumer_group(group);
                let state = sys::rd_kafka_ConsumerGroupListing_state(group);
                let of_type = sys::rd_kafka_ConsumerGroupListing_type(group);
                let value = succeeded()
                    .with("state", state_name(state, of_type))
                    .with("type", word(TYPES, of_type))
                    .with("is_simple", is_simple != 0);
                (id.to_owned(), value)
            };
            Ok(Value::Map(groups.iter().map(group).collect()))
        },
        // SAFETY: all are alive.
        |rk, options, queue| unsafe { sys::rd_kafka_ListConsumerGroups(rk, options, queue) },
    ))
}

/// Describes groups and their members.
pub fn describe_groups(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let mut operation = Operation::of_parts(
        sys::op::DESCRIBE_GROUPS,
        Settings::read(options, &["include_authorized_operations"])?,
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let groups =
                unsafe { array(result, sys::rd_kafka_DescribeConsumerGroups_result_groups) };
            // SAFETY: as above.
            let group = |&group: &_| unsafe {
                let id = c_str(sys::rd_kafka_ConsumerGroupDescription_group_id(group));
                (id.to_owned(), description(group))
            };
            Ok(Value::Map(groups.iter().map(group).collect()))
        },
    );
    for group in names(&Input::new("groups", items))? {
        let name = group.clone();
        operation.add_part(group, move |rk, options, queue| {
            let mut groups = [name.as_ptr()];
            let (groups, count) = (groups.as_mut_ptr(), groups.len());
            // SAFETY: all are alive, and the name copied.
            unsafe { sys::rd_kafka_DescribeConsumerGroups(rk, groups, count, options, queue) };
        });
    }
    Ok(operation)
}

/// Deletes groups that have no members.
pub fn delete_groups(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let mut operation = Operation::of_parts(
        sys::op::DELETE_GROUPS,
        Settings::none(options)?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            outcomes(
                result,
                sys::rd_kafka_DeleteGroups_result_groups,
                |outcome, _| outcome,
            )
        },
    );
    for group in names(&Input::new("groups", items))? {
        let name = group.as_ptr();
        // SAFETY: the text is terminated and copied; the object is ours.
        let native = Natives::of_one(
            unsafe { sys::rd_kafka_DeleteGroup_new(name) },
            sys::rd_kafka_DeleteGroup_destroy,
        );
        operation.add_part(group, native.starting(sys::rd_kafka_DeleteGroups));
    }
    Ok(operation)
}

/// Groups and what became of each, which `complete` adds to if it is good.
///
/// # Safety
/// `result` is alive, and `get` belongs to it.
pub(super) unsafe fn outcomes(
    result: *const Result_,
    get: unsafe extern "C" fn(
        *const Result_,
        *mut usize,
    ) -> *mut *const sys::rd_kafka_group_result_t,
    complete: impl Fn(Value, *const sys::rd_kafka_group_result_t) -> Value,
) -> Result<Value, Error> {
    // SAFETY: by the caller's word; what the result has lives as long.
    let groups = unsafe { array(result, get) };
    // SAFETY: as above.
    let outcome = |&group: &_| unsafe {
        let name = c_str(sys::rd_kafka_group_result_name(group));
        let outcome = outcome_of_error(sys::rd_kafka_group_result_error(group));
        let outcome = match is_ok(&outcome) {
            true => complete(outcome, group),
            false => outcome,
        };
        (name.to_owned(), outcome)
    };
    Ok(Value::Map(groups.iter().map(outcome).collect()))
}

/// # Safety
/// `group` is alive.
unsafe fn description(group: *const sys::rd_kafka_ConsumerGroupDescription_t) -> Value {
    // SAFETY: by the caller's word; what the group has lives as long.
    unsafe {
        let outcome = outcome_of_error(sys::rd_kafka_ConsumerGroupDescription_error(group));
        if !is_ok(&outcome) {
            return outcome;
        }
        let state = sys::rd_kafka_ConsumerGroupDescription_state(group);
        if word(STATES, state) == "Dead" {
            // Older brokers describe a group that is not there like that, newer ones refuse to.
            return failed(Code::GROUP_ID_NOT_FOUND, "").with("state", "Dead");
        }
        let of_type = sys::rd_kafka_ConsumerGroupDescription_type(group);
        let member_count = sys::rd_kafka_ConsumerGroupDescription_member_count(group);
        let members: Vec<Value> = (0..member_count)
            .map(|index| member(sys::rd_kafka_ConsumerGroupDescription_member(group, index)))
            .collect();
        let mut count = 0;
        let operations =
            sys::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &mut count);
        let is_simple = sys::rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group);
        outcome
            .with("state", state_name(state, of_type))
            .with("type", word(TYPES, of_type))
            .with(
                "protocol",
                optional(sys::rd_kafka_ConsumerGroupDescription_partition_assignor(
                    group,
                )),
            )
            .with("is_simple", is_simple != 0)
            .with(
                "coordinator",
                cluster::node(sys::rd_kafka_ConsumerGroupDescription_coordinator(group)),
            )
            .with("members", members)
            .with("authorized_operations", authorized(operations, count))
    }
}

/// # Safety
/// `member` is alive.
unsafe fn member(member: *const sys::rd_kafka_MemberDescription_t) -> Value {
    // SAFETY: by the caller's word; what the member has lives as long.
    unsafe {
        let assignment = sys::rd_kafka_MemberDescription_assignment(member);
        let assigned = match assignment.is_null() {
            true => &[],
            false => entries(sys::rd_kafka_MemberAssignment_partitions(assignment)),
        };
        let assigned: Vec<Value> = assigned.iter().map(|entry| place(entry)).collect();
        Value::map()
            .with(
                "member_id",
                optional(sys::rd_kafka_MemberDescription_consumer_id(member)),
            )
            .with(
                "group_instance_id",
                optional(sys::rd_kafka_MemberDescription_group_instance_id(member)),
            )
            .with(
                "client_id",
                optional(sys::rd_kafka_MemberDescription_client_id(member)),
            )
            .with(
                "host",
                optional(sys::rd_kafka_MemberDescription_host(member)),
            )
            .with("assignment", assigned)
    }
}
