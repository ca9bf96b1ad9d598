//! The table of docs/TESTING.md: which feature is shown on which kind of broker, made of what ran.
//!
//! tests/matrix.txt names the tests of each feature, and says how it is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{difference, read, Outcome};

const ROWS: &str = "tests/matrix.txt";
const DOCUMENT: &str = "docs/TESTING.md";
const BEGIN: &str = "<!-- Written by `cargo xtask matrix`, from tests/matrix.txt. -->\n";
const END: &str = "<!-- The matrix ends. -->\n";

struct Column {
    name: &'static str,
    title: &'static str,
    /// What a test of both versions has at the end of its name here.
    suffix: Option<&'static str>,
}

const COLUMNS: [Column; 3] = [
    Column {
        name: "mock",
        title: "mock",
        suffix: None,
    },
    Column {
        name: "4",
        title: "Apache Kafka 4.x",
        suffix: Some("::on_4"),
    },
    Column {
        name: "3.9",
        title: "Apache Kafka 3.9",
        suffix: Some("::on_3_9"),
    },
];

/// A feature on one kind of broker.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    /// Patterns of the tests that show it.
    Tests(Vec<String>),
    /// Why it is not there.
    No(String),
}

type Cells = [Option<Cell>; COLUMNS.len()];

struct Row {
    line: usize,
    feature: String,
    cells: Cells,
}

struct Section {
    title: String,
    /// For features that have no cell of their own.
    cells: Cells,
    rows: Vec<Row>,
}

/// Whether each test passed, by `program::module::name`.
type Results = BTreeMap<String, bool>;

/// Writes the table.
pub fn write(root: &Path, logs: &[&str]) -> Outcome {
    let (document, failures) = render(root, logs)?;
    fs::write(root.join(DOCUMENT), document).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    Ok(failures
        .iter()
        .map(|failure| format!("{failure}\n"))
        .collect())
}

/// Fails if a feature's test failed, or if the table is not what the logs say.
pub fn check(root: &Path, logs: &[&str]) -> Outcome {
    let (document, mut problems) = render(root, logs)?;
    if document != read(root, DOCUMENT)? {
        let logs = logs.join(" ");
        problems.push(format!(
            "{DOCUMENT} is not up to date; run `cargo xtask matrix {logs}`"
        ));
        problems.push(difference(root, DOCUMENT, &document)?);
    }
    match problems.is_empty() {
        true => Ok(String::new()),
        false => Err(problems.join("\n")),
    }
}

/// The document with the table of these logs (their paths begin at the checkout), and what failed.
fn render(root: &Path, logs: &[&str]) -> Result<(String, Vec<String>), String> {
    let mut results = Results::new();
    for log in logs {
        collect(&mut results, &read(root, log)?);
    }
    let (table, failures) = table(&parse(&read(root, ROWS)?)?, &results)?;
    let document = read(root, DOCUMENT)?;
    let is_split = document.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
    });
    let document = is_split.ok_or_else(|| format!("{DOCUMENT} lacks {BEGIN}or {END}"))?;
    Ok((document, failures))
}

/// Reads what `cargo test` printed. A test of several logs passed if it did in all of them.
fn collect(results: &mut Results, log: &str) {
    let mut program = "";
    for line in log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["Running", "unittests", path, _] | ["Running", path, _] => {
                let file = path.rsplit('/').next().unwrap_or(path);
                program = file.trim_end_matches(".rs");
            }
            ["Doc-tests", _] => program = "doc",
            ["test", name, "...", outcome @ ("ok" | "FAILED")] => {
                let passed = results.entry(format!("{program}::{name}")).or_insert(true);
                *passed &= outcome == "ok";
            }
            _ => {}
        }
    }
}

fn parse(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let wrong = |what: &str| format!("{ROWS}:{line_number}: {what}: {line}");
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix("== ") {
            sections.push(Section {
                title: title.trim().to_owned(),
                cells: Cells::default(),
                rows: Vec::new(),
            });
            continue;
        }
        let section = sections.last_mut().ok_or_else(|| wrong("no section"))?;
        let (name, cell) = line
            .split_once(": ")
            .or_else(|| Some((line.strip_suffix(':')?, "")))
            .ok_or_else(|| wrong("no colon"))?;
        if line.starts_with(' ') {
            let column = COLUMNS.iter().position(|column| column.name == name.trim());
            let column = column.ok_or_else(|| wrong("no such column"))?;
            let cells = match section.rows.last_mut() {
                Some(row) => &mut row.cells,
                None => &mut section.cells,
            };
            cells[column] =
                Some(Cell::parse(cell, "").ok_or_else(|| wrong("no test and no reason"))?);
        } else {
            let cells = COLUMNS.map(|column| Cell::parse(cell, column.suffix?));
            if !cell.is_empty() && cells.iter().all(Option::is_none) {
                return Err(wrong("no test and no reason"));
            }
            section.rows.push(Row {
                line: line_number,
                feature: name.to_owned(),
                cells,
            });
        }
    }
    Ok(sections)
}

