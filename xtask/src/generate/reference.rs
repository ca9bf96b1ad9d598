//! docs/C.md, made of the same declarations as the header: each chapter's functions, with their comments and with a
//! call that a test makes.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A documented item of a source file.
struct Item<'a> {
    /// What is said above it, without the slashes.
    doc: Vec<&'a str>,
    /// Its first line behind the attributes.
    code: &'a str,
}

fn items(source: &str) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut doc = Vec::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if !line.starts_with("#[") && !line.starts_with("// ") {
            if !doc.is_empty() {
                items.push(Item { doc, code: line });
            }
            doc = Vec::new();
        }
    }
    items
}

impl Item<'_> {
    /// What is said above it, as it is written.
    fn text(&self) -> String {
        self.doc.join("\n")
    }

    /// The name behind `before`, if the item is one of that kind.
    fn name(&self, before: &str) -> Option<&str> {
        let rest = self.code.split_once(before)?.1;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
    }
}

/// The C programs of the tests, by their paths: what calls are shown from.
pub struct Programs(Vec<(String, String)>);

impl Programs {
    /// Those under `root`.
    pub fn read(root: &Path) -> Result<Self, String> {
        let directory = root.join("tests/c");
        let files = fs::read_dir(directory).map_err(|error| format!("tests/c: {error}"))?;
        let mut names: Vec<String> = files
            .flatten()
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".c") || name == "check.h")
            .collect();
        // Those that say more by it come first.
        names.sort_by_key(|name| (name == "check.h", name.clone()));
        let read = |name: String| {
            let path = format!("tests/c/{name}");
            let text = crate::read(root, &path)?;
            Ok((path, text))
        };
        Ok(Self(
            names.into_iter().map(read).collect::<Result<_, String>>()?,
        ))
    }

    /// The file and the text of the first statement that calls a function, one that has to succeed if there is any.
    fn call(&self, function: &str) -> Option<(&str, String)> {
        let calls = |text: &str, line: &str| {
            line.match_indices(&format!("{function}(")).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            }) && !text.is_empty()
        };
        let in_order = |wanted: fn(&str) -> bool| {
            self.0.iter().find_map(|(path, text)| {
                let mut lines = text.lines();
                let is_it = |line: &&str| calls(text, line) && wanted(line.trim_start());
                let first = lines.by_ref().find(is_it)?;
                let mut statement = vec![first];
                // To the end of the statement, or of the line that opens a block.
                while !statement.last()?.trim_end().ends_with([';', '{', '}']) {
                    statement.push(lines.next()?);
                }
                let indent = first.len() - first.trim_start().len();
                let dedented = statement
                    .iter()
                    .map(|line| line.get(indent..).unwrap_or_else(|| line.trim_start()));
                Some((path.as_str(), dedented.collect::<Vec<_>>().join("\n")))
            })
        };
        in_order(|line| line.starts_with("OK(")).or_else(|| in_order(|_| true))
    }
}

/// A function's declaration in the header, where comments are indented or begin with a slash.
fn declaration(header: &str, function: &str) -> Option<String> {
    let is_start = |line: &&str| {
        line.starts_with(char::is_alphabetic)
            && [" ", "*"]
                .iter()
                .any(|before| line.contains(&format!("{before}{function}(")))
    };
    let mut lines = header.lines().skip_while(|line| !is_start(line));
    let mut text = lines.next()?.to_owned();
    while !text.ends_with(';') {
        text = text + "\n" + lines.next()?;
    }
    Some(text)
}

/// One source file's chapter. Nothing, if it exports nothing.
pub fn chapter(source: &str, header: &str, programs: &Programs) -> Result<String, String> {
    let items = items(source);
    let mut text = String::new();
    for item in &items {
        if let Some(name) = item.name("pub struct ").filter(|n| n.starts_with("kafka_")) {
            let _ = writeln!(text, "\n**`{name}`**: {}", item.text());
        }
    }
    for item in &items {
        let Some(name) = item.name("extern \"C\" fn ") else {
            continue;
        };
        let declaration = declaration(header, name)
            .ok_or_else(|| format!("{name} is exported and not in the header"))?;
        let _ = write!(
            text,
            "\n### {name}\n\n```c\n{declaration}\n```\n\n{}\n",
            item.text()
        );
        let (path, call) = programs
            .call(name)
            .ok_or_else(|| format!("no program in tests/c calls {name}"))?;
        let _ = write!(text, "\nAs in [{path}](../{path}):\n\n```c\n{call}\n```\n");
    }
    Ok(text)
}
