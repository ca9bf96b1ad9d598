//! Topics: made, deleted, enlarged, described.

use std::ffi::CStr;

use libc::{c_char, c_int};

use super::cluster::ids;
use super::{
    array, authorized, c_str, is_ok, made, names, outcome_of_code, outcome_of_error, sys, Natives,
    Operation, Result_, Settings,
};
use crate::rd::error::{lossy, Code, Error};
use crate::value::input::{Distinct, Input, Invalid};
use crate::value::Value;

/// Makes topics.
pub fn create_topics(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_NewTopic_destroy);
    let mut distinct = Distinct::default();
    for item in Input::new("topics", items).items()? {
        let fields =
            item.fields(&["topic", "partitions", "replication", "assignment", "config"])?;
        let topic = fields.need("topic")?.name()?;
        distinct.add(&topic, &item)?;
        let assignment = fields.read("assignment", assignment)?;
        let assigned = assignment
            .as_ref()
            .map(|(_, brokers)| brokers.len() as c_int);
        let partitions = fields.read("partitions", |count| count.int_from(1))?;
        let replication: Option<i16> = fields.read("replication", |count| count.int_from(1))?;
        if let Some((place, _)) = &assignment {
            if replication.is_some() {
                return Err(place.refuse("it says the replication already"));
            } else if partitions.is_some() && partitions != assigned {
                return Err(place.refuse("it has another number of partitions"));
            }
        }
        let partitions = partitions.or(assigned).unwrap_or(-1);
        let replication = replication.map_or(-1, c_int::from);
        // SAFETY: the texts are terminated and copied; the object is ours.
        let raw = made(|errstr, size| unsafe {
            sys::rd_kafka_NewTopic_new(topic.as_ptr(), partitions, replication, errstr, size)
        });
        let raw = natives.push(raw.map_err(|text| item.refuse(text))?);
        if let Some((place, brokers)) = assignment {
            assign(
                raw,
                &place,
                brokers,
                sys::rd_kafka_NewTopic_set_replica_assignment,
            )?;
        }
        for (name, value) in fields.read("config", Input::entries)?.unwrap_or_default() {
            let text = value.setting()?;
            // SAFETY: as above.
            let code =
                unsafe { sys::rd_kafka_NewTopic_set_config(raw, name.as_ptr(), text.as_ptr()) };
            Code(code).check().map_err(|error| value.refuse(error))?;
        }
    }
    Ok(Operation::of_many(
        sys::op::CREATE_TOPICS,
        Settings::read(options, &["validate_only"])?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe { outcomes(result, sys::rd_kafka_CreateTopics_result_topics) },
        natives,
        sys::rd_kafka_CreateTopics,
    ))
}

/// Deletes topics.
pub fn delete_topics(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_DeleteTopic_destroy);
    for topic in names(&Input::new("topics", items))? {
        // SAFETY: the text is terminated and copied; the object is ours.
        natives.push(unsafe { sys::rd_kafka_DeleteTopic_new(topic.as_ptr()) });
    }
    Ok(Operation::of_many(
        sys::op::DELETE_TOPICS,
        Settings::none(options)?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe { outcomes(result, sys::rd_kafka_DeleteTopics_result_topics) },
        natives,
        sys::rd_kafka_DeleteTopics,
    ))
}

/// Adds partitions to topics.
pub fn create_partitions(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_NewPartitions_destroy);
    let mut distinct = Distinct::default();
    for item in Input::new("topics", items).items()? {
        let fields = item.fields(&["topic", "partitions", "assignment"])?;
        let topic = fields.need("topic")?.name()?;
        distinct.add(&topic, &item)?;
        let total: i32 = fields.need("partitions")?.int_from(1)?;
        // SAFETY: the text is terminated and copied; the object is ours.
        let raw = made(|errstr, size| unsafe {
            sys::rd_kafka_NewPartitions_new(topic.as_ptr(), total as usize, errstr, size)
        });
        let raw = natives.push(raw.map_err(|text| item.refuse(text))?);
        if let Some((place, brokers)) = fields.read("assignment", assignment)? {
            assign(
                raw,
                &place,
                brokers,
                sys::rd_kafka_NewPartitions_set_replica_assignment,
            )?;
        }
    }
    Ok(Operation::of_many(
        sys::op::CREATE_PARTITIONS,
        Settings::read(options, &["validate_only"])?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe { outcomes(result, sys::rd_kafka_CreatePartitions_result_topics) },
        natives,
        sys::rd_kafka_CreatePartitions,
    ))
}