impl Cell {
    fn parse(text: &str, suffix: &str) -> Option<Self> {
        if let Some(reason) = text.strip_prefix("no: ") {
            return Some(Self::No(reason.trim().to_owned()));
        }
        let mut tests = Vec::new();
        for test in text.split(',').map(str::trim) {
            if !test.contains("::") || test.contains(char::is_whitespace) {
                return None;
            }
            tests.push(format!("{test}{suffix}"));
        }
        Some(Self::Tests(tests))
    }
}

/// The table in Markdown, and what failed.
fn table(sections: &[Section], results: &Results) -> Result<(String, Vec<String>), String> {
    let (mut tables, mut failures, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for section in sections {
        let titles = COLUMNS.map(|column| column.title).join(" | ");
        let mut text = format!("| {} | {titles} |\n|---|---|---|---|\n", section.title);
        for row in &section.rows {
            text += &format!("| {}", row.feature);
            for (at, column) in COLUMNS.iter().enumerate() {
                let place = format!("{ROWS}:{}: {}, {}", row.line, row.feature, column.title);
                let shown = match row.cells[at].as_ref().or(section.cells[at].as_ref()) {
                    Some(Cell::No(reason)) => format!("no: {reason}"),
                    Some(Cell::Tests(patterns)) => {
                        let failed = failed(patterns, results, &place, &mut errors);
                        let shown = if failed.is_empty() { "yes" } else { "failed" };
                        failures.extend(failed);
                        shown.to_owned()
                    }
                    None => {
                        errors.push(format!("{place}: no test and no reason"));
                        String::new()
                    }
                };
                text += &format!(" | {shown}");
            }
            text += " |\n";
        }
        tables.push(text);
    }
    match errors.is_empty() {
        true => Ok((tables.join("\n"), failures)),
        false => Err(errors.join("\n")),
    }
}

/// The tests of these patterns that failed; a pattern of which no test ran is an error.
fn failed(
    patterns: &[String],
    results: &Results,
    place: &str,
    errors: &mut Vec<String>,
) -> Vec<String> {
    let mut failed = Vec::new();
    for pattern in patterns {
        let mut tests = results
            .iter()
            .filter(|(name, _)| matches(pattern, name))
            .peekable();
        if tests.peek().is_none() {
            errors.push(format!("{place}: no test {pattern} ran"));
        }
        failed.extend(
            tests
                .filter(|(_, passed)| !**passed)
                .map(|(name, _)| format!("{place}: {name} failed")),
        );
    }
    failed
}

/// Whether a name is that of the pattern, in which `*` stands for any part of it.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, rest)) => name.strip_prefix(before).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| matches(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
     Running unittests src/lib.rs (target/release/deps/kafka-0123)
test value::tests::sets ... ok
     Running tests/broker.rs (target/release/deps/broker-0123)
test wire::keys::on_4 ... ok
test wire::keys::on_3_9 ... ok
test wire::slow has been running for over 60 seconds
test wire::times::on_4 ... FAILED
test wire::times::on_3_9 ... ignored
test groups::kip_848 ... ok
     Running tests/lua.rs (target/release/deps/lua-0123)
test produce::compiled ... ok
test produce::interpreted ... ok
";

    fn table_of(rows: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let mut results = Results::new();
        collect(&mut results, LOG);
        let (table, failures) = table(&parse(rows)?, &results)?;
        Ok((table.lines().skip(2).map(str::to_owned).collect(), failures))
    }

    #[track_caller]
    fn assert_row(rows: &str, expected: &str) {
        let (table, failures) = table_of(rows).expect("a table");
        assert_eq!((table, failures), (vec![expected.to_owned()], vec![]));
    }

    #[track_caller]
    fn assert_refused(rows: &str, problem: &str) {
        let problems = table_of(rows).expect_err("it is wrong");
        assert!(problems.contains(problem), "{problems}");
    }

    #[test]
    fn one_name_stands_for_both_versions() {
        assert_row(
            "== Wire\nKeys: broker::wire::keys\n  mock: lua::produce::*\n",
            "| Keys | yes | yes | yes |",
        );
    }

    #[test]
    fn a_column_may_have_its_own_test_or_a_reason() {
        assert_row(
            "== Groups\n  mock: no: not at all\nKIP-848:\n  4: broker::groups::kip_848\n  3.9: no: it has v0 only\n",
            "| KIP-848 | no: not at all | yes | no: it has v0 only |",
        );
        assert_row(
            "== Wire\n  mock: no: not at all\nKeys: broker::wire::keys\n  mock: lib::value::tests::sets\n",
            "| Keys | yes | yes | yes |",
        );
    }

    #[test]
    fn a_test_that_failed_is_named() {
        let (table, failures) =
            table_of("== W\n  mock: no: x\n  3.9: no: x\nTimes:\n  4: broker::wire::times::on_4, broker::wire::keys::*")
                .expect("a table");
        assert_eq!(table, ["| Times | no: x | failed | no: x |"]);
        assert_eq!(
            failures,
            ["tests/matrix.txt:4: Times, Apache Kafka 4.x: broker::wire::times::on_4 failed"]
        );
    }

    #[test]
    fn a_test_that_did_not_run_is_an_error() {
        let mock = "== Wire\n  mock: no: none\n";
        for test in [
            "broker::wire::times",
            "broker::wire::key",
            "wire::keys",
            "lua::wire::*",
        ] {
            let problem = format!("Feature, Apache Kafka 3.9: no test {test}::on_3_9 ran");
            assert_refused(&format!("{mock}Feature: {test}\n"), &problem);
        }
    }

    #[test]
    fn each_column_is_spoken_for() {
        assert_refused(
            "== Wire\nKeys: broker::wire::keys\n",
            "tests/matrix.txt:2: Keys, mock: no test and no reason",
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert_refused("Keys: a\n", ":1: no section");
        assert_refused("== Wire\nKeys\n", ":2: no colon");
        assert_refused("== Wire\nKeys:\n  5: a\n", ":3: no such column");
        assert_refused("== Wire\nKeys:\n  4: ,\n", ":3: no test and no reason");
        assert_refused("== Wire\nKeys: all: a::b\n", ":2: no test and no reason");
    }

    #[test]
    fn a_test_passed_if_it_did_in_each_log() {
        let mut results = Results::new();
        let program = "Running tests/a.rs (a)\n";
        collect(
            &mut results,
            &format!("{program}test b ... FAILED\ntest c ... ok"),
        );
        collect(
            &mut results,
            &format!("{program}test b ... ok\ntest c ... ok"),
        );
        assert_eq!(
            results,
            Results::from([("a::b".to_owned(), false), ("a::c".to_owned(), true)])
        );
    }

    #[test]
    fn the_document_has_the_table_that_the_log_gives() {
        let root = std::env::temp_dir().join(format!("xtask-matrix-{}", std::process::id()));
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            fs::write(path, text).expect("a file");
        };
        put(
            ROWS,
            "== Wire\n  mock: no: none\nKeys: broker::wire::keys\n",
        );
        put("log", LOG);
        put(DOCUMENT, "Before.\n");
        assert!(write(&root, &["log"]).is_err(), "there is no place for it");

        put(DOCUMENT, &format!("Before.\n{BEGIN}{END}After.\n"));
        let stale = check(&root, &["log"]).expect_err("it has no table yet");
        assert!(
            stale.contains("+| Keys | no: none | yes | yes |"),
            "{stale}"
        );
        assert_eq!(write(&root, &["log"]), Ok(String::new()));
        assert_eq!(check(&root, &["log"]), Ok(String::new()));

        put(
            "log",
            &LOG.replace("keys::on_4 ... ok", "keys::on_4 ... FAILED"),
        );
        let failures = write(&root, &["log"]).expect("written as it is");
        assert!(
            failures.contains("broker::wire::keys::on_4 failed"),
            "{failures}"
        );
        assert_eq!(check(&root, &["log"]), Err(failures.trim_end().to_owned()));
        let _ = fs::remove_dir_all(&root);
    }
}
