//! What is known to fail: tests/known_to_fail.txt, and what it makes of a check's outcome.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use harness::{root, run};

/// What a check has shown: that the invariant holds, or how it is broken. Whatever keeps a check from showing either of
/// them (a program that does not compile, an nginx that does not start) is a panic, on the list or not.
pub type Verdict = Result<(), String>;

const LIST: &str = "tests/known_to_fail.txt";
const COVERAGE: &str = "tests/defects/README.md";

/// A line of the list.
struct Entry {
    test: String,
    defect: String,
    issue: String,
    /// The text by which the failure is recognised, with `*` for what differs from run to run.
    failure: String,
}

impl Entry {
    fn of(line: &str) -> Self {
        let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [test, defect, issue, failure, sentence] = fields[..] else {
            panic!("{LIST}: not TEST | DEFECT | ISSUE | FAILURE | SENTENCE: {line}");
        };
        assert!(issue.parse::<u32>().is_ok(), "{LIST}: no issue: {line}");
        assert!(sentence.ends_with('.'), "{LIST}: no sentence: {line}");
        assert!(!failure.trim_matches('*').is_empty(), "{LIST}: {line}");
        Self {
            test: test.to_owned(),
            defect: defect.to_owned(),
            issue: issue.to_owned(),
            failure: failure.to_owned(),
        }
    }

