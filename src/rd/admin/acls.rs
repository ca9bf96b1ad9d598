//! Access control lists.

use std::ffi::CString;
use std::ptr;

use libc::{c_char, c_int};

use super::{
    array, is_ok, made, optional, outcome_of_error, succeeded, sys, word, Natives, Operation,
    Settings,
};
use crate::value::input::{Input, Invalid};
use crate::value::Value;

const ANY: c_int = 1;

// librdkafka calls the cluster a broker, as Kafka's protocol does.
const TYPES: &[(&str, c_int)] = &[
    ("any", ANY),
    ("topic", 2),
    ("group", 3),
    ("cluster", 4),
    ("transactional_id", 5),
];

const PATTERNS: &[(&str, c_int)] = &[("any", ANY), ("match", 2), ("literal", 3), ("prefixed", 4)];

/// What one may do.
pub(super) const OPERATIONS: &[(&str, c_int)] = &[
    ("any", ANY),
    ("all", 2),
    ("read", 3),
    ("write", 4),
    ("create", 5),
    ("delete", 6),
    ("alter", 7),
    ("describe", 8),
    ("cluster_action", 9),
    ("describe_configs", 10),
    ("alter_configs", 11),
    ("idempotent_write", 12),
];

const PERMISSIONS: &[(&str, c_int)] = &[("any", ANY), ("deny", 2), ("allow", 3)];

const FIELDS: &[&str] = &[
    "type",
    "name",
    "pattern",
    "principal",
    "host",
    "operation",
    "permission",
];

type Acl = sys::rd_kafka_AclBinding_t;

/// Adds entries.
pub fn create_acls(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_AclBinding_destroy);
    for item in Input::new("acls", items).items()? {
        natives.push(binding(&item)?);
    }
    Ok(Operation::of_many(
        sys::op::CREATE_ACLS,
        Settings::none(options)?,
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let results = unsafe { array(result, sys::rd_kafka_CreateAcls_result_acls) };
            // SAFETY: as above.
            let result =
                |&result: &_| unsafe { outcome_of_error(sys::rd_kafka_acl_result_error(result)) };
            Ok(Value::List(results.iter().map(result).collect()))
        },
        natives,
        sys::rd_kafka_CreateAcls,
    ))
}

/// Finds the entries that a filter matches.
pub fn describe_acls(
    filter: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let filter = Natives::of_one(
        filter_of(&Input::new_map("filter", filter))?,
        sys::rd_kafka_AclBinding_destroy,
    );
    Ok(Operation::new(
        sys::op::DESCRIBE_ACLS,
        Settings::none(options)?,
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let acls = unsafe { array(result, sys::rd_kafka_DescribeAcls_result_acls) };
            Ok(Value::List(
                acls.iter()
                    // SAFETY: as above.
                    .map(|&acl| unsafe { description(acl) })
                    .collect(),
            ))
        },
        move |rk, options, queue| {
            // SAFETY: all are alive, and the filter copied.
            unsafe { sys::rd_kafka_DescribeAcls(rk, filter.items[0], options, queue) };
        },
    ))
}

/// Removes the entries that filters match.
pub fn delete_acls(filters: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_AclBinding_destroy);
    for filter in Input::new("filters", filters).items()? {
        natives.push(filter_of(&filter)?);
    }
    Ok(Operation::of_many(
        sys::op::DELETE_ACLS,
        Settings::none(options)?,
        |result| {
            // SAFETY: `result` is alive, see [`Read`].
            let responses = unsafe { array(result, sys::rd_kafka_DeleteAcls_result_responses) };
            // SAFETY: as above.
            let response = |&response: &_| unsafe {
                let error = sys::rd_kafka_DeleteAcls_result_response_error(response);
                let outcome = outcome_of_error(error);
                if !is_ok(&outcome) {
                    return outcome;
                }
                let matching = sys::rd_kafka_DeleteAcls_result_response_matching_acls;
                let acls = array(response, matching).iter();
                outcome.with(
                    "acls",
                    acls.map(|&acl| description(acl)).collect::<Vec<_>>(),
                )
            };
            Ok(Value::List(responses.iter().map(response).collect()))
        },
        natives,
        sys::rd_kafka_DeleteAcls,
    ))
}

fn binding(input: &Input) -> Result<*mut Acl, Invalid> {
    let fields = input.fields(FIELDS)?;
    let of_type = fields.need("type")?.choice(&TYPES[1..])?;
    let name = fields.need("name")?.name()?;
    let pattern = fields.read("pattern", |pattern| pattern.choice(&PATTERNS[2..]))?;
    let principal = fields.need("principal")?.name()?;
    let host = fields
        .read("host", Input::name)?
        .unwrap_or_else(|| c"*".to_owned());
    let operation = fields.need("operation")?.choice(&OPERATIONS[1..])?;
    let permission = fields.need("permission")?.choice(&PERMISSIONS[1..])?;
    // SAFETY: the texts are terminated and copied.
    let raw = made(|errstr, size| unsafe {
        sys::rd_kafka_AclBinding_new(
            of_type,
            name.as_ptr(),
            pattern.unwrap_or(PATTERNS[2].1),
            principal.as_ptr(),
            host.as_ptr(),
            operation,
            permission,
            errstr,
            size,
        )
    });
    raw.map_err(|text| input.refuse(text))
}

/// What is not said may be anything.
fn filter_of(input: &Input) -> Result<*mut Acl, Invalid> {
    let fields = input.fields(FIELDS)?;
    let choice = |name, words| {
        let chosen = fields.read(name, |input| input.choice(words));
        chosen.map(|chosen| chosen.unwrap_or(ANY))
    };
    let [of_type, pattern, operation, permission] = [
        choice("type", TYPES)?,
        choice("pattern", PATTERNS)?,
        choice("operation", OPERATIONS)?,
        choice("permission", PERMISSIONS)?,
    ];
    let text = |name| fields.read(name, Input::name);
    let [name, principal, host] = [text("name")?, text("principal")?, text("host")?];
    let raw = |text: &Option<CString>| -> *const c_char {
        text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
    };
    // SAFETY: the texts are null, or terminated and copied.
    let made = made(|errstr, size| unsafe {
        sys::rd_kafka_AclBindingFilter_new(
            of_type,
            raw(&name),
            pattern,
            raw(&principal),
            raw(&host),
            operation,
            permission,
            errstr,
            size,
        )
    });
    made.map_err(|text| input.refuse(text))
}

/// # Safety
/// `acl` is alive.
unsafe fn description(acl: *const Acl) -> Value {
    // SAFETY: by the caller's word; what the entry has lives as long.
    unsafe {
        let outcome = outcome_of_error(sys::rd_kafka_AclBinding_error(acl));
        let outcome = if is_ok(&outcome) {
            succeeded()
        } else {
            outcome
        };
        outcome
            .with("type", word(TYPES, sys::rd_kafka_AclBinding_restype(acl)))
            .with("name", optional(sys::rd_kafka_AclBinding_name(acl)))
            .with(
                "pattern",
                word(
                    PATTERNS,
                    sys::rd_kafka_AclBinding_resource_pattern_type(acl),
                ),
            )
            .with(
                "principal",
                optional(sys::rd_kafka_AclBinding_principal(acl)),
            )
            .with("host", optional(sys::rd_kafka_AclBinding_host(acl)))
            .with(
                "operation",
                word(OPERATIONS, sys::rd_kafka_AclBinding_operation(acl)),
            )
            .with(
                "permission",
                word(PERMISSIONS, sys::rd_kafka_AclBinding_permission_type(acl)),
            )
    }
}
