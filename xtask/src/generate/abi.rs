//! Programs that were built with the first release of an ABI run with every later library of that ABI.
//!
//! tests/abi/kafka-N.h keeps the declarations of ABI N's first release. Until that release they follow src/ffi; from then on
//! nothing of theirs may go or change. A struct that callers fill in ends in reserved space, which has to be 0: only there may
//! fields be added. All other structs change with a new KAFKA_ABI_VERSION only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{layouts, Generated};
use crate::read;

/// Taken from programs although they do not fill them in: the library did, and gets them back.
const FILLED_BY_THE_LIBRARY: [&str; 2] = ["kafka_message", "kafka_raw_message"];

/// The file that keeps the declarations, as long as it follows them; nothing once they are released, and kept.
pub fn kept(
    root: &Path,
    version: &str,
    abi_version: &str,
    declarations: &str,
) -> Result<Option<Generated>, String> {
    every_struct_can_grow(declarations)?;
    let path = format!("tests/abi/kafka-{abi_version}.h");
    let heading =
        |version: &str| format!("/* ABI {abi_version}, as release {version} began it. */\n");
    let unreleased = format!("## {version} (unreleased)");
    let is_unreleased = read(root, "CHANGELOG.md")?.contains(&unreleased);
    match fs::read_to_string(root.join(&path)) {
        Ok(released) if !is_unreleased || !released.starts_with(&heading(version)) => {
            compare(&released, declarations).map_err(|problem| {
                format!("{path}: {problem}\nPrograms rely on it: raise KAFKA_ABI_VERSION, or leave it as it was")
            })?;
            Ok(None)
        }
        _ => {
            let heading = heading(version);
            let text =
                format!("{heading}#include <stddef.h>\n#include <stdint.h>\n\n{declarations}");
            Ok(Some((path, text)))
        }
    }
}

/// A struct that functions or other structs read has to be marked as one that callers fill in, by its reserved end.
fn every_struct_can_grow(declarations: &str) -> Result<(), String> {
    for layouts::Struct { name, fields } in layouts::structs(declarations)? {
        let is_read = declarations.contains(&format!("const struct {name} *"));
        let ends =
            fields.last() == Some(&"reserved") && declarations.contains(&format!("];\n}} {name};"));
        if is_read && !ends && !FILLED_BY_THE_LIBRARY.contains(&name) {
            return Err(format!(
                "{name} is filled in by callers, and does not end in an array `reserved`, so that it cannot grow"
            ));
        }
    }
    Ok(())
}

/// Fails with the first thing that programs rely on and that has changed.
fn compare(released: &str, today: &str) -> Result<(), String> {
    let (before, now) = (facts(released), facts(today));
    if let Some(changed) = before.difference(&now).next() {
        return Err(format!("gone, or changed: {changed}"));
    }
    let layouts = |declarations: &str| {
        let header = format!("#include <stddef.h>\n#include <stdint.h>\n{declarations}");
        layouts::list(&header, declarations)
    };
    compare_layouts(&layouts(released)?, &layouts(today)?)
}

/// Each constant, each type's name and each function, one a line.
fn facts(declarations: &str) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let mut statement = String::new();
    let mut is_field = false;
    for line in declarations.lines() {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.starts_with("#define KAFKA_") {
            facts.insert(words);
        } else if line.starts_with("typedef struct") && line.ends_with('{') {
            is_field = true;
        } else if line.starts_with('}') {
            is_field = false;
        } else if line.starts_with("    KAFKA_") {
            facts.insert(words.trim_end_matches(',').to_owned());
        } else if !is_field && !line.starts_with(['/', '#']) && !words.ends_with('{') {
            statement += &words;
            if words.ends_with(';') {
                facts.insert(std::mem::take(&mut statement));
            }
        }
    }
    facts
}

/// A struct's size, and where its fields are.
#[derive(Default)]
struct Layout {
    size: usize,
    fields: BTreeMap<String, (usize, usize)>,
}

fn parse(listing: &str) -> BTreeMap<&str, Layout> {
    let mut layouts: BTreeMap<&str, Layout> = BTreeMap::new();
    let mut last = "";
    for line in listing.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| {
            words
                .get(at)
                .and_then(|word| word.parse().ok())
                .unwrap_or(0)
        };
        if line.starts_with(' ') {
            let layout = layouts.entry(last).or_default();
            layout
                .fields
                .insert(words[0].to_owned(), (number(2), number(4)));
        } else {
            last = words[0];
            layouts.entry(last).or_default().size = number(2);
        }
    }
    layouts
}

