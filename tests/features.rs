//! What is compiled in, shown by using it: librdkafka's list of its features has been wrong before. For the default build,
//! and by `make test-openssl` for those with another OpenSSL.

#[path = "features/sasl_broker.rs"]
mod sasl_broker;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use harness::certificates::Certificate;
use harness::{built, program, root, run, Scratch};

const PATIENCE: Duration = Duration::from_secs(20);

/// The default build of the library: the directory that its libkafka.so lies in.
fn default_build() -> PathBuf {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| drop(run(program("make").arg("build"))));
    built()
}

/// tests/features/features.c, on that build.
fn features(library: &Path) -> Command {
    static PROGRAM: OnceLock<(Scratch, PathBuf)> = OnceLock::new();
    let (_, executable) = PROGRAM.get_or_init(|| {
        let scratch = Scratch::new();
        let executable = scratch.path("features");
        run(program("gcc")
            .args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-Iinclude"])
            .args(["tests/features/features.c", "-o"])
            .arg(&executable)
            .arg(format!("-L{}", library.display()))
            .arg("-lkafka"));
        (scratch, executable)
    });
    let mut command = program(executable);
    command.env("LD_LIBRARY_PATH", library);
    // OpenSSL would find this machine's certificates by them.
    command
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR");
    command
}

/// A client at work in the background; ended when dropped.
struct Client {
    child: Child,
    log: Receiver<String>,
}

impl Client {
    fn start(library: &Path, brokers: &str, properties: &[&str]) -> Self {
        let mut child = features(library)
            .args(["client", brokers, "60000", "debug=security"])
            .args(properties)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the features program");
        let stderr = child.stderr.take().expect("its stderr");
        let (sender, log) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Client { child, log }
    }

    /// Waits for a line in the client's log that has one of these in it.
    fn logs(&self, wanted: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        let mut all = String::new();
        while let Ok(line) = self.log.recv_timeout(until - Instant::now().min(until)) {
            if wanted.iter().any(|text| line.contains(text)) {
                return line;
            }
            all += &line;
            all.push('\n');
        }
        panic!("none of {wanted:?} in the log:\n{all}");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// --- what each build has to be able to do ---------------------------------------

fn lists_its_features(library: &Path) {
    let listed = run(features(library).args(["get", "builtin.features"]));
    for name in [
        "gzip",
        "snappy",
        "lz4",
        "zstd",
        "ssl",
        "sasl",
        "sasl_plain",
        "sasl_scram",
        "sasl_gssapi",
        "sasl_oauthbearer",
        "oidc",
        "http",
    ] {
        assert!(
            listed.trim().split(',').any(|one| one == name),
            "no {name} in {listed}"
        );
    }
}

fn compresses(library: &Path) {
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let said = run(features(library).args(["codec", codec]));
        assert!(said.contains("100 messages came back"), "{said}");
        let batch = said
            .lines()
            .find(|line| line.contains("Produce MessageSet"))
            .unwrap_or_else(|| panic!("nothing about a batch in\n{said}"));
        assert!(
            batch.contains(&format!(", {codec})")),
            "not {codec}: {batch}"
        );
    }
}

fn authenticates(library: &Path) {
    for (mechanism, hello) in [
        ("PLAIN", "\0somebody\0secret"),
        ("SCRAM-SHA-256", "n,,n=somebody,r="),
        ("SCRAM-SHA-512", "n,,n=somebody,r="),
    ] {
        let (address, seen) = sasl_broker::start(mechanism);
        let _client = Client::start(
            library,
            &address,
            &[
                "security.protocol=SASL_PLAINTEXT",
                &format!("sasl.mechanism={mechanism}"),
                "sasl.username=somebody",
                "sasl.password=secret",
            ],
        );
        let message = seen.recv_timeout(PATIENCE).expect(mechanism);
        let message = String::from_utf8_lossy(&message);
        assert!(message.starts_with(hello), "{mechanism}: {message:?}");
    }
}

fn fetches_an_oidc_token(library: &Path) {
    let (address, seen) = sasl_broker::start("OAUTHBEARER");
    let token_endpoint = token_endpoint();
    let _client = Client::start(
        library,
        &address,
        &[
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=OAUTHBEARER",
            "sasl.oauthbearer.method=oidc",
            "sasl.oauthbearer.client.id=somebody",
            "sasl.oauthbearer.client.secret=secret",
            &format!("sasl.oauthbearer.token.endpoint.url=http://{token_endpoint}/token"),
        ],
    );
    let message = seen.recv_timeout(PATIENCE).expect("OAUTHBEARER");
    let message = String::from_utf8_lossy(&message);
    assert!(
        message.contains(&format!("auth=Bearer {TOKEN}")),
        "{message:?}"
    );
}

/// Its parts say: no signature; of a user, from 2023 to 2100.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.\
    eyJzdWIiOiJzb21lYm9keSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.";

fn token_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            answer_with_token(&mut stream);
        }
    });
    address
}

fn answer_with_token(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        request.push(byte[0]);
    }
    let body = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":3600}}"#);
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
}

/// There is no Kerberos here to be let in by. A library without GSSAPI finds no such
/// mechanism; one that has it gets as far as missing a ticket.
fn speaks_gssapi(library: &Path) {
    let (address, _seen) = sasl_broker::start("GSSAPI");
    let client = Client::start(
        library,
        &address,
        &[
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=GSSAPI",
            "sasl.kerberos.kinit.cmd=true",
        ],
    );
    let line = client.logs(&["No worthy mechs", "GSSAPI Error"]);
    assert!(line.contains("No Kerberos credentials available"), "{line}");
}

