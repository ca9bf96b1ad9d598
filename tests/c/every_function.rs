//! A C program that calls every exported function in every way that must be refused: each
//! pointer NULL, all of them NULL, the object closed, the object made before a fork.

use std::fmt::Write;

use crate::header::{Function, Parameter};

/// The pointers that may be NULL, by the header's own words.
const NULLABLE: &[(&str, &str)] = &[
    ("kafka_conf_get", "value_len"),
    ("kafka_producer_new", "conf"),
    ("kafka_producer_create_topic", "topic_conf"),
    ("kafka_producer_close", "lost_count"),
    ("kafka_consumer_new", "conf"),
    ("kafka_consumer_assign", "partitions"),
    ("kafka_consumer_accept_rebalance", "partitions"),
    ("kafka_consumer_position", "partitions"),
    ("kafka_consumer_commit", "partitions"),
    ("kafka_consumer_commit", "committed"),
    ("kafka_consumer_commit_async", "partitions"),
    ("kafka_consumer_seek", "places"),
    ("kafka_message_headers", "headers"),
    ("kafka_admin_new", "conf"),
    ("kafka_admin_elect_leaders", "partitions"),
    ("kafka_admin_describe_acls", "filter"),
    ("kafka_admin_describe_user_scram_credentials", "users"),
    ("kafka_client_metadata", "topic"),
    ("kafka_producer_produce_batch", "codes"),
    ("kafka_value_item", "name"),
    ("kafka_value_text", "text_len"),
];

/// The program's source.
pub fn program(functions: &[Function]) -> String {
    for (function, parameter) in NULLABLE {
        assert!(
            functions
                .iter()
                .any(|f| f.name == *function && f.parameters.iter().any(|p| p.name == *parameter)),
            "{function} has no {parameter}"
        );
    }
    let sections = [
        ("nothing_at_all", nothing_at_all(functions)),
        ("one_null_refused", one_null_refused(functions)),
        ("one_null_accepted", one_null_accepted(functions)),
        ("closed", closed(functions)),
        ("forked", forked(functions)),
    ];
    let mut source = String::from("#include \"every_function.h\"\n");
    for (name, body) in &sections {
        let _ = write!(source, "\nstatic void {name}(void)\n{{\n{body}}}\n");
    }
    source.push_str("\nint main(void)\n{\n");
    for (name, _) in &sections {
        let _ = writeln!(source, "    {name}();");
    }
    source.push_str("    return 0;\n}\n");
    source
}

/// How a function is called that may wait.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Without a future: it blocks, and has places for its results.
    Blocking,
    /// With a future, and without places for results.
    WithFuture,
}

fn is_future(parameter: &Parameter) -> bool {
    parameter.base == "kafka_future" && parameter.stars == 2
}

/// The ways to call a function.
fn modes(function: &Function) -> &'static [Mode] {
    match function.parameters.iter().any(is_future) {
        true => &[Mode::Blocking, Mode::WithFuture],
        false => &[Mode::Blocking],
    }
}

/// Whether it is a place for a result of a function that may wait.
fn is_result(function: &Function, parameter: &Parameter) -> bool {
    modes(function).len() > 1
        && !is_future(parameter)
        && (parameter.stars == 2
            || ["lost_count", "low", "high"].contains(&parameter.name.as_str()))
}

/// A call, with arguments chosen by `choose`.
fn call(function: &Function, choose: impl Fn(&Parameter) -> String) -> String {
    let arguments: Vec<String> = function.parameters.iter().map(choose).collect();
    format!("{}({})", function.name, arguments.join(", "))
}

fn with_pointers(functions: &[Function]) -> impl Iterator<Item = &Function> {
    functions
        .iter()
        .filter(|function| function.parameters.iter().any(Parameter::is_pointer))
}

fn nothing_at_all(functions: &[Function]) -> String {
    let mut body = String::new();
    for function in with_pointers(functions) {
        let zeros = |parameter: &Parameter, err: &str| match parameter.name.as_str() {
            "err" => err.to_owned(),
            _ if parameter.is_pointer() => "NULL".to_owned(),
            _ => "0".to_owned(),
        };
        let without_err = call(function, |parameter| zeros(parameter, "NULL"));
        if function.returns == "void" {
            let _ = writeln!(body, "    {without_err};");
            continue;
        }
        let with_err = call(function, |parameter| zeros(parameter, "&err"));
        let _ = writeln!(body, "    REFUSED_QUIETLY({without_err});");
        let _ = writeln!(body, "    REFUSED({with_err}, \"\");");
    }
    body
}

/// Every pointer of every function that returns a code, with a call that has only that one NULL.
fn one_null_calls(functions: &[Function]) -> Vec<(&Function, &Parameter, String)> {
    with_pointers(functions)
        .filter(|function| function.returns != "void")
        .flat_map(|function| modes(function).iter().map(move |&mode| (function, mode)))
        .flat_map(|(function, mode)| {
            let pointers = function.parameters.iter().filter(|it| it.is_pointer());
            pointers.map(move |null| (function, mode, null))
        })
        // What is NULL in any case.
        .filter(|(function, mode, null)| {
            !is_future(null) && (*mode == Mode::Blocking || !is_result(function, null))
        })
        .map(|(function, mode, null)| {
            let call = call(function, |parameter| match parameter.name == null.name {
                true => "NULL".to_owned(),
                false => valid(function, parameter, mode),
            });
            (function, null, call)
        })
        .collect()
}

