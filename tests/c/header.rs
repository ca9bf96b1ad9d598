//! The prototypes of include/kafka.h, read out of the file itself.

use std::fs;

use harness::root;

/// A function as the header declares it.
pub struct Function {
    pub name: String,
    /// The type it returns, as written.
    pub returns: String,
    pub parameters: Vec<Parameter>,
}

/// `const struct kafka_conf *conf`: a constant `kafka_conf`, one star, called `conf`.
pub struct Parameter {
    pub name: String,
    pub base: String,
    pub is_const: bool,
    pub stars: usize,
}

impl Parameter {
    pub fn is_pointer(&self) -> bool {
        self.stars > 0
    }

    fn parse(text: &str) -> Self {
        let stars = text.matches('*').count();
        let spaced = text.replace('*', " ");
        let mut words: Vec<&str> = spaced.split_whitespace().collect();
        let name = words.pop().expect("a parameter has a name").to_owned();
        let is_const = words.contains(&"const");
        words.retain(|word| !["const", "volatile", "struct"].contains(word));
        assert_eq!(words.len(), 1, "a type of one word: {text}");
        Self {
            name,
            base: words[0].to_owned(),
            is_const,
            stars,
        }
    }
}

impl Function {
    /// The object that a function is about, which its first parameter points to.
    pub fn subject(&self) -> Option<&str> {
        let first = self.parameters.first()?;
        (first.stars == 1 && first.base.starts_with("kafka_")).then_some(first.base.as_str())
    }

    fn parse(statement: &str) -> Option<Self> {
        let (head, rest) = statement.split_once('(')?;
        let parameters = rest.rsplit_once(')')?.0;
        let at = head.trim_end().rfind([' ', '*'])? + 1;
        let (returns, name) = head.split_at(at);
        Some(Self {
            name: name.trim().to_owned(),
            returns: returns.trim().to_owned(),
            parameters: parameters
                .split(',')
                .filter(|parameter| parameter.trim() != "void")
                .map(Parameter::parse)
                .collect(),
        })
    }
}

/// Every function of the header.
pub fn functions() -> Vec<Function> {
    let header = fs::read_to_string(root().join("include/kafka.h")).expect("include/kafka.h");
    let functions: Vec<Function> = declarations(&header)
        .split(';')
        .filter_map(Function::parse)
        .collect();
    // A header that cannot be read this way any more must not pass for an empty one.
    let prototypes = header
        .lines()
        .filter(|line| line.contains(" kafka_") || line.contains("*kafka_"))
        .filter(|line| line.contains('(') && !line.trim_start().starts_with(['*', '/']))
        .count();
    assert_eq!(functions.len(), prototypes, "prototypes not understood");
    functions
}

/// What is left without comments, preprocessor lines and the bodies of structs and enums.
fn declarations(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").expect("a comment ends").1;
    }
    code.push_str(rest);
    let lines: Vec<&str> = code
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let code = lines.join(" ").replace("extern \"C\" {", "");

    let mut depth = 0usize;
    let mut outside = String::new();
    for character in code.chars() {
        match character {
            '{' => depth += 1,
            // The last one ends extern "C".
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    outside
}
