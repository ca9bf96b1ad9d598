//! One line for each struct and field that programs see: offset and size in bytes, as a C compiler says.

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A struct's name and its fields'.
pub struct Struct<'a> {
    pub name: &'a str,
    pub fields: Vec<&'a str>,
}

/// tests/abi/layouts.txt.
pub fn list(header: &str, declarations: &str) -> Result<String, String> {
    let mut program = format!("{header}\n#include <stdio.h>\nint main(void) {{\n");
    for Struct { name, fields } in structs(declarations)? {
        let _ = writeln!(program, r#"printf("{name} size %zu\n", sizeof({name}));"#);
        for field in fields {
            let _ = writeln!(
                program,
                r#"printf("  {field} at %zu size %zu\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));"#
            );
        }
    }
    program += "return 0;\n}\n";
    compile_and_run(&program)
}

/// The structs whose fields programs see.
pub fn structs(declarations: &str) -> Result<Vec<Struct<'_>>, String> {
    let mut structs: Vec<Struct> = Vec::new();
    let mut is_inside = false;
    for line in declarations.lines() {
        if let Some(name) = line
            .strip_prefix("typedef struct ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            let fields = Vec::new();
            structs.push(Struct { name, fields });
            is_inside = true;
        } else if line.starts_with('}') {
            is_inside = false;
        } else if is_inside {
            let field =
                field(line).ok_or_else(|| format!("a field that is not understood: {line}"))?;
            let last = structs.last_mut().expect("inside of one");
            last.fields.push(field);
        }
    }
    Ok(structs)
}

/// The name in `const char *name;` and `char name[2];`.
fn field(line: &str) -> Option<&str> {
    let declaration = line.strip_suffix(';')?;
    let name = declaration.split('[').next()?.rsplit([' ', '*']).next()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

fn compile_and_run(program: &str) -> Result<String, String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "kafka-layouts-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let executable = std::env::temp_dir().join(name);
    let mut compiler = Command::new("cc")
        .args(["-x", "c", "-", "-o"])
        .arg(&executable)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cc: {error}"))?;
    let mut input = compiler.stdin.take().expect("it is piped");
    input
        .write_all(program.as_bytes())
        .map_err(|error| format!("cc: {error}"))?;
    drop(input);
    let compiled = compiler.wait_with_output();
    let listing = succeeded("cc", compiled)
        .and_then(|_| succeeded("the program", Command::new(&executable).output()));
    let _ = fs::remove_file(&executable);
    listing.map_err(|error| format!("the layouts of structs: {error}"))
}

fn succeeded(name: &str, output: std::io::Result<Output>) -> Result<String, String> {
    let output = output.map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
