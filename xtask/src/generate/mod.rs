//! The files that are generated from src/ffi: the header, its rendering for LuaJIT, the C reference, the lists of symbols and
//! struct layouts, and the declarations that programs built before rely on.

mod abi;
mod layouts;
mod reference;

use std::fs;
use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, Language};

use crate::{difference, read, version, Outcome};

/// The header's chapters, in the order in which one reads them: the files of src/ffi that export something.
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
    "notifier",
    "future",
    "value",
    "admin",
    "mock_cluster",
];

/// A file's path in the checkout, and what it should hold.
type Generated = (String, String);

/// Writes those files that are not up to date.
pub fn write(root: &Path) -> Outcome {
    let mut report = String::new();
    for (path, fresh) in files(root)? {
        if fs::read_to_string(root.join(&path)).ok().as_ref() != Some(&fresh) {
            fs::write(root.join(&path), fresh).map_err(|error| format!("{path}: {error}"))?;
            report += &format!("{path}\n");
        }
    }
    Ok(report)
}

/// Fails with the differences, if one of the files is not up to date.
pub fn check(root: &Path) -> Outcome {
    let mut report = String::new();
    for (path, fresh) in files(root)? {
        if fs::read_to_string(root.join(&path)).ok().as_ref() != Some(&fresh) {
            report += &format!("{path} is not up to date; run `cargo xtask gen`\n");
            report += &difference(root, &path, &fresh)?;
        }
    }
    match report.is_empty() {
        true => Ok(report),
        false => Err(report),
    }
}

fn files(root: &Path) -> Result<Vec<Generated>, String> {
    every_export_has_its_chapter(root)?;
    let version = version(root)?;
    let header = header(root, &version)?;
    let declarations = declarations(root)?;
    shared_numbers_are_volatile(&declarations)?;
    let abi_version = declarations
        .lines()
        .find_map(|line| line.strip_prefix("#define KAFKA_ABI_VERSION "))
        .ok_or("src/ffi defines no KAFKA_ABI_VERSION")?;
    let mut files = vec![
        ("docs/C.md".to_owned(), reference(root, &header)?),
        (
            "lua/kafka/cdef.lua".to_owned(),
            cdef(&version, abi_version, &declarations),
        ),
        ("tests/abi/symbols.txt".to_owned(), symbols(&declarations)),
    ];
    files.extend(abi::kept(root, &version, abi_version, &declarations)?);
    // They are promised for machines of this width.
    if cfg!(target_pointer_width = "64") {
        files.push((
            "tests/abi/layouts.txt".to_owned(),
            layouts::list(&header, &declarations)?,
        ));
    }
    files.push(("include/kafka.h".to_owned(), header));
    Ok(files)
}

/// A new file in src/ffi that exports something belongs into [`OBJECTS`].
fn every_export_has_its_chapter(root: &Path) -> Result<(), String> {
    let directory = root.join("src/ffi");
    let entries = fs::read_dir(&directory).map_err(|error| format!("src/ffi: {error}"))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let exports = read(root, &format!("src/ffi/{name}"))?.contains("#[no_mangle]");
        if exports && !OBJECTS.contains(&name.trim_end_matches(".rs")) {
            return Err(format!(
                "src/ffi/{name} exports functions and is not in OBJECTS of {}",
                file!()
            ));
        }
    }
    Ok(())
}

