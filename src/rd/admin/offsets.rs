//! Offsets: those that groups have committed, and those that partitions have.

use std::ffi::CString;
use std::ptr;

use libc::c_int;

use super::groups::outcomes;
use super::partitions::{entries, offsets, outcome, Entry, List};
use super::{array, c_str, failed, outcome_of_error, sys, Natives, Operation, Settings};
use crate::rd::error::Code;
use crate::value::input::{Distinct, Fields, Input, Invalid};
use crate::value::Value;

/// Reads what groups have committed.
pub fn list_group_offsets(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let mut operation = Operation::of_parts(
        sys::op::LIST_GROUP_OFFSETS,
        Settings::read(options, &["require_stable_offsets"])?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            outcomes(
                result,
                sys::rd_kafka_ListConsumerGroupOffsets_result_groups,
                with_offsets,
            )
        },
    );
    each_group(items, &["partitions"], |group, fields| {
        let partitions = fields.read("partitions", List::read_plain)?;
        let raw = partitions.as_ref().map_or(ptr::null_mut(), List::as_raw);
        let group_id = group.as_ptr();
        // SAFETY: name and list are alive and copied; the object is ours.
        let native = Natives::of_one(
            unsafe { sys::rd_kafka_ListConsumerGroupOffsets_new(group_id, raw) },
            sys::rd_kafka_ListConsumerGroupOffsets_destroy,
        );
        operation.add_part(
            group,
            native.starting(sys::rd_kafka_ListConsumerGroupOffsets),
        );
        Ok(())
    })?;
    Ok(operation)
}

/// Commits offsets for groups that have no members.
pub fn alter_group_offsets(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let mut operation = Operation::of_parts(
        sys::op::ALTER_GROUP_OFFSETS,
        Settings::none(options)?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            outcomes(
                result,
                sys::rd_kafka_AlterConsumerGroupOffsets_result_groups,
                with_offsets,
            )
        },
    );
    each_group(items, &["offsets"], |group, fields| {
        let fill = |entry: &mut Entry, _: &Input, fields: &Fields| {
            entry.offset = fields.need("offset")?.int_from(0)?;
            if let Some(metadata) = fields.read("metadata", Input::bytes)? {
                set_metadata(entry, metadata);
            }
            Ok(())
        };
        let offsets = List::read(fields.need("offsets")?, &["offset", "metadata"], fill)?;
        let (group_id, raw) = (group.as_ptr(), offsets.as_raw());
        // SAFETY: name and list are alive and copied; the object is ours.
        let native = Natives::of_one(
            unsafe { sys::rd_kafka_AlterConsumerGroupOffsets_new(group_id, raw) },
            sys::rd_kafka_AlterConsumerGroupOffsets_destroy,
        );
        operation.add_part(
            group,
            native.starting(sys::rd_kafka_AlterConsumerGroupOffsets),
        );
        Ok(())
    })?;
    Ok(operation)
}

/// Makes groups forget what they have committed.
pub fn delete_group_offsets(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let mut operation = Operation::of_parts(
        sys::op::DELETE_GROUP_OFFSETS,
        Settings::none(options)?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            outcomes(
                result,
                sys::rd_kafka_DeleteConsumerGroupOffsets_result_groups,
                with_offsets,
            )
        },
    );
    each_group(items, &["partitions"], |group, fields| {
        let partitions = List::read_plain(fields.need("partitions")?)?;
        let (group_id, raw) = (group.as_ptr(), partitions.as_raw());
        // SAFETY: name and list are alive and copied; the object is ours.
        let native = Natives::of_one(
            unsafe { sys::rd_kafka_DeleteConsumerGroupOffsets_new(group_id, raw) },
            sys::rd_kafka_DeleteConsumerGroupOffsets_destroy,
        );
        operation.add_part(
            group,
            native.starting(sys::rd_kafka_DeleteConsumerGroupOffsets),
        );
        Ok(())
    })?;
    Ok(operation)
}

/// Calls `add` for each of the groups, with its name and its other fields.
fn each_group(
    items: Option<&Value>,
    more_fields: &[&str],
    mut add: impl FnMut(CString, &Fields) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    let mut distinct = Distinct::default();
    let known = [&["group"], more_fields].concat();
    for item in Input::new("groups", items).items()? {
        let fields = item.fields(&known)?;
        let group = fields.need("group")?.name()?;
        distinct.add(&group, &item)?;
        add(group, &fields)?;
    }
    Ok(())
}

fn set_metadata(entry: &mut Entry, metadata: &[u8]) {
    if metadata.is_empty() {
        return;
    }
    // SAFETY: librdkafka frees it as it frees what it allocated, by free(); the bytes fit.
    unsafe {
        entry.metadata = libc::malloc(metadata.len());
        if !entry.metadata.is_null() {
            entry
                .metadata
                .copy_from(metadata.as_ptr().cast(), metadata.len());
            entry.metadata_size = metadata.len();
        }
    }
}

/// The offsets of a group. If one failed, so did the group, for callers that look at that only.
fn with_offsets(outcome: Value, group: *const sys::rd_kafka_group_result_t) -> Value {
    // SAFETY: called by `outcomes`, with a group that is alive.
    let (list, bad) = unsafe {
        let list = sys::rd_kafka_group_result_partitions(group);
        let bad = entries(list).iter().find(|entry| entry.err != 0);
        (offsets(list), bad)
    };
    let outcome = bad.map_or(outcome, |entry| failed(Code(entry.err), ""));
    outcome.with("offsets", list)
}

