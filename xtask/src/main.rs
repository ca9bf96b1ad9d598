//! The project's own tasks: `cargo xtask TASK`.

mod check;
mod generate;
mod matrix;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const USAGE: &str = "usage: cargo xtask TASK

  gen             writes the files that are generated from src/ffi
  gen --check     fails, and shows the difference, if one of them is not up to date
  check           fails if the sources break a rule: imports, words, cdata of Lua modules, one version everywhere
  check --lower   writes the lower counts of words into xtask/unswept.txt first
  matrix LOG...   writes the table of docs/TESTING.md, from tests/matrix.txt and the output of `cargo test`
  matrix --check LOG...
                  fails if a test of a feature failed, or if the table is not up to date";

/// What was done, or everything that is wrong: for a person to read.
type Outcome = Result<String, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(report) => {
            eprintln!("{}", report.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["gen"] => generate::write(root()),
        ["gen", "--check"] => generate::check(root()),
        ["check"] => check::check(root()),
        ["check", "--lower"] => check::lower(root()),
        ["matrix", "--check", logs @ ..] if !logs.is_empty() => matrix::check(root(), logs),
        ["matrix", logs @ ..] if logs.first().is_some_and(|log| !log.starts_with('-')) => {
            matrix::write(root(), logs)
        }
        _ => Err(USAGE.to_owned()),
    }
}

/// The checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask/ lies in the checkout")
}

/// A file of the checkout.
fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The library's version.
fn version(root: &Path) -> Result<String, String> {
    let manifest = read(root, "Cargo.toml")?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version
        .map(str::to_owned)
        .ok_or_else(|| "Cargo.toml has no version".to_owned())
}

/// A unified diff from the file to what it should hold.
fn difference(root: &Path, path: &str, fresh: &str) -> Outcome {
    let mut diff = Command::new("diff")
        .args([
            "-u",
            "-N",
            "--label",
            path,
            "--label",
            "generated",
            path,
            "-",
        ])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("diff: {error}"))?;
    let mut input = diff.stdin.take().expect("it is piped");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(fresh.as_bytes()));
        diff.wait_with_output()
    });
    let output = output.map_err(|error| format!("diff: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
