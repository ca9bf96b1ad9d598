//! The configuration of topics, brokers and groups.

use std::collections::HashMap;
use std::ffi::CString;
use std::ptr;

use libc::c_int;

use super::{
    array, c_str, is_ok, optional, outcome_of_code, sys, word, Natives, Operation, Result_,
    Settings,
};
use crate::rd::error::Error;
use crate::value::input::{Distinct, Fields, Input, Invalid};
use crate::value::Value;

const TYPES: &[(&str, c_int)] = &[("topic", 2), ("group", 3), ("broker", 4)];

const SOURCES: &[(&str, c_int)] = &[
    ("DYNAMIC_TOPIC_CONFIG", 1),
    ("DYNAMIC_BROKER_CONFIG", 2),
    ("DYNAMIC_DEFAULT_BROKER_CONFIG", 3),
    ("STATIC_BROKER_CONFIG", 4),
    ("DEFAULT_CONFIG", 5),
    ("DYNAMIC_BROKER_LOGGER_CONFIG", 6),
    ("CLIENT_METRICS_CONFIG", 7),
    ("GROUP_CONFIG", 8),
];

/// What can be done to a property, and librdkafka's number for it.
const CHANGES: &[(&str, c_int)] = &[("set", 0), ("append", 2), ("subtract", 3)];
const DELETE: c_int = 1;

/// Reads the configuration of topics, brokers and groups.
pub fn describe_configs(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    Ok(Operation::of_many(
        sys::op::DESCRIBE_CONFIGS,
        Settings::none(options)?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            let get = sys::rd_kafka_DescribeConfigs_result_resources;
            outcomes(result, get, |outcome, resource| {
                let configs = array(resource, sys::rd_kafka_ConfigResource_configs);
                let config = |&entry: &_| {
                    let name = c_str(sys::rd_kafka_ConfigEntry_name(entry));
                    (name.to_owned(), config(entry))
                };
                outcome.with("configs", Value::Map(configs.iter().map(config).collect()))
            })
        },
        resources(items, &[], |_, _| Ok(()))?,
        sys::rd_kafka_DescribeConfigs,
    ))
}

/// Changes single properties, and leaves the others as they are.
pub fn incremental_alter_configs(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let changes = ["set", "append", "subtract", "delete"];
    let natives = resources(items, &changes, |raw, fields| {
        let mut distinct = Distinct::default();
        let mut change = |name: &CString, place: &Input, operation, value: Option<CString>| {
            distinct.add(name, place)?;
            let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
            // SAFETY: the texts are terminated and copied; an error object is ours.
            unsafe {
                Error::check(sys::rd_kafka_ConfigResource_add_incremental_config(
                    raw,
                    name.as_ptr(),
                    operation,
                    value,
                ))
            }
            .map_err(|error| place.refuse(error))
        };
        for &(field, operation) in CHANGES {
            for (name, value) in fields.read(field, Input::entries)?.unwrap_or_default() {
                change(&name, &value, operation, Some(value.setting()?))?;
            }
        }
        for name in fields.read("delete", Input::list)?.unwrap_or_default() {
            change(&name.name()?, &name, DELETE, None)?;
        }
        Ok(())
    })?;
    Ok(Operation::of_many(
        sys::op::INCREMENTAL_ALTER_CONFIGS,
        Settings::read(options, &["validate_only"])?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            let get = sys::rd_kafka_IncrementalAlterConfigs_result_resources;
            outcomes(result, get, |outcome, _| outcome)
        },
        natives,
        sys::rd_kafka_IncrementalAlterConfigs,
    ))
}

/// Resources of a type and a name, which `fill` completes from fields of these names.
fn resources(
    items: Option<&Value>,
    more_fields: &[&str],
    fill: impl Fn(*mut sys::rd_kafka_ConfigResource_t, &Fields) -> Result<(), Invalid>,
) -> Result<Natives<sys::rd_kafka_ConfigResource_t>, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_ConfigResource_destroy);
    let mut distinct = Distinct::default();
    let mut types = HashMap::new();
    let known = [&["type", "name"], more_fields].concat();
    for item in Input::new("resources", items).items()? {
        let fields = item.fields(&known)?;
        let of_type = fields.need("type")?.choice(TYPES)?;
        // A broker's name is its number.
        let name = fields.need("name")?.setting()?;
        if name.is_empty() {
            return Err(item.refuse("the name is empty"));
        }
        if *types.entry(name.clone()).or_insert(of_type) != of_type {
            let name = name.to_string_lossy();
            let text = "is another type's name already, and the result has one entry for a name";
            return Err(item.refuse(format_args!("'{name}' {text}")));
        }
        distinct.add(&name, &item)?;
        // SAFETY: the text is terminated and copied; the object is ours.
        let raw = unsafe { sys::rd_kafka_ConfigResource_new(of_type, name.as_ptr()) };
        fill(natives.push(raw), &fields)?;
    }
    Ok(natives)
}

/// Resources and what became of each, which `complete` adds to if it is good.
///
/// # Safety
/// `result` is alive, and `get` belongs to it.
unsafe fn outcomes(
    result: *const Result_,
    get: unsafe extern "C" fn(
        *const Result_,
        *mut usize,
    ) -> *mut *const sys::rd_kafka_ConfigResource_t,
    complete: impl Fn(Value, *const sys::rd_kafka_ConfigResource_t) -> Value,
) -> Result<Value, Error> {
    // SAFETY: by the caller's word; what the result has lives as long.
    let resources = unsafe { array(result, get) };
    // SAFETY: as above.
    let outcome = |&resource: &_| unsafe {
        let name = c_str(sys::rd_kafka_ConfigResource_name(resource));
        let outcome = outcome_of_code(
            sys::rd_kafka_ConfigResource_error(resource),
            sys::rd_kafka_ConfigResource_error_string(resource),
        );
        let of_type = word(TYPES, sys::rd_kafka_ConfigResource_type(resource));
        let outcome = outcome.with("type", of_type);
        let outcome = match is_ok(&outcome) {
            true => complete(outcome, resource),
            false => outcome,
        };
        (name.to_owned(), outcome)
    };
    Ok(Value::Map(resources.iter().map(outcome).collect()))
}

/// # Safety
/// `entry` is alive.
unsafe fn config(entry: *const sys::rd_kafka_ConfigEntry_t) -> Value {
    // SAFETY: by the caller's word; what the entry has lives as long.
    unsafe {
        let described = |entry| {
            Value::map()
                .with("value", optional(sys::rd_kafka_ConfigEntry_value(entry)))
                .with(
                    "source",
                    word(SOURCES, sys::rd_kafka_ConfigEntry_source(entry)),
                )
        };
        let synonym = |&entry: &_| {
            described(entry).with("name", optional(sys::rd_kafka_ConfigEntry_name(entry)))
        };
        let synonyms = array(entry, sys::rd_kafka_ConfigEntry_synonyms);
        let synonyms: Vec<Value> = synonyms.iter().map(synonym).collect();
        // -1 where the broker did not say.
        let flag = |answer: c_int| answer > 0;
        described(entry)
            .with(
                "is_default",
                flag(sys::rd_kafka_ConfigEntry_is_default(entry)),
            )
            .with(
                "is_read_only",
                flag(sys::rd_kafka_ConfigEntry_is_read_only(entry)),
            )
            .with(
                "is_sensitive",
                flag(sys::rd_kafka_ConfigEntry_is_sensitive(entry)),
            )
            .with("synonyms", synonyms)
    }
}
