//! docs/C.md, drawn from the same declarations as the header: each chapter's functions, with
//! the first paragraph of what is said above them.

use std::fmt::Write;

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
    /// The first paragraph, as one line of a table.
    fn summary(&self) -> String {
        let lines: Vec<&str> = self
            .doc
            .iter()
            .take_while(|line| !line.is_empty())
            .copied()
            .collect();
        lines.join(" ").replace('|', "\\|")
    }

    /// The name behind `before`, if the item is one of that kind.
    fn name(&self, before: &str) -> Option<&str> {
        let rest = self.code.split_once(before)?.1;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
    }
}

/// One source file's chapter. Nothing, if it exports nothing.
pub fn chapter(source: &str) -> String {
    let items = items(source);
    let mut text = String::new();
    for item in &items {
        if let Some(name) = item.name("pub struct ").filter(|n| n.starts_with("kafka_")) {
            let _ = writeln!(text, "\n**`{name}`**: {}", item.summary());
        }
    }
    let functions: Vec<(&str, String)> = items
        .iter()
        .filter_map(|item| Some((item.name("extern \"C\" fn ")?, item.summary())))
        .collect();
    if !functions.is_empty() {
        text.push_str("\n| function | |\n|---|---|\n");
    }
    for (name, summary) in functions {
        let _ = writeln!(text, "| `{name}` | {summary} |");
    }
    text
}
