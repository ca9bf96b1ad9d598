//! The interface as users see it: the generated files are fresh, the symbols and
//! struct layouts are those that were promised. `make header` (which runs this with
//! KAFKA_UPDATE=1) writes the files anew.

#[path = "abi/reference.rs"]
mod reference;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cbindgen::{Builder, Config, DocumentationStyle, Language};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The header's chapters, in the order in which one reads them.
const OBJECTS: [&str; 24] = [
    "version",
    "clock",
    "error",
    "conf",
    "producer",
    "topic",
    "record",
    "report",
    "transaction",
    "partitions",
    "consumer",
    "group_metadata",
    "lookahead",
    "group",
    "offsets",
    "message",
    "batch",
    "client",
    "event",
    "hub",
    "request",
    "value",
    "admin",
    "mock_cluster",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn render(adjust: impl FnOnce(&mut Config)) -> String {
    let mut config = Config::from_root_or_default(root());
    adjust(&mut config);
    let builder = Builder::new().with_config(config);
    let bindings = OBJECTS
        .iter()
        .map(|object| root().join(format!("src/ffi/{object}.rs")))
        .fold(builder, Builder::with_src)
        .generate()
        .expect("cbindgen reads src/ffi");
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).expect("cbindgen writes UTF-8")
}

/// What C and C++ programs include.
fn header() -> String {
    let preamble = fs::read_to_string(root().join("tests/abi/preamble.h"))
        .unwrap()
        .replace("@VERSION@", VERSION);
    render(|config| {
        config.header = Some(preamble.trim_end().to_owned());
        config.after_includes = Some(format!(
            "#include <stddef.h>\n#include <stdint.h>\n\n/** The version of this header; kafka_version() tells the library's. */\n\
             #define KAFKA_VERSION \"{VERSION}\"\n"
        ));
    })
}

/// The same declarations for LuaJIT's parser, which takes no preprocessor lines.
fn cdef() -> String {
    let declarations = render(|config| {
        config.language = Language::C;
        config.cpp_compat = false;
        config.include_guard = None;
        config.documentation = false;
        config.documentation_style = DocumentationStyle::Auto;
    });
    let lines: Vec<String> = declarations.lines().filter_map(luajit_line).collect();
    let source = lines.join("\n").trim().to_owned();
    format!(
        "-- Generated from src/ffi by cbindgen: change it there and run `make header`.\n\
         return {{\n  \
         abi_version = {abi},\n  \
         version = \"{VERSION}\",\n  \
         hash = \"{hash:016x}\",\n  \
         source = [[\n{source}\n]],\n\
         }}\n",
        abi = kafka::ffi::version::KAFKA_ABI_VERSION,
        hash = fnv1a(source.as_bytes()),
    )
}

/// `#define N 1` becomes `static const int N = 1;`; a 64-bit constant has no LuaJIT form.
fn luajit_line(line: &str) -> Option<String> {
    let Some(define) = line.strip_prefix("#define ") else {
        return (!line.starts_with('#')).then(|| line.to_owned());
    };
    let (name, value) = define.split_once(' ')?;
    let value: i32 = value.trim_matches(['(', ')']).parse().ok()?;
    Some(format!("static const int {name} = {value};"))
}

/// Tells one set of declarations from another; not a secret.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Compares a file with what it should be, and shows the difference; or writes it.
fn check(path: &str, fresh: &str) {
    let file = root().join(path);
    if std::env::var_os("KAFKA_UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, fresh).unwrap();
        return;
    }
    if fs::read_to_string(&file).unwrap_or_default() == fresh {
        return;
    }
    let wanted = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(file.file_name().unwrap());
    fs::write(&wanted, fresh).unwrap();
    let diff = Command::new("diff")
        .arg("-u")
        .args([&file, &wanted])
        .output();
    let diff = diff.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    panic!("{path} is stale; run `make header`\n{diff}");
}

#[test]
fn the_header_is_fresh() {
    check("include/kafka.h", &header());
}

#[test]
fn the_cdef_is_fresh() {
    check("lua/kafka/cdef.lua", &cdef());
}

#[test]
fn the_c_reference_is_fresh() {
    let mut text = fs::read_to_string(root().join("tests/abi/C.md")).unwrap();
    let (header, programs) = (header(), reference::Programs::read(root()));
    for object in OBJECTS {
        let source = fs::read_to_string(root().join(format!("src/ffi/{object}.rs"))).unwrap();
        text += &format!(
            "\n## {object}\n{}",
            reference::chapter(&source, &header, &programs)
        );
    }
    check("docs/C.md", &text);
}

