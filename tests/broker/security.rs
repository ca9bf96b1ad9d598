//! TLS and SASL between clients and brokers.
//!
//! tansu, as the tests have it, cannot be given a certificate and its key at once, and its users are
//! forgotten with its memory before anybody could be let in. So stunnel speaks TLS before it, and
//! sasl_front.py asks for passwords; the broker's own `--authentication` shows how it refuses.

use crate::cluster::{free_port, not_shown, Cluster};
use crate::process::Process;
use crate::record::{bytes, input, parse_consumed, parse_received, Record};
use crate::tls::Tls;
use crate::tools::{python, Jit};
use crate::workbench::certificates::Certificate;
use crate::workbench::Scratch;

/// A broker whose clients come to a front, as `localhost`.
struct Secured {
    cluster: Cluster,
    scratch: Scratch,
    port: u16,
    authority: Certificate,
    _tls: Option<Tls>,
    _sasl: Option<Process>,
}

const USER: &str = "somebody";
const PASSWORD: &str = "pass word, of = signs";
const TOKEN: &str = "a.b.c";

impl Secured {
    fn start(test: &str, with_sasl: bool, tls: Option<&str>) -> Self {
        let scratch = Scratch::new();
        let authority = Certificate::self_signed(&scratch, "authority", "DNS:authority");
        let port = free_port();
        let (cluster, mut target) = Cluster::behind(test, &format!("localhost:{port}"), &[]);
        let sasl = with_sasl.then(|| {
            let listens = if tls.is_some() { free_port() } else { port };
            let mut command = python("sasl_front.py");
            command
                .args([listens.to_string(), target.to_string()])
                .args([USER, PASSWORD, TOKEN]);
            let mut front = Process::start(command, String::new());
            front.wait_for("it listens", |lines| !lines.is_empty());
            target = listens;
            front
        });
        let tls = tls.map(|more| {
            let server = authority.sign(&scratch, "server", "DNS:localhost");
            let more = more.replace("AUTHORITY", &authority.certificate.display().to_string());
            Tls::start(&scratch, port, target, &server, &more)
        });
        Self {
            cluster,
            scratch,
            port,
            authority,
            _tls: tls,
            _sasl: sasl,
        }
    }

    fn tls(test: &str) -> Self {
        Self::start(test, false, Some(""))
    }

    /// What secure.lua says to a broker at `host`.
    fn at(&self, host: &str, properties: &[&str]) -> String {
        let topic = self.cluster.name("secure");
        let mut command = crate::tools::luajit(Jit::On, "secure.lua");
        command
            .arg(format!("{host}:{}", self.port))
            .arg(topic)
            .args(properties);
        Process::start(command, String::new()).finish().join("\n")
    }

    fn says(&self, properties: &[&str]) -> String {
        self.at("localhost", properties)
    }

    fn lets_in(&self, properties: &[&str]) {
        assert_eq!(self.says(properties), "received secret", "{properties:?}");
    }

    /// Expects an error of this name, whose text has all of these.
    fn refuses(&self, properties: &[&str], name: &str, texts: &[&str]) {
        assert_error(&self.says(properties), name, texts);
    }

    fn trust(&self) -> String {
        format!("ssl.ca.location={}", self.authority.certificate.display())
    }

    fn trust_in_memory(&self) -> String {
        format!("ssl.ca.pem=@{}", self.authority.certificate.display())
    }
}

fn assert_error(said: &str, name: &str, texts: &[&str]) {
    assert!(said.starts_with(&format!("error {name} ")), "{said}");
    for text in texts {
        assert!(said.contains(text), "no \"{text}\" in {said}");
    }
}

/// A broker's certificate was not believed. librdkafka calls it a failure of the transport if that
/// shows in the handshake's very first step.
fn assert_unverified(said: &str) {
    let name = said.split(' ').nth(1);
    assert!(matches!(name, Some("SSL" | "TRANSPORT")), "{said}");
    assert!(said.contains("certificate verify failed"), "{said}");
}

