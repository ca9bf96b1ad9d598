//! Configuration: librdkafka's properties, and the defaults this library adds.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use super::error::{Error, Result};
use super::events::Kinds;
use crate::rd;

/// The properties of a producer or consumer.
#[derive(Clone, Default)]
pub struct Conf {
    native: rd::Conf,
    set: HashSet<CString>,
    awaited: Kinds,
    lookahead: bool,
    buffer_memory: Option<usize>,
}

/// The properties of a topic.
#[derive(Clone, Default)]
pub struct TopicConf {
    properties: Vec<(CString, CString)>,
}

/// Syslog's level of what is no error,
const LOG_INFO: i32 = 6;
/// and its level for debugging.
pub(super) const LOG_DEBUG: i32 = 7;

fn rejected(text: String) -> Error {
    Error::invalid(text)
}

impl Conf {
    /// Sets one property. On failure nothing changes and the message is librdkafka's text.
    pub fn set(&mut self, name: &CStr, value: &CStr) -> Result<()> {
        self.native.set(name, value).map_err(rejected)?;
        self.set.insert(name.to_owned());
        Ok(())
    }

    /// A property's value.
    pub fn get(&self, name: &CStr) -> Result<CString> {
        self.native.get(name).ok_or_else(|| {
            let name = name.to_string_lossy();
            Error::invalid(format!("configuration property \"{name}\" is not set"))
        })
    }

    /// Makes these properties the defaults of every topic.
    pub fn set_topic_conf(&mut self, topic_conf: &TopicConf) -> Result<()> {
        // librdkafka passes a topic's property on to its default topic configuration. That keeps
        // what was set there before, as replacing the whole configuration would not.
        topic_conf
            .properties
            .iter()
            .try_for_each(|(name, value)| self.set(name, value))
    }

    /// The kinds of events that end a wait.
    pub fn set_awaited(&mut self, kinds: Kinds) {
        self.awaited = kinds;
    }

    pub(super) fn awaited(&self) -> Kinds {
        self.awaited
    }

    /// Whether a consumer's messages are taken ahead of their reader.
    pub fn set_lookahead(&mut self, ahead: bool) {
        self.lookahead = ahead;
    }

    pub(super) fn looks_ahead(&self) -> bool {
        self.lookahead
    }

    /// How many bytes of records a producer with an accumulator may hold; `None` for a producer without one.
    pub fn set_buffer_memory(&mut self, bytes: Option<usize>) {
        self.buffer_memory = bytes;
    }

    pub(super) fn buffer_memory(&self) -> Option<usize> {
        self.buffer_memory
    }

    /// Whether librdkafka's log goes to stderr: where the user asked for it, and does not fetch it.
    pub(super) fn logs_to_stderr(&self) -> bool {
        let asked = [c"debug", c"log_level"];
        asked.iter().any(|&name| self.set.contains(name)) && !self.awaited.intersect(Kinds::LOG)
    }

    /// Up to which of syslog's levels the user wants lines of the log.
    pub(super) fn log_level(&self) -> i32 {
        let debugs = self.native.get(c"debug");
        if debugs.is_some_and(|contexts| !contexts.is_empty()) {
            return LOG_DEBUG;
        }
        self.number(c"log_level")
            .map_or(LOG_INFO, |level| level as i32)
    }

    /// Whether OAUTHBEARER tokens come from the application, and not from librdkafka's own ways.
    pub(super) fn tokens_are_the_applications(&self) -> bool {
        self.uses_sasl()
            && self.is(c"sasl.mechanisms", "OAUTHBEARER")
            && !self.is(c"sasl.oauthbearer.method", "oidc")
            && !self.is(c"enable.sasl.oauthbearer.unsecure.jwt", "true")
    }

    /// How many messages a producer may hold; `None` is without limit.
    pub(super) fn max_messages(&self) -> Option<usize> {
        let limit = self.number(c"queue.buffering.max.messages");
        limit.filter(|&limit| limit > 0)
    }

    /// How many bytes a message may have.
    pub(super) fn max_message_bytes(&self) -> usize {
        self.number(c"message.max.bytes").unwrap_or(usize::MAX)
    }

