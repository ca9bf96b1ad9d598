//! Comments, documents and names are in plain technical English: none of the words of xtask/words.txt.
//!
//! xtask/unswept.txt lists the files that still have some, and how many. A count can only go down.

use std::collections::BTreeMap;

use super::source::Line;

/// How often each file that is not yet swept may have a banned word.
pub type Unswept = BTreeMap<String, usize>;

/// The generated files' words are those of the files that they are made of.
const GENERATED: [&str; 4] = [
    "docs/C.md",
    "include/kafka.h",
    "lua/kafka/cdef.lua",
    "tests/abi/kafka-",
];

/// Each banned word of a file, with its line's number: words of a comment, and parts of a name (`x` in `is_x` and in
/// `isX`).
pub fn find<'a>(path: &str, lines: &'a [Line], banned: &[&str]) -> Vec<(usize, &'a str)> {
    if GENERATED
        .iter()
        .any(|generated| path.starts_with(generated))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let words = line
            .comment
            .split(|c: char| !c.is_alphanumeric() && c != '_');
        let names = line.code.split(|c: char| !c.is_alphanumeric());
        found.extend(
            words
                .chain(names.flat_map(parts))
                .filter(|word| banned.contains(&word.to_lowercase().as_str()))
                .map(|word| (index + 1, word)),
        );
    }
    found
}

/// `is`, `Due` and `Now` of `isDueNow`.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, pair) in name.as_bytes().windows(2).enumerate() {
        if pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase() {
            parts.push(&name[start..=at]);
            start = at + 1;
        }
    }
    parts.push(&name[start..]);
    parts
}

/// What is wrong with one file that has those words.
pub fn problem(path: &str, found: &[(usize, &str)], unswept: &Unswept) -> Option<String> {
    let allowed = unswept.get(path).copied().unwrap_or(0);
    let count = found.len();
    if count > allowed {
        let words = found
            .iter()
            .map(|(line, word)| format!("\n  {path}:{line}: {word}"));
        Some(format!(
            "{path}: {count} of the words in xtask/words.txt, and {allowed} allowed by xtask/unswept.txt{}",
            words.collect::<String>()
        ))
    } else if count < allowed {
        Some(format!(
            "{path}: {count} of the words in xtask/words.txt, fewer than the {allowed} in xtask/unswept.txt: \
             run `cargo xtask check --lower`"
        ))
    } else {
        None
    }
}

/// The words of xtask/words.txt.
pub fn banned(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
}

/// xtask/unswept.txt.
pub fn read(text: &str) -> Result<Unswept, String> {
    let entry = |line: &str| {
        let (count, path) = line.split_once(' ')?;
        let count = count.parse().ok().filter(|count| *count > 0)?;
        Some((path.to_owned(), count))
    };
    let mut unswept = Unswept::new();
    for line in text.lines() {
        let (path, count) =
            entry(line).ok_or_else(|| format!("xtask/unswept.txt: {line}: no count and path"))?;
        if unswept.insert(path, count).is_some() {
            return Err(format!("xtask/unswept.txt: {line}: twice"));
        }
    }
    Ok(unswept)
}

/// xtask/unswept.txt with the counts that have gone down.
pub fn lowered(unswept: &Unswept, counts: &Unswept) -> String {
    let lowered = unswept.iter().map(|(path, &allowed)| {
        let count = counts.get(path).copied().unwrap_or(0);
        (path, count.min(allowed))
    });
    lowered
        .filter(|(_, count)| *count > 0)
        .map(|(path, count)| format!("{count} {path}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    const TEXT: &str =
        "// Who tells it? untold, kafka_tell\nfn who() { f(\"he\") } // nobody's\nlet is_told = theToldTime;";

    fn found() -> Vec<(usize, String)> {
        let lines = source::lines("a.rs", TEXT).expect("Rust");
        find(
            "a.rs",
            &lines,
            &["he", "who", "tells", "nobody", "told", "tell"],
        )
        .into_iter()
        .map(|(line, word)| (line, word.to_owned()))
        .collect()
    }

    fn problem_of(count: usize, unswept: &str) -> Option<String> {
        let found = vec![(7, "who"); count];
        problem("a.rs", &found, &read(unswept).expect("a list"))
    }

    #[test]
    fn banned_words_are_found_in_comments_and_names() {
        let expected = [
            (1, "Who"),
            (1, "tells"),
            (2, "nobody"),
            (2, "who"),
            (3, "told"),
            (3, "Told"),
        ];
        assert_eq!(
            found(),
            expected.map(|(line, word)| (line, word.to_owned()))
        );
    }

    #[test]
    fn a_new_file_has_none_of_them() {
        let problem = problem_of(1, "2 b.rs\n").expect("one word is one too many");
        assert!(problem.contains("a.rs:7: who"), "{problem}");
        assert_eq!(problem_of(0, "2 b.rs\n"), None);
    }

    #[test]
    fn a_count_does_not_go_up_and_is_lowered_with_the_file() {
        assert!(problem_of(3, "2 a.rs\n").is_some());
        assert!(problem_of(1, "2 a.rs\n").is_some());
        assert!(problem_of(0, "2 a.rs\n").is_some());
        assert_eq!(problem_of(2, "2 a.rs\n"), None);
    }

    #[test]
    fn lowering_only_lowers() {
        let unswept = read("2 a.rs\n2 b.rs\n2 gone.rs\n").expect("a list");
        let counts = read("1 a.rs\n3 b.rs\n9 new.rs\n").expect("a list");
        assert_eq!(lowered(&unswept, &counts), "1 a.rs\n2 b.rs\n");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_no_empty_one() {
        for text in ["a.rs\n", "x a.rs\n", "0 a.rs\n", "1 a.rs\n1 a.rs\n"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