fn may_be_null(function: &Function, parameter: &Parameter) -> bool {
    parameter.name == "err"
        || parameter.name == "options"
        || (function.name.starts_with("kafka_admin_") && parameter.name == "result")
        || NULLABLE.contains(&(function.name.as_str(), parameter.name.as_str()))
}

fn one_null_refused(functions: &[Function]) -> String {
    let mut body = String::from("    world_new();\n");
    for (function, null, call) in one_null_calls(functions) {
        if !may_be_null(function, null) {
            let _ = writeln!(body, "    REFUSED({call}, \"{}\");", null.name);
            let _ = writeln!(body, "    UNTOUCHED_OUTPUTS();");
        }
    }
    for function in functions {
        // With a future, and with places for its results besides.
        let results = function.parameters.iter();
        let mut results = results.filter(|parameter| is_result(function, parameter));
        if let Some(result) = results.next() {
            let call = call(function, |parameter| match is_future(parameter) {
                true => "&outputs.future".to_owned(),
                false => valid(function, parameter, Mode::Blocking),
            });
            let text = format!("{} and future are both given", result.name);
            let _ = writeln!(body, "    REFUSED({call}, \"{text}\");");
            let _ = writeln!(body, "    UNTOUCHED_OUTPUTS();");
        }
    }
    body.push_str("    world_free();\n");
    body
}

fn one_null_accepted(functions: &[Function]) -> String {
    let mut body = String::from("    world_new();\n");
    for (function, null, call) in one_null_calls(functions) {
        if !may_be_null(function, null) {
            continue;
        }
        let _ = writeln!(body, "    outputs_reset();\n    ACCEPTED({call});");
        for parameter in &function.parameters {
            let Some(object) = object_name(&parameter.base) else {
                continue;
            };
            let free = format!("{}_free", parameter.base);
            let is_owned = functions.iter().any(|function| function.name == free);
            if parameter.stars == 2 && !parameter.is_const && is_owned {
                let _ = writeln!(body, "    FREE_OUTPUT({object});");
            } else if parameter.name == "item" && parameter.stars == 1 {
                // It was given away.
                let _ = writeln!(body, "    OK(kafka_value_new_null(&world.item, &err));");
            }
        }
        // To commit while a group that one has only begun to join is left holds up the closing of a consumer.
        let ends = ["_close", "_unsubscribe"];
        if ends.iter().any(|end| function.name.ends_with(end)) {
            body.push_str("    world_free();\n    world_new();\n");
        }
    }
    body.push_str("    world_free();\n");
    body
}

/// The functions that want an object that can be closed, by itself or with its owner, and that
/// object's type.
fn on_closable(functions: &[Function]) -> impl Iterator<Item = (&Function, &str)> {
    let closable = |subject: &str| {
        let close = format!("{subject}_close");
        subject == "kafka_client" || functions.iter().any(|function| function.name == close)
    };
    functions
        .iter()
        .filter(|function| function.returns != "void")
        // For one whose calls have ended with an error, as its close.
        .filter(|function| function.name != "kafka_client_explain")
        .filter_map(|function| Some((function, function.subject()?)))
        .filter(move |(_, subject)| closable(subject))
}

fn closed(functions: &[Function]) -> String {
    let is_close =
        |(function, subject): &(&Function, &str)| function.name == format!("{subject}_close");
    let mut body = String::from("    world_new();\n");
    let calls = |function| {
        let all_valid = move |&mode| call(function, |parameter| valid(function, parameter, mode));
        modes(function).iter().map(all_valid)
    };
    for (function, _) in on_closable(functions).filter(is_close) {
        // It may time out, and is closed even so.
        let call = calls(function).next().unwrap_or_default();
        let _ = writeln!(body, "    outputs_reset();\n    ACCEPTED({call});");
    }
    for on in on_closable(functions) {
        for call in calls(on.0) {
            let _ = match is_close(&on) {
                true => writeln!(
                    body,
                    "    outputs_reset();\n    OK({call});\n    FREE_OUTPUT(future);"
                ),
                false => writeln!(body, "    outputs_reset();\n    CLOSED({call});"),
            };
        }
    }
    body.push_str("    world_free();\n");
    body
}

fn forked(functions: &[Function]) -> String {
    let mut body = String::from("    world_new();\n    if (in_a_child()) {\n");
    for (function, _) in on_closable(functions) {
        for &mode in modes(function) {
            let call = call(function, |parameter| valid(function, parameter, mode));
            let _ = writeln!(body, "        FORKED({call});");
        }
    }
    body.push_str("        world_free();\n        exit(0);\n    }\n    world_free();\n");
    body
}

