//! TLS and SASL between clients and brokers.

use std::path::Path;

use harness::certificates::Certificate;
use harness::cluster::Cluster;
use harness::kafka::{Kafka, Listener, Version};
use harness::on_each_kafka;
use harness::process::Process;
use harness::record::{bytes, input, parse_consumed, parse_received, Record};
use harness::tools::Jit;
use harness::Scratch;

on_each_kafka!(
    a_broker_is_trusted_by_its_authority_only,
    a_brokers_name_must_be_in_its_certificate,
    a_client_shows_its_certificate,
    an_independent_client_is_at_the_other_end_of_tls,
    passwords_go_over_tls,
    passwords_let_in_and_wrong_ones_are_an_error,
    tokens_are_renewed_before_they_expire,
    tokens_let_in_and_wrong_ones_are_an_error,
);

const SSL: &str = "security.protocol=SSL";

/// A cluster whose listeners are known.
struct Secured<'a> {
    cluster: &'a Cluster,
    kafka: &'static Kafka,
}

impl<'a> Secured<'a> {
    fn of(cluster: &'a Cluster) -> Option<Self> {
        let kafka = cluster.kafka("a listener with TLS or SASL")?;
        Some(Self { cluster, kafka })
    }

    /// What secure.lua says to these brokers.
    fn at(&self, brokers: &str, properties: &[&str]) -> String {
        let topic = self.cluster.name("secure");
        let mut command = harness::tools::luajit(Jit::On, "secure.lua");
        command.arg(brokers).arg(topic).args(properties);
        Process::start(command, String::new()).finish().join("\n")
    }

    fn says(&self, listener: Listener, properties: &[&str]) -> String {
        self.at(&self.kafka.at(listener), properties)
    }

    fn lets_in(&self, listener: Listener, properties: &[&str]) {
        let said = self.says(listener, properties);
        assert_eq!(said, "received secret", "{properties:?}");
    }

    /// Expects an error of this name, whose text has all of these.
    fn refuses(&self, listener: Listener, properties: &[&str], name: &str, texts: &[&str]) {
        let said = self.says(listener, properties);
        assert!(said.starts_with(&format!("error {name} ")), "{said}");
        for text in texts {
            assert!(said.contains(text), "no \"{text}\" in {said}");
        }
    }

    fn trust(&self) -> String {
        let authority = self.kafka.certificate("ca.pem");
        format!("ssl.ca.location={}", authority.display())
    }

    fn trust_in_memory(&self) -> String {
        format!("ssl.ca.pem=@{}", self.kafka.certificate("ca.pem").display())
    }
}

/// The client did not accept the broker's certificate. librdkafka calls that a failure of the transport where it shows in
/// the first step of the handshake.
fn assert_unverified(said: &str) {
    let name = said.split(' ').nth(1);
    assert!(matches!(name, Some("SSL" | "TRANSPORT")), "{said}");
    assert!(said.contains("certificate verify failed"), "{said}");
}

fn a_broker_is_trusted_by_its_authority_only(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    secured.lets_in(Listener::Ssl, &[SSL, &secured.trust()]);
    secured.lets_in(Listener::Ssl, &[SSL, &secured.trust_in_memory()]);
    assert_unverified(&secured.says(Listener::Ssl, &[SSL]));
    let scratch = Scratch::new();
    let other = Certificate::self_signed(&scratch, "other", "DNS:authority");
    let other = format!("ssl.ca.location={}", other.certificate.display());
    assert_unverified(&secured.says(Listener::Ssl, &[SSL, &other]));
    let unverified = "enable.ssl.certificate.verification=false";
    secured.lets_in(Listener::Ssl, &[SSL, unverified]);
}

fn a_brokers_name_must_be_in_its_certificate(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    let trust = secured.trust();
    let by_address = secured
        .kafka
        .at(Listener::Ssl)
        .replace("localhost", "127.0.0.1");
    assert_unverified(&secured.at(&by_address, &[SSL, &trust]));
    let unnamed = "ssl.endpoint.identification.algorithm=none";
    let said = secured.at(&by_address, &[SSL, &trust, unnamed]);
    assert_eq!(said, "received secret");
}

