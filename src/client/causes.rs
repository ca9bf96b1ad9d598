//! Why brokers cannot be reached: what a call names that fails because something did not come.
//!
//! A call that waits for a broker ends with "timed out", whatever the reason is. librdkafka writes the reason to its log, on the
//! broker's thread, and the same line only once in 30 s. So what a line says counts as long as there is no connection to that
//! broker, also where one that was there in between is lost in that time.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::error::Error;
use super::lock;
use super::texts::{TextId, Texts};
use crate::rd::Code;

/// How long librdkafka does not write the same line again.
const SUPPRESSED: Duration = Duration::from_secs(30);

/// Behind what a connection failed for before its first answer: a listener with TLS closes one without.
const NO_TLS: &str = " (if the listener wants SSL, set security.protocol)";

/// How many texts there may be from brokers, which may have a number in each,
const REASONS_MOST: u16 = 1000;
/// and with those of connections.
const TEXTS_MOST: u16 = u16::MAX;

/// Why a connection failed last.
struct Connection {
    /// librdkafka has one for each.
    thread: ThreadId,
    /// The broker's. It may have several: that from the list of brokers, that of its number, that of a coordinator.
    address: String,
    is_up: bool,
    cause: TextId,
    written: Instant,
}

/// See the module.
#[derive(Default)]
pub struct Causes {
    texts: Texts,
    /// Those that have ever failed; the one that failed last comes last.
    connections: Mutex<Vec<Connection>>,
    /// Whether one of them is down.
    is_any_down: AtomicBool,
    /// The client is closed: what is known then stays.
    is_final: AtomicBool,
}

/// Whether an error of this code says only that something did not come.
fn is_vague(code: Code) -> bool {
    matches!(
        code,
        Code::TIMED_OUT
            | Code::TIMED_OUT_QUEUE
            | Code::MSG_TIMED_OUT
            | Code::TRANSPORT
            | Code::ALL_BROKERS_DOWN
            | Code::RESOLVE
            | Code::WAIT_COORD
    )
}

impl Causes {
    fn change(&self, change: impl FnOnce(&mut Vec<Connection>, ThreadId)) {
        let mut connections = lock(&self.connections);
        if self.is_final.load(Ordering::Relaxed) {
            return;
        }
        change(&mut connections, thread::current().id());
        let is_any_down = connections.iter().any(|connection| !connection.is_up);
        self.is_any_down.store(is_any_down, Ordering::Release);
    }

    /// This thread's connection has failed, as a line of librdkafka's log says.
    pub fn failed(&self, line: &CStr) {
        let line = line.to_string_lossy();
        let (address, what) = cause_of(&line);
        let may_lack_tls = line.contains("in state APIVERSION_QUERY") && !line.contains("ssl://");
        let hint = if may_lack_tls { NO_TLS } else { "" };
        let cause = CString::new(format!("{address}: {what}{hint}")).unwrap_or_default();
        let cause = self.texts.intern(&cause, TEXTS_MOST);
        self.change(|connections, thread| {
            connections.retain(|connection| connection.thread != thread);
            connections.extend(cause.map(|cause| Connection {
                thread,
                address,
                is_up: false,
                cause,
                written: Instant::now(),
            }));
        });
    }

    /// Whether this thread's connection, to a broker at this address, can be used.
    pub fn connection_changed(&self, address: &str, is_up: bool) {
        self.change(|connections, thread| {
            if is_up {
                // One is enough: librdkafka does not renew others that it does not need.
                for connection in connections.iter_mut() {
                    connection.is_up |=
                        connection.thread == thread || connection.address == address;
                }
            } else if let Some(at) = connections
                .iter()
                .position(|it| it.thread == thread && it.is_up)
            {
                let lost = connections.remove(at);
                // Later a line would have been written, but for a connection that was closed as none was needed.
                if lost.written.elapsed() < SUPPRESSED {
                    let is_up = false;
                    connections.push(Connection { is_up, ..lost });
                }
            }
        });
    }

    /// This thread ends, and with it the connection.
    pub fn thread_ends(&self) {
        self.change(|connections, thread| connections.retain(|it| it.thread != thread));
    }

    /// The client ends, and with it its threads: what is known of their connections stays.
    pub fn keep(&self) {
        self.is_final.store(true, Ordering::Relaxed);
    }

    /// What a broker says against a record.
    pub fn reason(&self, reason: &CStr) -> Option<TextId> {
        self.texts.intern(reason, REASONS_MOST)
    }

    /// Why the broker that failed last cannot be reached, where an error of this code is to name it.
    pub fn cause(&self, code: Code) -> Option<TextId> {
        if !is_vague(code) || !self.is_any_down.load(Ordering::Acquire) {
            return None;
        }
        let connections = lock(&self.connections);
        let last = connections.iter().rev().find(|it| !it.is_up)?;
        Some(last.cause)
    }

    /// All texts that reports name.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The error with its cause, where it says only that something did not come.
    pub fn explain(&self, error: Error) -> Error {
        let Some(cause) = self.cause(Code(error.code)) else {
            return error;
        };
        let cause: Arc<CStr> = self.texts.text(cause);
        let what: Cow<'_, str> = match Code(error.code) {
            Code::TIMED_OUT => "timeout".into(),
            _ => error.message,
        };
        Error {
            message: format!("{what}: {}", cause.to_string_lossy()).into(),
            ..error
        }
    }
}