/// Describes topics.
pub fn describe_topics(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let topics = names(&Input::new("topics", items))?;
    Ok(Operation::new(
        sys::op::DESCRIBE_TOPICS,
        Settings::read(options, &["include_authorized_operations"])?,
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let topics = unsafe { array(result, sys::rd_kafka_DescribeTopics_result_topics) };
            // SAFETY: as above.
            let topic = |&topic: &_| unsafe {
                let name = sys::rd_kafka_TopicDescription_name(topic);
                (c_str(name).to_owned(), description(topic))
            };
            Ok(Value::Map(topics.iter().map(topic).collect()))
        },
        move |rk, options, queue| {
            let mut topics: Vec<*const c_char> = topics.iter().map(|name| name.as_ptr()).collect();
            // SAFETY: all are alive, and the names copied.
            unsafe {
                let collection =
                    sys::rd_kafka_TopicCollection_of_topic_names(topics.as_mut_ptr(), topics.len());
                sys::rd_kafka_DescribeTopics(rk, collection, options, queue);
                sys::rd_kafka_TopicCollection_destroy(collection);
            }
        },
    ))
}

/// For each partition the brokers that are to have it, and where that was said.
fn assignment<'a>(input: &Input<'a>) -> Result<(Input<'a>, Vec<Vec<i32>>), Invalid> {
    let partition =
        |partition: &Input| partition.items()?.iter().map(|id| id.int_from(0)).collect();
    let partitions = input
        .items()?
        .iter()
        .map(partition)
        .collect::<Result<_, _>>()?;
    Ok((input.clone(), partitions))
}

type Assign<T> = unsafe extern "C" fn(*mut T, i32, *mut i32, usize, *mut c_char, usize) -> c_int;

fn assign<T>(
    raw: *mut T,
    place: &Input,
    partitions: Vec<Vec<i32>>,
    set: Assign<T>,
) -> Result<(), Invalid> {
    for (partition, mut brokers) in (0..).zip(partitions) {
        let (ids, count) = (brokers.as_mut_ptr(), brokers.len());
        // SAFETY: the object is alive; the numbers are copied.
        super::checked(|errstr, size| unsafe { set(raw, partition, ids, count, errstr, size) })
            .map_err(|error| place.refuse(error))?;
    }
    Ok(())
}

/// # Safety
/// `result` is alive, and `get` belongs to it.
unsafe fn outcomes(
    result: *const Result_,
    get: unsafe extern "C" fn(
        *const Result_,
        *mut usize,
    ) -> *mut *const sys::rd_kafka_topic_result_t,
) -> Result<Value, Error> {
    // SAFETY: by the caller's word; what the result has lives as long.
    let topics = unsafe { array(result, get) };
    // SAFETY: as above.
    let outcome = |&topic: &_| unsafe {
        let name: &CStr = c_str(sys::rd_kafka_topic_result_name(topic));
        let code = sys::rd_kafka_topic_result_error(topic);
        let text = sys::rd_kafka_topic_result_error_string(topic);
        (name.to_owned(), outcome_of_code(code, text))
    };
    Ok(Value::Map(topics.iter().map(outcome).collect()))
}

/// # Safety
/// `topic` is alive.
unsafe fn description(topic: *const sys::rd_kafka_TopicDescription_t) -> Value {
    // SAFETY: by the caller's word; what the topic has lives as long.
    unsafe {
        let outcome = outcome_of_error(sys::rd_kafka_TopicDescription_error(topic));
        if !is_ok(&outcome) {
            return outcome;
        }
        let partitions = array(topic, sys::rd_kafka_TopicDescription_partitions);
        let partition = |&partition: &_| {
            let leader = sys::rd_kafka_TopicPartitionInfo_leader(partition);
            let leader = (!leader.is_null()).then(|| sys::rd_kafka_Node_id(leader));
            Value::map()
                .with(
                    "partition",
                    sys::rd_kafka_TopicPartitionInfo_partition(partition),
                )
                .with("leader", leader.unwrap_or(-1))
                .with(
                    "replicas",
                    ids(array(partition, sys::rd_kafka_TopicPartitionInfo_replicas)),
                )
                .with(
                    "isr",
                    ids(array(partition, sys::rd_kafka_TopicPartitionInfo_isr)),
                )
        };
        let partitions: Vec<Value> = partitions.iter().map(partition).collect();
        let id = sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic));
        // As Kafka writes it, which is base64 for URLs.
        let id = lossy(c_str(id)).replace('+', "-").replace('/', "_");
        let mut count = 0;
        let operations = sys::rd_kafka_TopicDescription_authorized_operations(topic, &mut count);
        outcome
            .with("topic_id", &*id)
            .with(
                "is_internal",
                sys::rd_kafka_TopicDescription_is_internal(topic) != 0,
            )
            .with("partitions", partitions)
            .with("authorized_operations", authorized(operations, count))
    }
}