/// The broker takes the client for the certificate's subject, which an ACL denies to write.
fn a_client_shows_its_certificate(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    let trust = secured.trust();
    let [certificate, key] = ["certificate", "key"].map(|kind| {
        let file = if kind == "key" {
            "client.key"
        } else {
            "client.pem"
        };
        let path = secured.kafka.certificate(file).display().to_string();
        (
            format!("ssl.{kind}.location={path}"),
            format!("ssl.{kind}.pem=@{path}"),
        )
    });
    secured.lets_in(Listener::Ssl, &[SSL, &trust, &certificate.0, &key.0]);
    let in_memory = secured.trust_in_memory();
    secured.lets_in(Listener::Ssl, &[SSL, &in_memory, &certificate.1, &key.1]);

    let topic = cluster.topic("certified", 1);
    let deny = [&topic, "User:CN=client", "write", "deny"];
    cluster.lua(Jit::On, "acl.lua", &deny, String::new());
    let sends = |properties: &[&str]| {
        let mut command = harness::tools::luajit(Jit::On, "send.lua");
        command
            .arg(secured.kafka.at(Listener::Ssl))
            .arg(&topic)
            .args(properties);
        let record = Record::new(0, b"certified");
        Process::start(command, input(&[record])).finish()
    };
    let certified = sends(&[SSL, &trust, &certificate.0, &key.0]);
    assert_eq!(certified, ["sent 1 failed 1"]);
    assert_eq!(sends(&[SSL, &trust]), ["sent 1 failed 0"]);
}

#[test]
fn a_client_without_a_known_certificate_is_refused_where_one_is_required() {
    let kafka = Kafka::start_with(Version::V4, 1, |_| {
        vec!["ssl.client.auth=required".to_owned()]
    });
    // Its coordinators are there.
    let _cluster = Cluster::on(&kafka);
    let trust = format!("ssl.ca.location={}", kafka.certificate("ca.pem").display());
    let says = |certificate: Option<[&Path; 2]>| {
        let mut command = harness::tools::luajit(Jit::On, "secure.lua");
        command.arg(kafka.at(Listener::Ssl)).arg("required");
        command.args([SSL, &trust]);
        if let Some([certificate, key]) = certificate {
            command.arg(format!(
                "ssl.certificate.location={}",
                certificate.display()
            ));
            command.arg(format!("ssl.key.location={}", key.display()));
        }
        Process::start(command, String::new()).finish().join("\n")
    };
    let files = ["client.pem", "client.key"].map(|file| kafka.certificate(file));
    assert_eq!(says(Some([&files[0], &files[1]])), "received secret");
    let scratch = Scratch::new();
    let stranger = Certificate::self_signed(&scratch, "stranger", "DNS:client");
    for certificate in [None, Some([&*stranger.certificate, &stranger.key])] {
        // With TLS 1.3 a client learns of it only after the handshake.
        let said = says(certificate);
        assert!(said.starts_with("error "), "{said}");
        assert!(
            said.contains("SSL") || said.contains("isconnected"),
            "{said}"
        );
    }
}

fn an_independent_client_is_at_the_other_end_of_tls(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    let mut tls = Cluster::at(secured.kafka.at(Listener::Ssl));
    tls.peer_config = format!(
        r#"{{"security_protocol": "SSL", "ssl_cafile": "{}"}}"#,
        secured.kafka.certificate("ca.pem").display()
    );
    let topic = cluster.topic("tls", 1);
    let trust = secured.trust();
    let ours = Record::new(0, b"ours");
    let properties = [SSL, &trust, "broker.address.family=v4"];
    let mut arguments = vec![topic.as_str()];
    arguments.extend(properties);
    let sent = tls.lua(Jit::On, "send.lua", &arguments, input(&[ours]));
    assert_eq!(sent, ["sent 1 failed 0"]);
    let theirs = input(&[Record::new(0, b"theirs")]);
    tls.peer(&["produce", &topic, "none"], theirs);

    let (reads, _) = parse_consumed(&tls.peer(&["consume", "2", &topic], String::new()));
    let wanted = [bytes(b"ours"), bytes(b"theirs")];
    let values: Vec<String> = reads.into_iter().map(|read| read.record.value).collect();
    assert_eq!(values, wanted);
    let partition = format!("{topic}:0");
    let group = format!("group.id={}", tls.name("tls"));
    let mut arguments = vec![partition.as_str(), "2", "30", "close", &group];
    arguments.extend(properties);
    let received = tls.lua(Jit::On, "receive.lua", &arguments, String::new());
    let values: Vec<String> = received
        .iter()
        .map(|line| parse_received(line).1.value)
        .collect();
    assert_eq!(values, wanted);
}