/// A text of librdkafka's without its last part, as in "Connection refused (after 3ms in state CONNECT)".
pub fn without_time(text: &str) -> &str {
    text.rsplit_once(" (after ").map_or(text, |(text, _)| text)
}

/// The broker's address and what went wrong, of a line such as "\[thrd:localhost:9092/1]: localhost:9092/1: Connect to
/// ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)".
fn cause_of(line: &str) -> (String, &str) {
    let (_, line) = line
        .strip_prefix("[thrd:")
        .and_then(|line| line.split_once("]: "))
        .unwrap_or(("", line));
    let line = without_time(line);
    let Some((name, what)) = line.split_once(": ") else {
        return ("a broker".to_owned(), line);
    };
    let is_address = |text: &str| text.contains(':') && !text.contains(' ');
    // A coordinator has a name, and the address of the broker behind it.
    let (name, what) = match what.split_once(": ") {
        Some((address, what)) if !is_address(name) && is_address(address) => (address, what),
        _ => (name, what),
    };
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    let address = name.rsplit_once('/').map_or(name, |(address, _)| address);
    let what = match what.split_once(" failed: ") {
        Some((attempt, what)) if attempt.starts_with("Connect to ") => what,
        _ => what,
    };
    (address.to_owned(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_an_address_and_what_went_wrong() {
        for (line, cause) in [
            (
                "[thrd:127.0.0.1:9092/bootstrap]: 127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: \
                 Connection refused (after 0ms in state CONNECT)",
                "127.0.0.1:9092: Connection refused",
            ),
            (
                "sasl_ssl://[::1]:9093/3: SASL authentication error: Authentication failed: no (after 9ms in state \
                 AUTH_REQ, 4 identical error(s) suppressed)",
                "[::1]:9093: SASL authentication error: Authentication failed: no",
            ),
            (
                "GroupCoordinator: kafka-1:9092: Disconnected (after 3ms in state UP)",
                "kafka-1:9092: Disconnected",
            ),
            (
                "kafka-1:9092/1: Disconnected: verify that security.protocol is correctly configured, broker might require \
                 SASL authentication (after 3ms in state UP)",
                "kafka-1:9092: Disconnected: verify that security.protocol is correctly configured, broker might require \
                 SASL authentication",
            ),
            ("GroupCoordinator: 1 request(s) timed out: disconnect", "GroupCoordinator: 1 request(s) timed out: disconnect"),
            ("something else", "a broker: something else"),
        ] {
            let (address, what) = cause_of(line);
            assert_eq!(format!("{address}: {what}"), cause);
        }
    }

    /// What a call says now that is not answered in time, and one whose connection broke.
    fn said(causes: &Causes) -> [String; 2] {
        let errors = [Error::timed_out("no answer"), Code::TRANSPORT.into()];
        errors.map(|error| causes.explain(error).message.into_owned())
    }

    #[test]
    fn the_broker_that_failed_last_is_named_until_it_is_connected() {
        let causes = Arc::<Causes>::default();
        let unexplained = ["no answer", "Local: Broker transport failure"].map(str::to_owned);
        assert_eq!(said(&causes), unexplained);
        causes.failed(c"a:1/1: Disconnected (after 1ms in state UP)");
        let a = [
            "timeout: a:1: Disconnected",
            "Local: Broker transport failure: a:1: Disconnected",
        ];
        assert_eq!(said(&causes), a);
        let other = Arc::clone(&causes);
        thread::spawn(move || {
            other.failed(
                c"b:1/2: Connect to x failed: Connection refused (after 1ms in state CONNECT)",
            );
            assert_eq!(said(&other)[0], "timeout: b:1: Connection refused");
            other.connection_changed("b:1", true);
            assert_eq!(said(&other)[0], "timeout: a:1: Disconnected");
            // librdkafka does not say it again.
            other.connection_changed("b:1", false);
            assert_eq!(said(&other)[0], "timeout: b:1: Connection refused");
            other.thread_ends();
        })
        .join()
        .unwrap();
        assert_eq!(said(&causes), a);
        // The same broker has two connections, of which the other one is renewed.
        let other = Arc::clone(&causes);
        thread::spawn(move || other.connection_changed("a:1", true))
            .join()
            .unwrap();
        assert_eq!(said(&causes), unexplained);
    }

    #[test]
    fn a_connection_that_is_closed_before_its_first_answer_may_lack_tls() {
        let causes = Causes::default();
        causes.failed(
            c"a:1/1: Disconnected (after 2ms in state APIVERSION_QUERY, 1 identical error(s) suppressed)",
        );
        let text = "timeout: a:1: Disconnected (if the listener wants SSL, set security.protocol)";
        assert_eq!(said(&causes)[0], text);
    }

    #[test]
    fn an_error_that_says_what_it_is_stays_as_it_is() {
        let causes = Causes::default();
        causes.failed(c"a:1/1: Disconnected");
        let error = causes.explain(Code::UNKNOWN_TOPIC_OR_PART.into());
        assert_eq!(error.message, "Broker: Unknown topic or partition");
        assert!(causes.cause(Code::PURGE_QUEUE).is_none());
    }
}
