//! Rules over the source tree that no compiler and no linter knows.

mod imports;
mod lua;
mod source;
mod words;

use std::fs;
use std::path::Path;

use crate::{read, version, Outcome};

const WORDS: &str = "xtask/words.txt";
const UNSWEPT: &str = "xtask/unswept.txt";

/// Fails with everything that breaks a rule.
pub fn check(root: &Path) -> Outcome {
    let (words, unswept) = (read(root, WORDS)?, read(root, UNSWEPT)?);
    let (banned, mut unswept) = (words::banned(&words), words::read(&unswept)?);
    let mut problems = one_version(root)?;
    for (path, text) in files(root)? {
        let Some(lines) = source::lines(&path, &text) else {
            continue;
        };
        let problems_of_lua = lua::problems(&path, &lines);
        for (line, problem) in imports::problems(&path, &lines)
            .into_iter()
            .chain(problems_of_lua)
        {
            problems.push(format!("{path}:{line}: {problem}"));
        }
        let found = words::find(&path, &lines, &banned);
        problems.extend(words::problem(&path, &found, &unswept));
        unswept.remove(&path);
    }
    // These are no longer there.
    for path in unswept.keys() {
        problems.extend(words::problem(path, &[], &unswept));
    }
    match problems.is_empty() {
        true => Ok(String::new()),
        false => Err(problems.join("\n")),
    }
}

/// Writes the counts of banned words that have gone down.
pub fn lower(root: &Path) -> Outcome {
    let words = read(root, WORDS)?;
    let banned = words::banned(&words);
    let unswept = words::read(&read(root, UNSWEPT)?)?;
    let mut counts = words::Unswept::new();
    for (path, text) in files(root)? {
        let lines = source::lines(&path, &text).unwrap_or_default();
        counts.insert(path.clone(), words::find(&path, &lines, &banned).len());
    }
    let lowered = words::lowered(&unswept, &counts);
    fs::write(root.join(UNSWEPT), lowered).map_err(|error| format!("{UNSWEPT}: {error}"))?;
    check(root)
}

/// The crate's version is the rock's; the header has it by being generated.
fn one_version(root: &Path) -> Result<Vec<String>, String> {
    let version = version(root)?;
    let name = format!("kafka-ffi-{version}-1.rockspec");
    let Ok(rockspec) = read(root, &name) else {
        return Ok(vec![format!(
            "no {name}, and {version} is the version in Cargo.toml"
        )]);
    };
    let expected = [
        format!("version = \"{version}-1\""),
        format!("tag = \"v{version}\""),
    ];
    Ok(expected
        .into_iter()
        .filter(|text| !rockspec.contains(text))
        .map(|text| format!("{name}: no {text}"))
        .collect())
}

/// Every text of the checkout by its path, sorted.
fn files(root: &Path) -> Result<Vec<(String, String)>, String> {
    fn walk(
        root: &Path,
        directory: &str,
        files: &mut Vec<(String, String)>,
    ) -> std::io::Result<()> {
        for entry in fs::read_dir(root.join(directory))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = match directory {
                "" => name.clone(),
                _ => format!("{directory}/{name}"),
            };
            // What is built, and git's.
            if ["target", ".git"].contains(&name.as_str()) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                walk(root, &path, files)?;
            } else if kind.is_file() {
                // What is not text has no words.
                files.extend(fs::read_to_string(entry.path()).map(|text| (path, text)));
            }
        }
        Ok(())
    }
    let mut files = Vec::new();
    walk(root, "", &mut files).map_err(|error| format!("{}: {error}", root.display()))?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout with the least that `check` wants, removed at the end.
    struct Checkout(std::path::PathBuf);

    impl Checkout {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            let checkout = Self(root);
            checkout.write("Cargo.toml", "version = \"1.2.3\"\n");
            checkout.write(
                "kafka-ffi-1.2.3-1.rockspec",
                "version = \"1.2.3-1\"\ntag = \"v1.2.3\"\n",
            );
            checkout.write(WORDS, "# Comment.\nwho\n");
            checkout.write(UNSWEPT, "");
            checkout
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
    }

    impl Drop for Checkout {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn each_rule_is_applied_to_the_tree() {
        let checkout = Checkout::new("rules");
        assert_eq!(check(&checkout.0), Ok(String::new()));

        checkout.write("src/rd/a.rs", "use crate::client;\n");
        checkout.write("lua/kafka/a.lua", "local out = ffi.new(\"int[1]\")\n");
        checkout.write("docs/A.md", "who\n");
        checkout.write(UNSWEPT, "1 gone.rs\n");
        checkout.write(
            "kafka-ffi-1.2.3-1.rockspec",
            "version = \"1.2.3-1\"\ntag = \"v1\"\n",
        );
        let problems = check(&checkout.0).expect_err("five rules are broken");
        for start in [
            "kafka-ffi-1.2.3-1.rockspec: no tag",
            "src/rd/a.rs:1: ",
            "lua/kafka/a.lua:1: ",
            "docs/A.md: ",
            "gone.rs: ",
        ] {
            assert!(problems.contains(start), "no {start} in {problems}");
        }
    }

    #[test]
    fn a_version_without_a_rockspec_is_refused() {
        let checkout = Checkout::new("version");
        checkout.write("Cargo.toml", "version = \"1.2.4\"\n");
        let problems = check(&checkout.0).expect_err("the rockspec is that of 1.2.3");
        assert!(
            problems.contains("no kafka-ffi-1.2.4-1.rockspec"),
            "{problems}"
        );
    }

    #[test]
    fn lowering_writes_the_list() {
        let checkout = Checkout::new("lower");
        checkout.write("docs/A.md", "who\n");
        checkout.write(UNSWEPT, "3 docs/A.md\n2 gone.rs\n");
        assert!(check(&checkout.0).is_err());
        assert_eq!(lower(&checkout.0), Ok(String::new()));
        assert_eq!(read(&checkout.0, UNSWEPT), Ok("1 docs/A.md\n".to_owned()));
    }
}