/// The properties of a client that logs in as bob.
pub fn login(protocol: &str, mechanism: &str, password: &str) -> [String; 4] {
    [
        format!("security.protocol={protocol}"),
        format!("sasl.mechanism={mechanism}"),
        "sasl.username=bob".to_owned(),
        format!("sasl.password={password}"),
    ]
}

pub const PASSWORD: &str = "bob-secret";

fn all(properties: &[String]) -> Vec<&str> {
    properties.iter().map(String::as_str).collect()
}

fn passwords_let_in_and_wrong_ones_are_an_error(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let login = |password| login("SASL_PLAINTEXT", mechanism, password);
        secured.lets_in(Listener::SaslPlaintext, &all(&login(PASSWORD)));
        let texts = ["SASL authentication error", "nvalid"];
        let wrong = login("guess");
        secured.refuses(
            Listener::SaslPlaintext,
            &all(&wrong),
            "AUTHENTICATION",
            &texts,
        );
        // The handler of the first error sets the right password.
        let then = format!("then.password={PASSWORD}");
        let mut corrected = all(&wrong);
        corrected.push(&then);
        secured.lets_in(Listener::SaslPlaintext, &corrected);
    }
}

const BEARER: [&str; 2] = [
    "security.protocol=SASL_PLAINTEXT",
    "sasl.mechanism=OAUTHBEARER",
];

fn tokens_let_in_and_wrong_ones_are_an_error(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    let with = |more: &str| {
        let properties = [BEARER[0], BEARER[1], more];
        secured.says(Listener::SaslPlaintext, &properties)
    };
    assert_eq!(with("token.lasts=3600"), "received secret");
    for wrong in ["token=x.y.z", "token.lasts=-30"] {
        let said = with(wrong);
        assert!(said.starts_with("error AUTHENTICATION "), "{said}");
        assert!(said.contains("SASL authentication error"), "{said}");
    }
    let failure = [BEARER[0], BEARER[1], "token.failure=nobody is home"];
    secured.refuses(
        Listener::SaslPlaintext,
        &failure,
        "AUTHENTICATION",
        &["Failed to acquire SASL OAUTHBEARER token: nobody is home"],
    );
    // librdkafka's own unsecured tokens.
    secured.lets_in(
        Listener::SaslPlaintext,
        &[
            BEARER[0],
            BEARER[1],
            "enable.sasl.oauthbearer.unsecure.jwt=true",
            "sasl.oauthbearer.config=principal=bob",
        ],
    );
}

/// The brokers end a session whose token has expired.
fn tokens_are_renewed_before_they_expire(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    let topic = cluster.topic("tokens", 1);
    let mut command = harness::tools::luajit(Jit::On, "tokens.lua");
    command
        .arg(secured.kafka.at(Listener::SaslPlaintext))
        .arg(&topic)
        .args(BEARER);
    let said = Process::start(command, String::new()).finish();
    assert_eq!(said, ["failed 0", "refreshed true"]);
}

fn passwords_go_over_tls(cluster: &Cluster) {
    let Some(secured) = Secured::of(cluster) else {
        return;
    };
    let trust = secured.trust();
    for (mechanism, password, expected) in [
        ("PLAIN", PASSWORD, "received secret"),
        ("SCRAM-SHA-512", PASSWORD, "received secret"),
        ("SCRAM-SHA-256", "guess", "error AUTHENTICATION"),
    ] {
        let login = login("SASL_SSL", mechanism, password);
        let mut properties = all(&login);
        properties.push(&trust);
        let said = secured.says(Listener::SaslSsl, &properties);
        assert!(said.starts_with(expected), "{mechanism}: {said}");
    }
    let untrusting = login("SASL_SSL", "PLAIN", PASSWORD);
    assert_unverified(&secured.says(Listener::SaslSsl, &all(&untrusting)));
}