/// A new file in src/ffi that exports something belongs into [`OBJECTS`].
#[test]
fn every_export_has_its_chapter() {
    for entry in fs::read_dir(root().join("src/ffi")).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let exports = source.contains("#[no_mangle]");
        assert_eq!(exports, OBJECTS.contains(&name), "{}", path.display());
    }
}

/// What the shared library lets programs see: our functions, none of librdkafka's or OpenSSL's.
#[test]
fn the_exported_symbols_are_the_promised_ones() {
    let library = root().join("target/release/libkafka.so");
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(&library)
        .output()
        .expect("nm, of binutils");
    assert!(output.status.success(), "{output:?}");
    let listing = String::from_utf8(output.stdout).unwrap();
    let mut symbols: Vec<&str> = listing
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    symbols.sort_unstable();
    check("tests/abi/symbols.txt", &(symbols.join("\n") + "\n"));
}

/// One line for each struct and field: offset and size in bytes.
macro_rules! layout {
    ($text:ident, $type:ident { $($field:ident),* }) => {
        writeln!($text, "{} size {}", stringify!($type), size_of::<$type>()).unwrap();
        // SAFETY: zero is a value for numbers, pointers and arrays of them.
        let value: $type = unsafe { std::mem::zeroed() };
        // Without `..`: a field that is not named here does not compile.
        let $type { $($field),* } = &value;
        $(writeln!(
            $text,
            "  {} at {} size {}",
            stringify!($field),
            offset_of!($type, $field),
            std::mem::size_of_val($field)
        )
        .unwrap();)*
    };
}

/// Programs built before have these numbers compiled in.
#[test]
#[cfg(target_pointer_width = "64")]
fn the_struct_layouts_are_the_promised_ones() {
    use kafka::ffi::batch::kafka_raw_message;
    use kafka::ffi::error::kafka_error;
    use kafka::ffi::event::kafka_event;
    use kafka::ffi::lookahead::kafka_cursor;
    use kafka::ffi::message::kafka_message;
    use kafka::ffi::partitions::kafka_partition;
    use kafka::ffi::record::{kafka_header, kafka_record};
    use kafka::ffi::report::{kafka_counters, kafka_report, kafka_reported};
    use std::fmt::Write;
    use std::mem::{offset_of, size_of};

    let mut listing = String::new();
    layout!(
        listing,
        kafka_error {
            code,
            retriable,
            fatal,
            txn_requires_abort,
            reserved,
            message
        }
    );
    layout!(
        listing,
        kafka_reported {
            last_opaque,
            reported_count,
            failed_count
        }
    );
    layout!(
        listing,
        kafka_report {
            opaque,
            topic,
            offset,
            timestamp,
            latency_us,
            partition,
            code
        }
    );
    layout!(
        listing,
        kafka_counters {
            queued,
            in_flight,
            delivered,
            failed
        }
    );
    layout!(
        listing,
        kafka_header {
            name,
            name_len,
            value,
            value_len
        }
    );
    layout!(
        listing,
        kafka_record {
            key,
            key_len,
            value,
            value_len,
            headers,
            header_count,
            timestamp,
            opaque,
            partition,
            reserved
        }
    );
    layout!(
        listing,
        kafka_message {
            topic,
            value,
            value_len,
            key,
            key_len,
            offset,
            timestamp,
            partition,
            timestamp_type,
            leader_epoch,
            process,
            owner,
            consumer
        }
    );
    layout!(
        listing,
        kafka_raw_message {
            code,
            topic,
            partition,
            value,
            value_len,
            key,
            key_len,
            offset
        }
    );
    layout!(
        listing,
        kafka_cursor {
            next,
            count,
            is_late,
            process,
            process_now
        }
    );
    layout!(
        listing,
        kafka_partition {
            topic,
            offset,
            partition,
            code,
            leader_epoch,
            reserved
        }
    );
    layout!(
        listing,
        kafka_event {
            kind,
            code,
            level,
            throttle_ms,
            fatal,
            retriable,
            is_lost,
            reserved,
            dropped_count,
            facility,
            text,
            text_len,
            partitions,
            owner
        }
    );
    check("tests/abi/layouts.txt", &listing);
}
