//! What modules of Lua keep for the C API is made in one place.

use super::source::Line;

/// What one file keeps in a module that the tests inside nginx do not overwrite, each with its line's number.
pub fn problems(path: &str, lines: &[Line]) -> Vec<(usize, String)> {
    if !path.starts_with("lua/") || path == "lua/kafka/native.lua" {
        return Vec::new();
    }
    let is_kept = |line: &Line| {
        line.code.starts_with(|first: char| first.is_alphabetic()) && line.code.contains("ffi.new(")
    };
    let kept = lines.iter().enumerate().filter(|(_, line)| is_kept(line));
    kept.map(|(index, _)| {
        let text = "a module's cdata is made by native.out, or belongs to an object";
        (index + 1, text.to_owned())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;

    #[test]
    fn a_modules_cdata_is_made_by_native_out() {
        let count =
            |path, text| super::problems(path, &source::lines(path, text).expect("Lua")).len();
        let kept = "local out = ffi.new(\"int[1]\")\nmodule.out = ffi.new(\"int[1]\")\n";
        assert_eq!(count("lua/kafka/a.lua", kept), 2);
        assert_eq!(count("lua/kafka/native.lua", kept), 0);
        assert_eq!(count("tests/lua/a.lua", kept), 0);
        let local = "function f()\n  local out = ffi.new(\"int[1]\")\nend\n-- ffi.new(\n";
        assert_eq!(count("lua/kafka/a.lua", local), 0);
    }
}