    fn number(&self, name: &CStr) -> Option<usize> {
        self.native.get(name)?.to_str().ok()?.parse().ok()
    }

    /// Whether the user asked for reports of failed deliveries only.
    pub(super) fn only_errors_are_reported(&self) -> bool {
        self.is(c"delivery.report.only.error", "true")
    }

    /// Whether a message's offset is stored as it is taken, and not when the application says so.
    pub(super) fn offsets_are_stored_when_taken(&self) -> bool {
        self.is(c"enable.auto.offset.store", "true")
    }

    /// Whether the ends of partitions come among the messages.
    pub(super) fn reports_partition_ends(&self) -> bool {
        self.is(c"enable.partition.eof", "true")
    }

    /// Whether the user has set a property.
    pub(super) fn sets(&self, name: &CStr) -> bool {
        self.set.contains(name)
    }

    fn is(&self, name: &CStr, expected: &str) -> bool {
        self.native
            .get(name)
            .is_some_and(|value| value.to_str() == Ok(expected))
    }

    fn uses_sasl(&self) -> bool {
        self.is(c"security.protocol", "sasl_plaintext") || self.is(c"security.protocol", "sasl_ssl")
    }

    fn uses_tls(&self) -> bool {
        self.is(c"security.protocol", "ssl") || self.is(c"security.protocol", "sasl_ssl")
    }

    /// What a client is started with.
    pub(super) fn to_native(&self) -> Result<rd::Conf> {
        self.check_mechanism()?;
        self.check_files()?;
        let mut native = self.native.clone();
        let mut defaults = self.trusted_certificates();
        // That a connection failed is a line of the log.
        defaults.push((c"log.queue", c"false"));
        if self.log_level() < LOG_INFO {
            defaults.push((c"log_level", c"6"));
        }
        for (name, value) in defaults {
            native.set(name, value).map_err(rejected)?;
        }
        Ok(native)
    }

    /// Without a mechanism librdkafka takes Kerberos, and asks for what that needs.
    fn check_mechanism(&self) -> Result<()> {
        let chooses = |name: &CString| {
            [c"sasl.mechanism", c"sasl.mechanisms"].contains(&name.as_c_str())
                || name.as_bytes().starts_with(b"sasl.kerberos.")
        };
        match self.uses_sasl() && !self.set.iter().any(chooses) {
            true => Err(Error::new(
                rd::Code::INVALID_CONFIG.0,
                "sasl.mechanism is not set: as PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI",
            )),
            false => Ok(()),
        }
    }

    /// Names the file that cannot be read, as OpenSSL does not.
    fn check_files(&self) -> Result<()> {
        let names = [
            c"ssl.ca.location",
            c"ssl.certificate.location",
            c"ssl.crl.location",
            c"ssl.key.location",
            c"ssl.keystore.location",
        ];
        for name in names
            .iter()
            .filter(|name| self.uses_tls() && self.sets(name))
        {
            let path = self.get(name)?;
            if path.is_empty() || path.as_c_str() == c"probe" {
                continue;
            }
            if let Err(error) = File::open(OsStr::from_bytes(path.to_bytes())) {
                let (name, path) = (name.to_string_lossy(), path.to_string_lossy());
                let text = format!("{name}: {path}: {error}");
                return Err(Error::new(rd::Code::INVALID_CONFIG.0, text));
            }
        }
        Ok(())
    }

    /// Where to find the system's CA certificates. An OpenSSL inside the library looks for them
    /// at the paths it was built with, which this machine may not have, unless librdkafka is set to probe.
    fn trusted_certificates(&self) -> Vec<(&'static CStr, &'static CStr)> {
        let mut defaults = Vec::new();
        let unset = |names: [&CStr; 2]| !names.iter().any(|&name| self.set.contains(name));
        if self.uses_tls() && unset([c"ssl.ca.location", c"ssl.ca.pem"]) {
            defaults.push((c"ssl.ca.location", c"probe"));
        }
        if self.is(c"sasl.oauthbearer.method", "oidc")
            && unset([c"https.ca.location", c"https.ca.pem"])
        {
            defaults.push((c"https.ca.location", c"probe"));
        }
        defaults
    }
}