fn secures_each_mechanism(library: &Path) {
    let oidc: &[&str] = &[
        "sasl.oauthbearer.method=oidc",
        "sasl.oauthbearer.client.id=somebody",
        "sasl.oauthbearer.client.secret=secret",
        "sasl.oauthbearer.token.endpoint.url=https://127.0.0.1:1/token",
    ];
    let password: &[&str] = &["sasl.username=somebody", "sasl.password=secret"];
    for (mechanism, properties) in [
        ("PLAIN", password),
        ("SCRAM-SHA-256", password),
        ("SCRAM-SHA-512", password),
        ("GSSAPI", &["sasl.kerberos.kinit.cmd=true"]),
        ("OAUTHBEARER", oidc),
    ] {
        let said = run(features(library)
            .args(["client", "127.0.0.1:1", "0", "security.protocol=SASL_SSL"])
            .arg(format!("sasl.mechanism={mechanism}"))
            .args(properties));
        assert!(said.contains("started and closed"), "{mechanism}: {said}");
    }
}

/// OpenSSL's own server; ended when dropped.
struct TlsServer(Child);

impl TlsServer {
    /// With a certificate that it has signed itself.
    fn start(scratch: &Scratch) -> (Self, String, PathBuf) {
        let names = "DNS:localhost,IP:127.0.0.1";
        let made = Certificate::self_signed(scratch, "server", names);
        let mut child = program("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert"])
            .arg(&made.certificate)
            .arg("-key")
            .arg(&made.key)
            // Kept open and unread: s_server ends with its input.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl s_server");
        let address = BufReader::new(child.stdout.as_mut().expect("its stdout"))
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned))
            .expect("the address it listens on");
        (TlsServer(child), address, made.certificate)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn encrypts_and_verifies(library: &Path) {
    let scratch = Scratch::new();
    let (_server, address, certificate) = TlsServer::start(&scratch);

    let trusting = Client::start(
        library,
        &address,
        &[
            "security.protocol=SSL",
            &format!("ssl.ca.location={}", certificate.display()),
        ],
    );
    // Where the server has answered before librdkafka looks, it verifies the same and says nothing of it; what it asks then
    // has no answer.
    trusting.logs(&["Broker SSL certificate verified", "ApiVersionRequest"]);
    // s_server serves one at a time.
    drop(trusting);

    // Without ssl.ca.location it trusts the authorities that the system trusts, and this one is none of them.
    let strict = Client::start(library, &address, &["security.protocol=SSL"]);
    strict.logs(&["certificate verify failed"]);
}

/// The shared libraries that it is linked with.
fn needed(library: &Path) -> Vec<String> {
    let names: Vec<String> = run(program("readelf")
        .arg("-d")
        .arg(library.join("libkafka.so")))
    .lines()
    .filter(|line| line.contains("(NEEDED)"))
    .filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']').to_owned()))
    .collect();
    assert!(!names.is_empty(), "readelf names nothing");
    names
}

fn finds_the_certificates_of_the_system(library: &Path) {
    let client = Client::start(library, "localhost:1", &["security.protocol=SSL"]);
    let line = client.logs(&["Setting default CA certificate location"]);
    assert!(line.contains("/etc/ssl/certs/"), "{line}");
}

fn needs_only_the_c_library(library: &Path) {
    for needed in needed(library) {
        let known = [
            "libc.so",
            "libm.so",
            "libgcc_s.so",
            "libresolv.so",
            "ld-linux",
        ];
        assert!(
            known.iter().any(|name| needed.starts_with(name)),
            "it needs {needed}"
        );
    }
}

/// A test of each of these functions, on the library that `build` makes.
macro_rules! tests_of {
    ($build:path: $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                super::$check(&$build());
            }
        )*
    };
}

/// What a build can do, whichever OpenSSL it has.
macro_rules! tests_of_features {
    ($build:path) => {
        tests_of! { $build:
            lists_its_features compresses authenticates fetches_an_oidc_token speaks_gssapi secures_each_mechanism
            encrypts_and_verifies
        }
    };
}

mod default_build {
    tests_of_features!(super::default_build);
    tests_of! { super::default_build: finds_the_certificates_of_the_system needs_only_the_c_library }
}

/// The builds with another OpenSSL than the default one: `make test-openssl`.
mod openssl {
    use super::*;

    /// The build with this OpenSSL, which need not be the default one.
    fn build(openssl: &str) -> PathBuf {
        run(program("make").args(["build", &format!("OPENSSL={openssl}")]));
        root().join(format!("target/{openssl}-openssl/release"))
    }

    pub fn bundled_build() -> PathBuf {
        static ONCE: OnceLock<PathBuf> = OnceLock::new();
        ONCE.get_or_init(|| build("bundled")).clone()
    }

    pub fn system_build() -> PathBuf {
        static ONCE: OnceLock<PathBuf> = OnceLock::new();
        ONCE.get_or_init(|| build("system")).clone()
    }

    mod bundled {
        tests_of_features!(super::bundled_build);
        tests_of! { super::bundled_build: finds_the_certificates_of_the_system needs_only_the_c_library }
    }

    mod system {
        tests_of_features!(super::system_build);
    }

    #[test]
    fn system_links_the_openssl_of_the_system() {
        let needed = needed(&system_build());
        for name in ["libssl.so.", "libcrypto.so.", "libz.so."] {
            assert!(
                needed.iter().any(|one| one.starts_with(name)),
                "no {name} in {needed:?}"
            );
        }
    }
}