const SSL: &str = "security.protocol=SSL";

#[test]
fn a_broker_is_trusted_by_its_authority_only() {
    let secured = Secured::tls("a_broker_is_trusted_by_its_authority_only");
    secured.lets_in(&[SSL, &secured.trust()]);
    secured.lets_in(&[SSL, &secured.trust_in_memory()]);
    assert_unverified(&secured.says(&[SSL]));
    let other = Certificate::self_signed(&secured.scratch, "other", "DNS:authority");
    let other = format!("ssl.ca.location={}", other.certificate.display());
    assert_unverified(&secured.says(&[SSL, &other]));
    secured.lets_in(&[SSL, "enable.ssl.certificate.verification=false"]);
}

#[test]
fn a_brokers_name_must_be_in_its_certificate() {
    let secured = Secured::tls("a_brokers_name_must_be_in_its_certificate");
    let trust = secured.trust();
    assert_unverified(&secured.at("127.0.0.1", &[SSL, &trust]));
    let unnamed = "ssl.endpoint.identification.algorithm=none";
    assert_eq!(
        secured.at("127.0.0.1", &[SSL, &trust, unnamed]),
        "received secret"
    );
}

#[test]
fn a_client_shows_its_certificate() {
    let options = "CAfile = AUTHORITY\nverifyChain = yes\n";
    let secured = Secured::start("a_client_shows_its_certificate", false, Some(options));
    let trust = secured.trust();
    let locations = |client: &Certificate| {
        [("certificate", &client.certificate), ("key", &client.key)]
            .map(|(name, path)| format!("ssl.{name}.location={}", path.display()))
    };
    let client = secured
        .authority
        .sign(&secured.scratch, "client", "DNS:client");
    let [certificate, key] = locations(&client);
    secured.lets_in(&[SSL, &trust, &certificate, &key]);
    let in_memory = [&certificate, &key].map(|location| location.replace(".location=", ".pem=@"));
    let [certificate, key] = in_memory;
    secured.lets_in(&[SSL, &secured.trust_in_memory(), &certificate, &key]);

    let stranger = Certificate::self_signed(&secured.scratch, "stranger", "DNS:client");
    let [certificate, key] = locations(&stranger);
    for properties in [&[SSL, &trust][..], &[SSL, &trust, &certificate, &key]] {
        // TLS 1.3 tells a client only after the handshake.
        let said = secured.says(properties);
        assert!(said.starts_with("error "), "{said}");
        assert!(
            said.contains("SSL") || said.contains("isconnected"),
            "{said}"
        );
    }
}

#[test]
fn an_independent_client_is_at_the_other_end_of_tls() {
    let mut secured = Secured::tls("an_independent_client_is_at_the_other_end_of_tls");
    secured.cluster.peer_config = format!(
        r#"{{"security_protocol": "SSL", "ssl_cafile": "{}"}}"#,
        secured.authority.certificate.display()
    );
    let cluster = &secured.cluster;
    let topic = cluster.topic("tls", 1);
    let trust = secured.trust();
    let ours = Record::new(0, b"ours");
    let properties = [SSL, &trust, "broker.address.family=v4"];
    let mut arguments = vec![topic.as_str()];
    arguments.extend(properties);
    let sent = cluster.lua(Jit::On, "send.lua", &arguments, input(&[ours]));
    assert_eq!(sent, ["sent 1 failed 0"]);
    cluster.peer(
        &["produce", &topic, "none"],
        input(&[Record::new(0, b"theirs")]),
    );

    let (reads, _) = parse_consumed(&cluster.peer(&["consume", "2", &topic], String::new()));
    let wanted = [bytes(b"ours"), bytes(b"theirs")];
    let values: Vec<String> = reads.into_iter().map(|read| read.record.value).collect();
    assert_eq!(values, wanted);
    let partition = format!("{topic}:0");
    let group = format!("group.id={}", cluster.name("tls"));
    let mut arguments = vec![partition.as_str(), "2", "30", "close", &group];
    arguments.extend(properties);
    let received = cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
    let values: Vec<String> = received
        .iter()
        .map(|line| parse_received(line).1.value)
        .collect();
    assert_eq!(values, wanted);
}