impl TopicConf {
    /// Sets one property. On failure nothing changes and the message is librdkafka's text.
    pub fn set(&mut self, name: &CStr, value: &CStr) -> Result<()> {
        rd::TopicConf::new().set(name, value).map_err(rejected)?;
        self.properties.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// These properties on top of a client's defaults.
    pub(super) fn apply_to(&self, native: &mut rd::TopicConf) -> Result<()> {
        self.properties
            .iter()
            .try_for_each(|(name, value)| native.set(name, value).map_err(rejected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_property_changes_nothing() {
        let mut conf = Conf::default();
        let before = conf.get(c"message.max.bytes").unwrap();
        let error = conf.set(c"message.max.bytes", c"1").unwrap_err();
        assert_eq!(error.code, Error::INVALID_ARGUMENT);
        assert_eq!(
            error.message,
            "Configuration property \"message.max.bytes\" value 1 is outside allowed range 1000..1000000000\n"
        );
        assert_eq!(conf.get(c"message.max.bytes").unwrap(), before);
    }

    #[test]
    fn topic_defaults_keep_what_was_set_before() {
        let mut conf = Conf::default();
        conf.set(c"auto.offset.reset", c"earliest").unwrap();
        let mut topic_conf = TopicConf::default();
        topic_conf.set(c"request.required.acks", c"1").unwrap();
        conf.set_topic_conf(&topic_conf).unwrap();
        assert_eq!(
            conf.get(c"auto.offset.reset").unwrap().as_c_str(),
            c"smallest"
        );
        assert_eq!(conf.get(c"request.required.acks").unwrap().as_c_str(), c"1");
    }

    #[test]
    fn tokens_are_the_applications_unless_librdkafka_gets_them() {
        let mut conf = Conf::default();
        conf.set(c"sasl.mechanism", c"OAUTHBEARER").unwrap();
        assert!(!conf.tokens_are_the_applications());
        conf.set(c"security.protocol", c"SASL_SSL").unwrap();
        assert!(conf.tokens_are_the_applications());
        conf.set(c"sasl.oauthbearer.method", c"oidc").unwrap();
        assert!(!conf.tokens_are_the_applications());
    }

    #[test]
    fn a_mechanism_must_be_chosen() {
        let mut conf = Conf::default();
        assert!(conf.to_native().is_ok());
        conf.set(c"security.protocol", c"SASL_PLAINTEXT").unwrap();
        let error = conf.to_native().err().unwrap();
        assert_eq!(error.code, rd::Code::INVALID_CONFIG.0);
        assert!(error.message.starts_with("sasl.mechanism is not set"));
        for chosen in [c"sasl.mechanism", c"sasl.mechanisms"] {
            let mut conf = conf.clone();
            conf.set(chosen, c"PLAIN").unwrap();
            assert!(conf.to_native().is_ok());
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        for name in [c"ssl.ca.location", c"ssl.key.location"] {
            let mut conf = Conf::default();
            conf.set(name, c"/no/such/file").unwrap();
            assert!(conf.to_native().is_ok());
            conf.set(c"security.protocol", c"SSL").unwrap();
            let error = conf.to_native().err().unwrap();
            let start = format!("{}: /no/such/file: No such file", name.to_str().unwrap());
            assert!(error.message.starts_with(&start), "{error}");
        }
    }

    #[test]
    fn a_global_property_is_no_topic_property() {
        let mut topic_conf = TopicConf::default();
        assert!(topic_conf.set(c"client.id", c"x").is_err());
    }

    #[test]
    fn the_systems_certificates_are_looked_for_only_with_tls_and_only_by_default() {
        let mut conf = Conf::default();
        assert!(conf.trusted_certificates().is_empty());
        conf.set(c"security.protocol", c"SASL_SSL").unwrap();
        assert_eq!(
            conf.trusted_certificates(),
            [(c"ssl.ca.location", c"probe")]
        );
        conf.set(c"ssl.ca.pem", c"x").unwrap();
        assert!(conf.trusted_certificates().is_empty());
    }
}
