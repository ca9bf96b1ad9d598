//! Imports run one way, and what is unsafe stays where it is expected.

use super::source::Line;

/// Each layer of src, and those that it may import from.
const LAYERS: [(&str, &[&str]); 7] = [
    ("ffi", &["client", "sync", "error", "process", "value"]),
    ("client", &["rd", "sync", "error", "process", "value"]),
    ("rd", &["error", "process", "value"]),
    ("sync", &["error", "process", "value"]),
    ("error", &["process", "value"]),
    ("process", &["value"]),
    ("value", &["process"]),
];

/// What has every unsafe block say why it holds. Functions of src/ffi are unsafe from their first line to their last.
const SAFETY_LINT: &str = "#![deny(clippy::undocumented_unsafe_blocks)]";

/// What one file imports that it must not, each with its line's number.
pub fn problems(path: &str, lines: &[Line]) -> Vec<(usize, String)> {
    let Some(module) = path
        .strip_prefix("src/")
        .and_then(|rest| rest.strip_suffix(".rs"))
    else {
        return Vec::new();
    };
    let module: Vec<&str> = module.split('/').filter(|name| *name != "mod").collect();
    let layer = module[0];
    let allowed = LAYERS.iter().find(|(name, _)| *name == layer);

    let mut problems = Vec::new();
    if layer == "lib" && !lines.iter().any(|line| line.code.trim() == SAFETY_LINT) {
        problems.push((1, format!("no {SAFETY_LINT}")));
    }
    if layer != "lib" && allowed.is_none() {
        problems.push((1, format!("src/{layer} is none of the layers")));
    }
    let tokens = tokens(lines);
    for (at, (number, token)) in tokens.iter().enumerate() {
        let rest = &tokens[at + 1..];
        let mut complain = |text: String| problems.push((*number, text));
        match token.as_str() {
            "rdkafka_sys" if layer != "rd" => complain("only src/rd names rdkafka_sys".to_owned()),
            "undocumented_unsafe_blocks" if layer != "lib" => {
                complain("every unsafe block says why it holds".to_owned());
            }
            "unsafe" if layer == "client" => complain("src/client has no unsafe code".to_owned()),
            "crate" | "super" if at == 0 || tokens[at - 1].1 != "::" => {
                for name in from_the_top(token, rest, module.len()) {
                    let is_layer = LAYERS.iter().any(|(layer, _)| *layer == name);
                    let may = allowed.is_some_and(|(_, allowed)| allowed.contains(&name));
                    if allowed.is_some() && is_layer && name != layer && !may {
                        complain(format!("src/{layer} must not import from src/{name}"));
                    }
                }
            }
            _ => {}
        }
    }
    problems
}

/// The names that a path of `crate` or `super` takes from the crate's own top, if it gets there.
fn from_the_top<'a>(first: &str, rest: &'a [(usize, String)], depth: usize) -> Vec<&'a str> {
    let mut words = rest.iter().map(|(_, token)| token.as_str());
    let mut supers = usize::from(first == "super");
    loop {
        if words.next() != Some("::") {
            return Vec::new();
        }
        match words.next() {
            Some("super") => supers += 1,
            _ if first == "super" && supers < depth => return Vec::new(),
            Some("{") => return group(words),
            Some(name) => return vec![name],
            None => return Vec::new(),
        }
    }
}

/// The first name of each path in `{a::b, c}`, of which the bracket is read.
fn group<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names = Vec::new();
    let (mut depth, mut is_first) = (1, true);
    for word in words {
        match word {
            "{" => depth += 1,
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," => is_first = depth == 1,
            name if is_first => {
                names.push(name);
                is_first = false;
            }
            _ => {}
        }
    }
    names
}

/// Words, `::`, and other characters, each with its line's number.
fn tokens(lines: &[Line]) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mut can_join = false;
        for character in line.code.chars() {
            let is_name = character.is_alphanumeric() || character == '_';
            match tokens.last_mut() {
                Some((_, last)) if can_join && is_name && last.ends_with(is_name_character) => {
                    last.push(character);
                }
                Some((_, last)) if can_join && character == ':' && last == ":" => last.push(':'),
                _ if character.is_whitespace() => {}
                _ => tokens.push((index + 1, character.to_string())),
            }
            can_join = !character.is_whitespace();
        }
    }
    tokens
}

fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::super::source;

    fn problems(path: &str, text: &str) -> Vec<(usize, String)> {
        super::problems(path, &source::lines(path, text).expect("Rust"))
    }

    #[track_caller]
    fn assert_refused(path: &str, text: &str, line: usize, problem: &str) {
        assert_eq!(problems(path, text), [(line, problem.to_owned())]);
    }

    #[test]
    fn a_layer_imports_from_those_below() {
        let upwards = "src/rd must not import from src/client";
        assert_refused("src/rd/a.rs", "use crate::client::Conf;", 1, upwards);
        assert_refused(
            "src/rd/a.rs",
            "\nuse crate::{value, client::Conf};",
            2,
            upwards,
        );
        assert_refused("src/rd/a.rs", "use super::super::client;", 1, upwards);
        assert_refused("src/rd/mod.rs", "use super::client;", 1, upwards);
        assert_refused(
            "src/rd/admin/a.rs",
            "fn f() { crate::client::f() }",
            1,
            upwards,
        );
        assert_refused(
            "src/ffi/a.rs",
            "use crate::rd::Code;",
            1,
            "src/ffi must not import from src/rd",
        );
        assert_eq!(
            problems("src/rd/a.rs", "use super::client; // crate::client"),
            []
        );
        assert_eq!(
            problems("src/rd/admin/a.rs", "use super::super::client;"),
            []
        );
        assert_eq!(
            problems(
                "src/client/a.rs",
                "use crate::{rd::{Code, ffi}, process, value};"
            ),
            []
        );
    }

    #[test]
    fn rd_and_sync_do_not_know_each_other() {
        let text = "use crate::{error, process, value};";
        assert_eq!(problems("src/sync/signal.rs", text), []);
        let problem = "src/sync must not import from src/rd";
        assert_refused("src/sync/signal.rs", "use crate::rd::Code;", 1, problem);
        let problem = "src/rd must not import from src/sync";
        assert_refused("src/rd/a.rs", "use crate::sync::Signal;", 1, problem);
        assert_eq!(problems("src/ffi/a.rs", "use crate::sync::Lifecycle;"), []);
        assert_refused("src/utility.rs", "", 1, "src/utility is none of the layers");
    }

    #[test]
    fn unsafe_blocks_are_explained() {
        let lint = "#![deny(clippy::undocumented_unsafe_blocks)]";
        assert_eq!(problems("src/lib.rs", lint), []);
        assert_refused("src/lib.rs", "", 1, &format!("no {lint}"));
        let text = "#![allow(clippy::undocumented_unsafe_blocks)]";
        assert_refused(
            "src/rd/a.rs",
            text,
            1,
            "every unsafe block says why it holds",
        );
    }

    #[test]
    fn rdkafka_sys_is_named_by_rd_alone() {
        let text = "use rdkafka_sys as sys;";
        assert_refused("src/client/a.rs", text, 1, "only src/rd names rdkafka_sys");
        assert_refused("src/process.rs", text, 1, "only src/rd names rdkafka_sys");
        assert_eq!(problems("src/rd/sys.rs", text), []);
    }

    #[test]
    fn client_has_no_unsafe_code() {
        let text = "#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }";
        assert_refused("src/client/a.rs", text, 2, "src/client has no unsafe code");
        assert_eq!(problems("src/ffi/a.rs", text), []);
    }
}
