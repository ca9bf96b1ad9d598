//! Defects that Apache Kafka shows, on clusters of this program's own.

use crate::known::{invariants, Verdict};
use crate::scenario::in_lua_with;
use crate::worker::in_nginx_before;
use harness::kafka::{Kafka, Listener, Version};

/// A scenario of groups.lua.
fn in_group(scenario: &str) -> Verdict {
    let brokers = Kafka::shared(Version::V4).brokers();
    in_lua_with("groups", scenario, &[&brokers, scenario])
}

/// A scenario of causes.lua, at a listener.
fn at(listener: Listener, scenario: &str) -> Verdict {
    let brokers = Kafka::shared(Version::V4).at(listener);
    in_lua_with("causes", scenario, &[&brokers])
}

/// A scenario of facade.lua, at a listener.
fn facade_at(listener: Listener, scenario: &str) -> Verdict {
    let brokers = Kafka::shared(Version::V4).at(listener);
    in_nginx_before(&brokers, "facade", scenario)
}

invariants! {
    fn a_member_that_closes_while_it_joins_leaves_its_group() {
        in_group("closed_while_it_joins")
    }

    fn a_commit_in_on_revoke_takes_effect() {
        in_group("commits_when_revoked")
    }

    fn a_wrong_password_is_named_by_the_call_that_fails() {
        at(Listener::SaslPlaintext, "wrong_password")
    }

    fn a_denied_group_is_named_by_the_call_that_fails() {
        let kafka = Kafka::shared(Version::V4);
        let (brokers, sasl) = (kafka.brokers(), kafka.at(Listener::SaslPlaintext));
        in_lua_with("causes", "denied_group", &[&brokers, &sasl, "denied"])
    }

    fn a_plain_client_on_a_tls_port_is_named() {
        at(Listener::Ssl, "plain_to_tls")
    }

    fn a_group_protocol_that_brokers_lack_is_named() {
        let brokers = Kafka::shared(Version::V3_9).brokers();
        in_lua_with("causes", "unsupported_protocol", &[&brokers, "protocol"])
    }

    fn the_facade_names_a_wrong_password() {
        facade_at(Listener::SaslPlaintext, "wrong_password")
    }

    fn the_facade_names_a_certificate_it_does_not_trust() {
        facade_at(Listener::Ssl, "untrusted_certificate")
    }
}
