//! The code and the comments of a source file, separated well enough to look for words in either.

/// A line's code, without what its strings hold, and its comment.
#[derive(Debug, Default, PartialEq)]
pub struct Line {
    pub code: String,
    pub comment: String,
}

/// What begins a comment that ends with the line; what begins and ends other comments, and strings.
struct Syntax {
    line: Option<&'static str>,
    blocks: &'static [(&'static str, &'static str)],
    strings: &'static [(&'static str, &'static str)],
}

const RUST: Syntax = Syntax {
    line: Some("//"),
    blocks: &[("/*", "*/")],
    strings: &[("r##\"", "\"##"), ("r#\"", "\"#"), ("\"", "\"")],
};
const C: Syntax = Syntax {
    line: Some("//"),
    blocks: &[("/*", "*/")],
    strings: &[("\"", "\"")],
};
const LUA: Syntax = Syntax {
    line: Some("--"),
    blocks: &[("--[[", "]]")],
    strings: &[("[[", "]]"), ("\"", "\""), ("'", "'")],
};
// A shell's quotes are not always strings' ends, and a comment too many does no harm.
const HASH: Syntax = Syntax {
    line: Some("#"),
    blocks: &[],
    strings: &[],
};
const PYTHON: Syntax = Syntax {
    line: Some("#"),
    blocks: &[("\"\"\"", "\"\"\"")],
    strings: &[],
};
const XML: Syntax = Syntax {
    line: None,
    blocks: &[("<!--", "-->")],
    strings: &[],
};

/// The lines of a file, or nothing if it has no comments that are known here. A document is all comment.
pub fn lines(path: &str, text: &str) -> Option<Vec<Line>> {
    let name = path.rsplit('/').next()?;
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let syntax = match extension {
        "rs" => &RUST,
        "c" | "h" => &C,
        "lua" | "rockspec" => &LUA,
        "py" => &PYTHON,
        "toml" | "conf" | "supp" => &HASH,
        "xml" => &XML,
        "t" => return Some(text.lines().map(block_line).collect()),
        "md" => {
            let lines = text.lines().map(|line| Line {
                code: String::new(),
                comment: line.to_owned(),
            });
            return Some(lines.collect());
        }
        "" if name == "Makefile" || text.starts_with("#!") => &HASH,
        _ => return None,
    };
    Some(syntax.split(text))
}

/// A line of a file in Test::Nginx's blocks: Perl, titles of cases, headings of sections, and Lua in these.
fn block_line(line: &str) -> Line {
    let comment = if line.starts_with("===") || line.starts_with('#') {
        line
    } else if line.starts_with("---") {
        ""
    } else {
        line.split_once("-- ").map_or("", |(_, comment)| comment)
    };
    Line {
        code: String::new(),
        comment: comment.to_owned(),
    }
}

impl Syntax {
    fn split(&self, text: &str) -> Vec<Line> {
        let mut lines = vec![Line::default()];
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let starts = |&&(open, _): &&(&str, &str)| rest.starts_with(open);
            let last = lines.last_mut().expect("there is a first");
            let taken = if let Some((open, close)) = self.blocks.iter().find(starts) {
                let length = length(rest, open, close, false);
                let mut inside = rest[..length].split('\n');
                last.comment += inside.next().unwrap_or_default();
                lines.extend(inside.map(|line| Line {
                    code: String::new(),
                    comment: line.to_owned(),
                }));
                length
            } else if self.begins_comment(rest, &last.code) {
                let length = rest.find('\n').unwrap_or(rest.len());
                last.comment += &rest[..length];
                length
            } else if let Some((open, close)) = self.strings.iter().find(starts) {
                let escapes = open.len() == 1;
                let length = length(rest, open, close, escapes);
                last.code += "\"\"";
                let breaks = rest[..length].matches('\n').count();
                lines.extend((0..breaks).map(|_| Line::default()));
                length
            } else if first == '\'' {
                // A character in C and Rust, or a lifetime: only the first has something to skip.
                let length = character_length(rest).unwrap_or(1);
                last.code += "'";
                length
            } else if first == '\n' {
                lines.push(Line::default());
                1
            } else {
                last.code.push(first);
                first.len_utf8()
            };
            rest = &rest[taken..];
        }
        lines
    }

    /// Whether a comment begins here that ends with the line. In a shell `$#` is none.
    fn begins_comment(&self, text: &str, before: &str) -> bool {
        self.line.is_some_and(|open| {
            let is_alone = before.is_empty() || before.ends_with(char::is_whitespace);
            text.starts_with(open) && (open != "#" || is_alone)
        })
    }
}

/// From `open`, which it begins with, to behind `close`.
fn length(text: &str, open: &str, close: &str, escapes: bool) -> usize {
    let mut at = open.len();
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(close) {
            return at + close.len();
        }
        let mut characters = rest.chars();
        let mut next = || characters.next().map_or(0, char::len_utf8);
        at += next();
        if escapes && rest.starts_with('\\') {
            at += next();
        }
    }
    text.len()
}

fn character_length(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    if characters.next()?.1 == '\\' {
        characters.next();
        return characters.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    let (at, last) = characters.next()?;
    (last == '\'').then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(path: &str, text: &str) -> Vec<(String, String)> {
        let lines = lines(path, text).expect("a known kind of file");
        lines
            .into_iter()
            .map(|line| (line.code.trim().to_owned(), line.comment))
            .collect()
    }

    fn line(code: &str, comment: &str) -> (String, String) {
        (code.to_owned(), comment.to_owned())
    }

    #[test]
    fn strings_and_characters_hold_no_comment() {
        assert_eq!(
            split("a.rs", "f(\"// \\\"\", '\"', r#\"\"//\"#); // yes"),
            [line("f(\"\", ', \"\");", "// yes")]
        );
        assert_eq!(
            split("a.rs", "fn f<'a>(x: &'a str) // '"),
            [line("fn f<'a>(x: &'a str)", "// '")]
        );
        assert_eq!(
            split("a.lua", "x = [[--]] -- y"),
            [line("x = \"\"", "-- y")]
        );
        assert_eq!(
            split("scripts/a", "#!x\n[ $# -gt 0 ] # y")[1],
            line("[ $# -gt 0 ]", "# y")
        );
    }

    #[test]
    fn comments_and_strings_keep_their_line_numbers() {
        let text = "a /* b\nc */ d\n\"e\nf\" g";
        assert_eq!(
            split("a.xml", "<a>\n<!-- b\n-->"),
            [line("<a>", ""), line("", "<!-- b"), line("", "-->")]
        );
        assert_eq!(
            split("a.c", text),
            [
                line("a", "/* b"),
                line("d", "c */"),
                line("\"\"", ""),
                line("g", "")
            ]
        );
    }

    #[test]
    fn blocks_have_titles_and_comments() {
        let text = "# a\n=== TEST 1: b\n--- config\n  x = 1 -- c";
        let comments = ["# a", "=== TEST 1: b", "", "c"];
        assert_eq!(
            split("a.t", text),
            comments.map(|comment| line("", comment))
        );
    }

    #[test]
    fn a_document_is_all_comment() {
        assert_eq!(split("a.md", "One\n"), [line("", "One")]);
        assert!(lines("a.svg", "One").is_none());
    }
}