/// The name of an object in the program's world.
fn object_name(base: &str) -> Option<&str> {
    let objects = [
        "conf",
        "topic_conf",
        "producer",
        "topic",
        "partitions",
        "consumer",
        "mock_cluster",
        "client",
        "admin",
        "future",
        "notifier",
        "group_metadata",
        "value",
        "batch",
    ];
    let name = base.strip_prefix("kafka_")?;
    objects.contains(&name).then_some(name)
}

/// An argument that can be used.
fn valid(function: &Function, parameter: &Parameter, mode: Mode) -> String {
    let is_absent = match mode {
        Mode::Blocking => is_future(parameter),
        Mode::WithFuture => is_result(function, parameter),
    };
    if is_absent {
        return "NULL".into();
    }
    let object = object_name(&parameter.base);
    let name = parameter.name.as_str();
    match (parameter.base.as_str(), parameter.stars, parameter.is_const) {
        ("kafka_error", 1, _) => "&err".into(),
        ("kafka_value", 1, _) => match (function.name.as_str(), name) {
            (_, "options" | "filter") => "world.nothing".into(),
            (function, "users") if function.starts_with("kafka_admin_") => "world.names".into(),
            (
                "kafka_admin_delete_topics"
                | "kafka_admin_describe_topics"
                | "kafka_admin_describe_groups"
                | "kafka_admin_delete_groups",
                _,
            ) => "world.names".into(),
            ("kafka_admin_alter_group_offsets", _) => "world.items[3]".into(),
            ("kafka_admin_list_offsets", _) => "world.items[4]".into(),
            ("kafka_admin_delete_records", _) => "world.items[5]".into(),
            (_, "topics") => "world.items[0]".into(),
            (_, "resources" | "filters") => "world.items[1]".into(),
            (_, "groups") => "world.items[2]".into(),
            (_, "acls") => "world.items[6]".into(),
            (_, "alterations") => "world.items[7]".into(),
            ("kafka_admin_elect_leaders", _) => "world.items[8]".into(),
            ("kafka_value_int", _) => "world.integer".into(),
            ("kafka_value_text", _) => "world.text".into(),
            (_, "list" | "item") => format!("world.{name}"),
            _ => "world.map".into(),
        },
        ("kafka_message", 1, true) => "&world.message".into(),
        (_, 1, _) if object.is_some() => format!("world.{}", object.unwrap_or_default()),
        (_, 2, true) if object.is_some() => {
            format!("&outputs.const_{}", object.unwrap_or_default())
        }
        (_, 2, false) if object.is_some() => format!("&outputs.{}", object.unwrap_or_default()),
        (
            "kafka_poll_result" | "kafka_report" | "kafka_counters" | "kafka_message"
            | "kafka_header" | "kafka_partition" | "kafka_event",
            1,
            false,
        ) => {
            format!("&outputs.{}", &parameter.base["kafka_".len()..])
        }
        ("kafka_record", 1, true) => "&world.record".into(),
        ("kafka_cursor", 2, false) => "&outputs.cursor".into(),
        ("kafka_raw_message", 1, true) => "world.raw_messages[0]".into(),
        ("kafka_raw_message", _, true) => "&outputs.raw_messages".into(),
        ("char", 1, true) => match name {
            "brokers" => "world.servers".into(),
            "topic" => "\"there\"".into(),
            "value" => "\"1\"".into(),
            "api" => "\"Produce\"".into(),
            // A property of clients and of topics, and no bad name for a topic.
            _ => "\"acks\"".into(),
        },
        ("char", 2, true) if name == "extensions" => "world.extensions".into(),
        ("char", 2, true) => "&outputs.text".into(),
        ("char", 1, false) => "outputs.buffer".into(),
        ("void", 1, true) => "\"bytes\"".into(),
        ("int32_t", 1, true) => "&world.number".into(),
        ("size_t", 1, false) => "&outputs.size".into(),
        ("uint64_t", 1, false) => "&outputs.count".into(),
        ("int32_t", 1, false) => "&outputs.number".into(),
        ("int64_t", 1, false) => "&outputs.long_number".into(),
        ("uint32_t", 2, true) => "&outputs.live_count".into(),
        ("int32_t", 0, _) => match name {
            "broker_id" | "broker_count" | "partition_count" | "replication_factor" => "1".into(),
            _ => "0".into(),
        },
        ("size_t", 0, _) if name == "value_size" => "sizeof outputs.buffer".into(),
        ("size_t", 0, _) if name == "index" => "0".into(),
        ("size_t", 0, _) if name == "bytes" => "1 << 20".into(),
        // Together with NULL it asks for the count alone.
        ("size_t", 0, _) if name == "header_max" => "0".into(),
        ("size_t", 0, _) => "1".into(),
        ("uint32_t", 0, _) => "KAFKA_EVENT_ERROR".into(),
        ("uint64_t" | "int64_t", 0, _) => "0".into(),
        _ => panic!(
            "{}: what is a valid {} {}? Say it here",
            function.name, parameter.base, name
        ),
    }
}