/// librdkafka's number for no offset.
const OFFSET_INVALID: i64 = -1001;

/// Where a partition begins or ends, by names that say it.
const PLACES: &[(&str, i64)] = &[("earliest", -2), ("latest", -1), ("max_timestamp", -3)];

/// One of these by its name, or the first two by the numbers that consumers know.
fn read_place(input: &Input) -> Result<i64, Invalid> {
    match input.int::<i64>() {
        Ok(place @ (-2 | -1)) => Ok(place),
        Ok(_) => Err(input.refuse("neither OFFSET_BEGINNING nor OFFSET_END")),
        Err(_) => input.choice(PLACES),
    }
}

/// Finds offsets of partitions: the first, the next, or that of a time.
pub fn list_offsets(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let fill = |entry: &mut Entry, item: &Input, fields: &Fields| {
        let timestamp = fields.read("timestamp", |time| time.int_from(0))?;
        let offset = fields.read("offset", read_place)?;
        entry.offset = match (timestamp, offset) {
            (Some(place), None) | (None, Some(place)) => place,
            _ => return Err(item.refuse("either offset or timestamp is needed")),
        };
        Ok(())
    };
    let input = Input::new("partitions", items);
    let partitions = List::read(&input, &["offset", "timestamp"], fill)?;
    let absent = partitions.absent();
    Ok(Operation::new(
        sys::op::LIST_OFFSETS,
        Settings::read(options, &["isolation_level"])?,
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let infos = unsafe { array(result, sys::rd_kafka_ListOffsets_result_infos) };
            // SAFETY: as above.
            let info = |&info: &_| unsafe {
                let entry = &*sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info);
                // What librdkafka leaves where a leader did not answer.
                let code = match (entry.err, entry.offset) {
                    (0, OFFSET_INVALID) => Code::TIMED_OUT.0,
                    (code, _) => code,
                };
                let (name, mut value) = outcome(entry, code);
                if code == 0 {
                    let timestamp = sys::rd_kafka_ListOffsetsResultInfo_timestamp(info);
                    value = value
                        .with("offset", entry.offset)
                        .with("timestamp", timestamp);
                }
                (name, value)
            };
            Ok(Value::Map(infos.iter().map(info).collect()))
        },
        move |rk, options, queue| {
            // SAFETY: all are alive, and the list copied.
            unsafe { sys::rd_kafka_ListOffsets(rk, partitions.as_raw(), options, queue) };
        },
    )
    .or_absent(absent))
}

/// Deletes the records before an offset.
pub fn delete_records(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let fill = |entry: &mut Entry, _: &Input, fields: &Fields| {
        // -1 stands for the partition's end.
        entry.offset = fields.need("offset")?.int_from(-1)?;
        Ok(())
    };
    let partitions = List::read(&Input::new("partitions", items), &["offset"], fill)?;
    // SAFETY: the list is alive and copied; the object is ours.
    let native = Natives::of_one(
        unsafe { sys::rd_kafka_DeleteRecords_new(partitions.as_raw()) },
        sys::rd_kafka_DeleteRecords_destroy,
    );
    Ok(Operation::of_many(
        sys::op::DELETE_RECORDS,
        Settings::none(options)?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            let list = entries(sys::rd_kafka_DeleteRecords_result_offsets(result));
            let partition = |entry: &Entry| {
                // What librdkafka leaves where a leader did not answer.
                let code = match Code(entry.err) {
                    Code::NOOP => Code::TIMED_OUT.0,
                    code => code.0,
                };
                let (name, value) = outcome(entry, code);
                match code {
                    0 => (name, value.with("low_watermark", entry.offset)),
                    _ => (name, value),
                }
            };
            Ok(Value::Map(list.iter().map(partition).collect()))
        },
        native,
        sys::rd_kafka_DeleteRecords,
    )
    .or_absent(partitions.absent()))
}

const ELECTIONS: &[(&str, c_int)] = &[("preferred", 0), ("unclean", 1)];

/// Has the leaders of partitions elected.
pub fn elect_leaders(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let input = Input::new("partitions", items);
    let partitions = match input.is_null() {
        true => None,
        false => Some(List::read_plain(&input)?),
    };
    let options = Input::new_map("options", options).fields(&["type"])?;
    let election = options.read("type", |election| election.choice(ELECTIONS))?;
    let raw = partitions.as_ref().map_or(ptr::null_mut(), List::as_raw);
    // SAFETY: the list is alive and copied; the object is ours.
    let native = Natives::of_one(
        unsafe { sys::rd_kafka_ElectLeaders_new(election.unwrap_or(0), raw) },
        sys::rd_kafka_ElectLeaders_destroy,
    );
    Ok(Operation::new(
        sys::op::ELECT_LEADERS,
        Settings::default(),
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let results = unsafe { array(result, sys::rd_kafka_ElectLeaders_result_partitions) };
            // SAFETY: as above.
            let partition = |&result: &_| unsafe {
                let entry = &*sys::rd_kafka_topic_partition_result_partition(result);
                let error = sys::rd_kafka_topic_partition_result_error(result);
                let (name, _) = outcome(entry, 0);
                let value = outcome_of_error(error)
                    .with("topic", c_str(entry.topic))
                    .with("partition", entry.partition);
                (name, value)
            };
            Ok(Value::Map(results.iter().map(partition).collect()))
        },
        move |rk, options, queue| {
            // SAFETY: all are alive, and the object copied.
            unsafe { sys::rd_kafka_ElectLeaders(rk, native.items[0], options, queue) };
        },
    ))
}