fn render(root: &Path, adjust: impl FnOnce(&mut Config)) -> Result<String, String> {
    let mut config = Config::from_file(root.join("xtask/cbindgen.toml"))?;
    adjust(&mut config);
    let builder = Builder::new().with_config(config);
    let bindings = OBJECTS
        .iter()
        .map(|object| root.join(format!("src/ffi/{object}.rs")))
        .fold(builder, Builder::with_src)
        .generate()
        .map_err(|error| format!("cbindgen, of src/ffi: {error}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    // C90 and C++98 have no comma behind the last constant of an enum.
    Ok(text.replace(",\n}", "\n}"))
}

/// What C and C++ programs include.
fn header(root: &Path, version: &str) -> Result<String, String> {
    let preamble = include_str!("preamble.h").replace("@VERSION@", version);
    render(root, |config| {
        config.header = Some(preamble.trim_end().to_owned());
        config.after_includes = Some(format!(
            "#include <stddef.h>\n#include <stdint.h>\n\n\
             /** The version of this header; kafka_version() tells the library's. */\n\
             #define KAFKA_VERSION \"{version}\"\n"
        ));
    })
}

/// The same declarations in plain C: without comments, and for one language.
fn declarations(root: &Path) -> Result<String, String> {
    render(root, |config| {
        config.language = Language::C;
        config.cpp_compat = false;
        config.include_guard = None;
        config.documentation = false;
        config.documentation_style = DocumentationStyle::Auto;
    })
}

/// A number whose address is handed out changes while the program looks at it: an atomic in src/ffi, for which
/// cbindgen.toml has a volatile one. Not so for bytes, which are text.
fn shared_numbers_are_volatile(declarations: &str) -> Result<(), String> {
    let mut is_field = false;
    for line in declarations.lines() {
        is_field = line.starts_with("typedef struct") || is_field && !line.starts_with('}');
        for declaration in line.split(['(', ',', ';']) {
            let stars = declaration.matches('*').count();
            let is_number = declaration
                .split([' ', '*'])
                .any(|word| ["size_t", "float", "double"].contains(&word) || is_sized_int(word));
            // A parameter's first star is where the function reads or writes.
            let is_handed_out = stars > usize::from(!is_field);
            if is_number && is_handed_out && !declaration.contains("volatile") {
                return Err(format!(
                    "src/ffi hands out the address of a number that is not atomic: {}",
                    declaration.trim()
                ));
            }
        }
    }
    Ok(())
}

fn is_sized_int(word: &str) -> bool {
    let bits = word.trim_start_matches('u').strip_prefix("int");
    bits.is_some_and(|bits| ["16_t", "32_t", "64_t"].contains(&bits))
}

/// The declarations for LuaJIT's parser, which takes no preprocessor lines.
fn cdef(version: &str, abi_version: &str, declarations: &str) -> String {
    let lines: Vec<String> = declarations.lines().filter_map(luajit_line).collect();
    let source = lines.join("\n").trim().to_owned();
    format!(
        "-- Generated from src/ffi by cbindgen: change it there and run `make header`.\n\
         return {{\n  \
         abi_version = {abi_version},\n  \
         version = \"{version}\",\n  \
         hash = \"{hash:016x}\",\n  \
         source = [[\n{source}\n]],\n\
         }}\n",
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

/// Differs from one set of declarations to another; not a secret.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The functions that the library has to export, and none besides: sorted, one a line.
fn symbols(declarations: &str) -> String {
    let mut names: Vec<&str> = declarations
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .collect();
    names.sort_unstable();
    names.join("\n") + "\n"
}

/// docs/C.md.
fn reference(root: &Path, header: &str) -> Result<String, String> {
    let programs = reference::Programs::read(root)?;
    let mut text = include_str!("C.md").to_owned();
    for object in OBJECTS {
        let source = read(root, &format!("src/ffi/{object}.rs"))?;
        let chapter = reference::chapter(&source, header, &programs)?;
        text += &format!("\n## {object}\n{chapter}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::shared_numbers_are_volatile;

    #[test]
    fn a_number_is_not_handed_out_unless_it_is_volatile() {
        for refused in [
            "int32_t f(kafka_a *a,\n          const uint32_t **count,\n          kafka_error *err);",
            "int32_t f(size_t **count);",
            "typedef struct kafka_a {\n    const int64_t *time;\n} kafka_a;",
        ] {
            let problem = shared_numbers_are_volatile(refused).expect_err(refused);
            assert!(problem.contains("not atomic"), "{problem}");
        }
        for passed in [
            "int32_t f(const volatile uint32_t **count, size_t *len, const char *const *names);",
            "typedef struct kafka_a {\n    const volatile int64_t *time;\n    const void *key;\n} kafka_a;\n\
             int32_t f(const int32_t *codes);",
        ] {
            assert_eq!(shared_numbers_are_volatile(passed), Ok(()), "{passed}");
        }
    }
}