/// The properties of a client that logs in so.
fn login(protocol: &str, mechanism: &str, password: &str) -> [String; 4] {
    [
        format!("security.protocol={protocol}"),
        format!("sasl.mechanism={mechanism}"),
        format!("sasl.username={USER}"),
        format!("sasl.password={password}"),
    ]
}

fn all(properties: &[String]) -> Vec<&str> {
    properties.iter().map(String::as_str).collect()
}

#[test]
fn passwords_let_in_and_wrong_ones_are_an_error() {
    let secured = Secured::start("passwords_let_in_and_wrong_ones_are_an_error", true, None);
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let login = |password| login("SASL_PLAINTEXT", mechanism, password);
        secured.lets_in(&all(&login(PASSWORD)));
        let texts = ["SASL authentication error", "Invalid"];
        secured.refuses(&all(&login("guess")), "AUTHENTICATION", &texts);
        // The first error is answered with the right one.
        let then = format!("then.password={PASSWORD}");
        let wrong = login("guess");
        let mut corrected = all(&wrong);
        corrected.push(&then);
        secured.lets_in(&corrected);
    }
}

#[test]
fn tokens_let_in_and_wrong_ones_are_an_error() {
    let secured = Secured::start("tokens_let_in_and_wrong_ones_are_an_error", true, None);
    let with = |more: &str| -> [String; 3] {
        [
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=OAUTHBEARER",
            more,
        ]
        .map(str::to_owned)
    };
    secured.lets_in(&all(&with(&format!("token={TOKEN}"))));
    secured.refuses(
        &all(&with("token=x.y.z")),
        "AUTHENTICATION",
        &["SASL authentication error", "Invalid token"],
    );
    secured.refuses(
        &all(&with("token.failure=nobody is home")),
        "AUTHENTICATION",
        &["Failed to acquire SASL OAUTHBEARER token: nobody is home"],
    );
}

#[test]
fn passwords_go_over_tls() {
    let secured = Secured::start("passwords_go_over_tls", true, Some(""));
    let trust = secured.trust();
    for (mechanism, password, expected) in [
        ("PLAIN", PASSWORD, "received secret"),
        ("SCRAM-SHA-512", PASSWORD, "received secret"),
        ("SCRAM-SHA-256", "guess", "error AUTHENTICATION"),
    ] {
        let login = login("SASL_SSL", mechanism, password);
        let mut properties = all(&login);
        properties.push(&trust);
        let said = secured.says(&properties);
        assert!(said.starts_with(expected), "{mechanism}: {said}");
    }
    let untrusting = login("SASL_SSL", "PLAIN", PASSWORD);
    assert_unverified(&secured.says(&all(&untrusting)));
}

#[test]
fn a_broker_with_authentication_of_its_own_refuses() {
    let port = free_port();
    let brokers = format!("localhost:{port}");
    let test = "a_broker_with_authentication_of_its_own_refuses";
    let (cluster, port) = Cluster::behind(test, &brokers, &["--authentication"]);
    let says = |properties: &[&str]| {
        let mut command = crate::tools::luajit(Jit::On, "secure.lua");
        command
            .arg(format!("localhost:{port}"))
            .arg(cluster.name("refused"))
            .args(properties);
        Process::start(command, String::new()).finish().join("\n")
    };
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let said = says(&all(&login("SASL_PLAINTEXT", mechanism, "guess")));
        assert_error(&said, "AUTHENTICATION", &["SASL authentication error"]);
    }
    let said = says(&all(&login("SASL_PLAINTEXT", "PLAIN", "guess")));
    assert_error(
        &said,
        "AUTHENTICATION",
        &["PLAIN mechanism handshake failed"],
    );
    not_shown("a user of its own who is let in: it keeps its users in memory, and only users may add some");
}