/// Of a struct that programs know each field stays where it is, and the struct as large; what was reserved may get fields.
fn compare_layouts(released: &str, today: &str) -> Result<(), String> {
    let today = parse(today);
    for (name, before) in parse(released) {
        let Some(now) = today.get(name) else {
            return Err(format!("{name} has no fields any more"));
        };
        if now.size != before.size {
            return Err(format!(
                "{name} has {} bytes, and had {}",
                now.size, before.size
            ));
        }
        for (field, place) in before
            .fields
            .iter()
            .filter(|(field, _)| *field != "reserved")
        {
            if now.fields.get(field) != Some(place) {
                return Err(format!("{name}.{field} is not where it was"));
            }
        }
        let (start, size) = before.fields.get("reserved").copied().unwrap_or_default();
        for (field, (at, length)) in &now.fields {
            let is_inside = *at >= start && at + length <= start + size;
            if !before.fields.contains_key(field) && !is_inside {
                return Err(format!("{name}.{field} is not in what was reserved"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASED: &str = "#define KAFKA_A 1\n\ntypedef enum kafka_e {\n    KAFKA_E_B = -1,\n    KAFKA_E_C = 2\n} kafka_e;\n\n\
        typedef struct kafka_o kafka_o;\n\n\
        typedef struct kafka_in {\n    const void *key;\n    int32_t partition;\n    uint32_t reserved[3];\n} kafka_in;\n\n\
        typedef struct kafka_out {\n    int64_t offset;\n} kafka_out;\n\n\
        int32_t f(const struct kafka_in *in,\n          struct kafka_out *out);\n";

    /// What is wrong with this in the place of that.
    fn problem(before: &str, after: &str) -> String {
        assert!(RELEASED.contains(before), "{before}");
        compare(RELEASED, &RELEASED.replace(before, after)).expect_err(after)
    }

    #[test]
    fn what_programs_rely_on_stays() {
        assert_eq!(compare(RELEASED, RELEASED), Ok(()));
        for (before, after, expected) in [
            ("A 1", "A 2", "gone, or changed: #define KAFKA_A 1"),
            (
                "KAFKA_E_C = 2",
                "KAFKA_E_D = 2",
                "gone, or changed: KAFKA_E_C = 2",
            ),
            (
                "typedef struct kafka_o kafka_o;",
                "",
                "gone, or changed: typedef struct kafka_o kafka_o;",
            ),
            (
                "int32_t f",
                "int64_t f",
                "gone, or changed: int32_t f(const struct kafka_in *in,struct kafka_out *out);",
            ),
            (
                "int64_t offset;",
                "int64_t offset;\n    int32_t code;",
                "kafka_out has 16 bytes, and had 8",
            ),
            (
                "int64_t offset;",
                "int64_t place;",
                "kafka_out.offset is not where it was",
            ),
            (
                "reserved[3]",
                "reserved[5]",
                "kafka_in has 32 bytes, and had 24",
            ),
            (
                "const void *key;\n    int32_t partition;",
                "int32_t partition;\n    const void *key;",
                "kafka_in has 32 bytes, and had 24",
            ),
        ] {
            assert_eq!(problem(before, after), expected);
        }
    }

    #[test]
    fn what_is_new_has_its_place() {
        for (before, after) in [
            (
                "uint32_t reserved[3]",
                "int32_t later;\n    uint32_t reserved[2]",
            ),
            (
                "uint32_t reserved[3]",
                "int32_t later;\n    const void *last",
            ),
            ("#define KAFKA_A 1", "#define KAFKA_A 1\n#define KAFKA_B 2"),
            ("int32_t f", "int32_t g(void);\n\nint32_t f"),
        ] {
            assert!(RELEASED.contains(before), "{before}");
            assert_eq!(
                compare(RELEASED, &RELEASED.replace(before, after)),
                Ok(()),
                "{after}"
            );
        }
    }

    #[test]
    fn a_struct_of_the_callers_ends_in_reserved_space() {
        assert_eq!(every_struct_can_grow(RELEASED), Ok(()));
        let cannot = RELEASED.replace("    uint32_t reserved[3];\n", "");
        let problem = every_struct_can_grow(&cannot).expect_err("it cannot grow");
        assert!(
            problem.starts_with("kafka_in is filled in by callers"),
            "{problem}"
        );
    }
}