    /// Whether the parts of the stated text are in `failure`, in their order.
    fn recognises(&self, failure: &str) -> bool {
        let mut rest = failure;
        self.failure
            .split('*')
            .all(|part| match rest.split_once(part) {
                Some((_, behind)) => {
                    rest = behind;
                    true
                }
                None => false,
            })
    }
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn entries() -> Vec<Entry> {
    text_of(LIST)
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(Entry::of)
        .collect()
}

/// What a test makes of its check: `Ok` with a line to print where it is known to fail, `Err` where the test fails.
fn judge(test: &str, entry: Option<&Entry>, verdict: Verdict) -> Result<Option<String>, String> {
    match (entry, verdict) {
        (None, Ok(())) => Ok(None),
        (None, Err(failure)) => Err(failure),
        (Some(_), Ok(())) => Err(format!("passes now: take it off {LIST}")),
        (Some(entry), Err(failure)) if entry.recognises(&failure) => {
            let first = failure.lines().next().unwrap_or_default();
            Ok(Some(format!("known to fail: {test}: {first}")))
        }
        (Some(entry), Err(failure)) => Err(format!(
            "known to fail by \"{}\", but not like this: {failure}",
            entry.failure
        )),
    }
}

/// Fails the test unless the invariant holds, or is on the list and broken as it says there.
pub fn hold(test: &str, verdict: Verdict) {
    let entries = entries();
    let entry = entries.iter().find(|entry| entry.test == test);
    match judge(test, entry, verdict) {
        Ok(None) => {}
        // Past the test runner, which swallows what a test prints that passes.
        Ok(Some(line)) => io::stderr()
            .write_all(format!("{line}\n").as_bytes())
            .expect("stderr"),
        Err(failure) => panic!("{failure}"),
    }
}

/// Tests whose bodies are checks: blocks that give a [`Verdict`].
macro_rules! invariants {
    ($($(#[$meta:meta])* fn $name:ident() $check:block)*) => {
        $(
            $(#[$meta])*
            #[test]
            fn $name() {
                // Without the name of this program.
                let path = concat!(module_path!(), "::", stringify!($name));
                let (_, test) = path.split_once("::").unwrap();
                let check = || -> $crate::known::Verdict { $check };
                $crate::known::hold(test, check());
            }
        )*
    };
}
pub(crate) use invariants;

/// The names of this program's tests.
fn tests() -> BTreeSet<String> {
    let this = std::env::current_exe().expect("this program");
    run(Command::new(this).args(["--list", "--format=terse"]))
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

/// The rows of the table of what is covered: a defect, and what its cell "tests" has.
fn coverage() -> Vec<(String, String)> {
    text_of(COVERAGE)
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, defect, .., tests, ""] = cells[..] else {
                return None;
            };
            is_defect(defect).then(|| (defect.to_owned(), tests.to_owned()))
        })
        .collect()
}

/// Whether it is one's name: a letter and a number.
fn is_defect(name: &str) -> bool {
    let letter = name.starts_with(['L', 'R', 'K', 'D', 'P']);
    letter && name[1..].parse::<u32>().is_ok()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether there is a test of another program: `PATH::NAME`, a function of Rust's or a case of a Lua spec.
fn exists_elsewhere(test: &str) -> bool {
    let Some((path, name)) = test.split_once("::") else {
        return false;
    };
    let Ok(source) = fs::read_to_string(root().join(path)) else {
        return false;
    };
    match Path::new(path).extension().and_then(|it| it.to_str()) {
        // Or in the list of a macro that makes tests.
        Some("rs") => {
            let mut lines = source.lines().map(|line| line.trim().trim_end_matches(','));
            source.contains(&format!("fn {name}(")) || lines.any(|line| line == name)
        }
        Some("lua") => source.contains(&format!("it(\"{name}")),
        Some("t") => source.contains(&format!(": {name}\n")),
        _ => false,
    }
}

#[test]
fn the_list_names_tests_that_there_are() {
    let tests = tests();
    let mut seen = BTreeSet::new();
    for entry in entries() {
        let (test, defect) = (&entry.test, &entry.defect);
        assert!(tests.contains(test), "{LIST}: no such test: {test}");
        assert!(seen.insert(test.clone()), "{LIST}: twice: {test}");
        let covered = coverage().iter().any(|(of, covering)| {
            of == defect && quoted(covering).any(|covering| covering == test)
        });
        assert!(covered, "{COVERAGE} does not name {test} for {defect}");
        assert!(!entry.issue.is_empty());
    }
}

#[test]
fn every_defect_has_a_test() {
    let tests = tests();
    let coverage = coverage();
    let numbers = [('L', 11), ('R', 18), ('K', 19), ('D', 8), ('P', 10)];
    let expected: Vec<String> = numbers
        .into_iter()
        .flat_map(|(letter, count)| (1..=count).map(move |number| format!("{letter}{number}")))
        .collect();
    let found: Vec<&String> = coverage.iter().map(|(defect, _)| defect).collect();
    assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{COVERAGE}");
    let open: Vec<&str> = coverage
        .iter()
        .filter(|(_, covering)| covering.starts_with("open"))
        .map(|(defect, _)| defect.as_str())
        .collect();
    assert!(open.is_empty(), "{COVERAGE}: name the tests of {open:?}");
    for (defect, covering) in &coverage {
        let missing: Vec<&str> = quoted(covering)
            .filter(|&test| !tests.contains(test) && !exists_elsewhere(test))
            .collect();
        assert!(missing.is_empty(), "{defect}: no such test: {missing:?}");
        let stated = ["not tested: ", "cost: "]
            .iter()
            .any(|word| covering.contains(word));
        let named = quoted(covering).next().is_some();
        assert!(named || stated, "{defect} has no test, and no reason");
    }
}

#[test]
fn a_check_counts_as_the_list_says() {
    let line = "core::x | R1 | 15 | lost * of 64 | It loses messages.";
    let entry = Entry::of(line);
    let broken = |text: &str| Err(text.to_owned());
    assert_eq!(judge("core::x", None, Ok(())), Ok(None));
    assert_eq!(
        judge("core::x", None, broken("lost 3")),
        Err("lost 3".to_owned())
    );
    let passes = judge("core::x", Some(&entry), Ok(()));
    assert!(passes.unwrap_err().contains("passes now: take it off"));
    let known = judge("core::x", Some(&entry), broken("it lost 3 of 64\nmore"));
    let line = "known to fail: core::x: it lost 3 of 64".to_owned();
    assert_eq!(known, Ok(Some(line)));
    let otherwise = judge("core::x", Some(&entry), broken("ended by signal 11"));
    assert!(otherwise.unwrap_err().contains("ended by signal 11"));
}
