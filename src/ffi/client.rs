//! `kafka_client`: what producers, consumers and admin clients have in common.

use std::ffi::{c_char, CString};
use std::ops::Deref;
use std::slice;
use std::sync::atomic::AtomicU32;
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, string, take_back};
use super::error::{kafka_error, text_of};
use super::event::kafka_event;
use super::future::{kafka_future, result, value_to};
use super::handle::Handle;
use super::notifier::kafka_notifier;
use super::value::kafka_value;
use crate::client::{Client, Code, Error, Events, Future, Kinds, Result};

/// A producer, a consumer or an admin client, for what they have in common. It is an object of its own, and may outlive that
/// one: once that is closed, or freed, every call but kafka_client_explain returns KAFKA_ERR_CLOSED. Every call may be made from
/// any thread.
pub struct kafka_client {
    owner: Arc<dyn Owner>,
    // The event count is read in here after the owner's object has gone.
    events: Arc<Events>,
}

/// What an object that has a [`Client`] inside lends it by.
pub trait HasClient: Send + Sync {
    /// What it has in common with the others.
    fn client(&self) -> impl Deref<Target = Client> + '_;
}

/// A handle of any such object.
trait Owner: Send + Sync {
    fn enter(&self, body: &mut dyn FnMut(&Client) -> Result<()>) -> Result<()>;
    fn is_forked(&self) -> bool;
}

impl<T: HasClient> Owner for Handle<T> {
    fn enter(&self, body: &mut dyn FnMut(&Client) -> Result<()>) -> Result<()> {
        body(&Handle::enter(self)?.client())
    }

    fn is_forked(&self) -> bool {
        Handle::is_forked(self)
    }
}

impl kafka_client {
    /// Hands out what is common of the object behind a handle.
    pub(super) unsafe fn hand_over<T: HasClient + 'static>(
        place: *mut *mut Self,
        handle: &Arc<Handle<T>>,
    ) -> Result<()> {
        let events = Arc::clone(handle.enter()?.client().events());
        let owner = Arc::<Handle<T>>::clone(handle);
        output(place, "client")?.hand_over(Self { owner, events });
        Ok(())
    }

    fn enter(&self, mut body: impl FnMut(&Client) -> Result<()>) -> Result<()> {
        self.owner.enter(&mut body)
    }

    /// Starts something, which goes on when the object has been left.
    fn start(&self, mut start: impl FnMut(&Client) -> Result<Future>) -> Result<Future> {
        let mut started = Err(Error::closed());
        self.enter(|client| {
            started = start(client);
            Ok(())
        })?;
        started
    }
}

/// Frees a client, and nothing else: the object that it is of stays as it is. No call on it may be under way. In a forked
/// child it does nothing. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_free(client: *mut kafka_client) {
    guarded_void(|| {
        if let Some(client) = take_back(client) {
            // The locks inside may be held by threads that did not come along.
            if client.owner.is_forked() {
                std::mem::forget(client);
            }
        }
    });
}

/// Takes the oldest event of these kinds.
///
/// kinds: KAFKA_EVENT constants, joined by |. event: filled in on success; release it with
/// kafka_event_release. Returns 0; KAFKA_ERR_TIMED_OUT if there is none. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_poll_event(
    client: *mut kafka_client,
    kinds: u32,
    event: *mut kafka_event,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let place = output(event, "event")?;
        let mut found = None;
        client.enter(|client| {
            found = client.event(Kinds(kinds));
            Ok(())
        })?;
        let found = found.ok_or_else(|| Error::timed_out("no event"))?;
        place.write(kafka_event::new(found));
        Ok(())
    })
}

/// Says what is known of an error of this code: for a caller that waits by itself, and whose time is up. Errors of calls say it
/// already.
///
/// code: of enum kafka_err. explained: filled in on success, as by a call that fails. Where the code says only that something
/// did not come, as KAFKA_ERR_TIMED_OUT, its text names the broker that failed last, as long as that is not connected:
/// "timeout: 10.0.0.1:9092: Connection refused". Returns 0, also when the client is closed. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_explain(
    client: *const kafka_client,
    code: i32,
    explained: *mut kafka_error,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let place = output(explained, "explained")?;
        if client.owner.is_forked() {
            return Err(Error::forked());
        }
        let mut error = kafka_error::default();
        let unexplained = Error {
            message: text_of(code).to_string_lossy(),
            ..Code(code).into()
        };
        error.fill(&client.events.causes().explain(unexplained));
        place.write(error);
        Ok(())
    })
}

/// A count of events that end waiting calls, see kafka_conf_set_events, to be looked at
/// without a call.
///
/// event_count: points to a number that threads of the library change, and that lasts until the
/// client is freed. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_event_count(
    client: *const kafka_client,
    event_count: *mut *const AtomicU32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        client.enter(|_| Ok(()))?;
        output(event_count, "event_count")?.write(client.events.awaited_count());
        Ok(())
    })
}

/// Notifies a notifier, once, when there may be something new: messages, reports, room in the queue,
/// an event that ends waiting calls, or the client's end. Then call again what had nothing to
/// give, with a timeout of 0, and only if it still has nothing wait for the notifier.
///
/// key: what kafka_notifier_drain returns. Several waiters for the same client need the same notifier and key: the
/// last one holds. Returns 0; KAFKA_ERR_CLOSED. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_notify(
    client: *mut kafka_client,
    notifier: *mut kafka_notifier,
    key: u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let notifier = reference(notifier, "notifier")?.get()?;
        client.enter(|client| {
            client.arm(notifier, key);
            Ok(())
        })
    })
}

/// Asks for the cluster's brokers, topics and partitions.
///
/// topic: copied; NULL for all topics. metadata: where the new value goes; free it with kafka_value_free. It is a
/// map: broker_id (of the one that answered, or -1), brokers (a list of id, host, port) and
/// topics, by name: partitions (a list of partition, leader, replicas, isrs; with err and
/// code where something is wrong), and err and code of the topic. future: see kafka_future and kafka_future_value.
/// Returns 0; KAFKA_ERR_TIMED_OUT or KAFKA_ERR_TRANSPORT within timeout_ms (-1: without limit); KAFKA_ERR_CLOSED as soon as the
/// client is closed. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_metadata(
    client: *mut kafka_client,
    topic: *const c_char,
    timeout_ms: i32,
    metadata: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let topic = match topic.is_null() {
            true => None,
            false => Some(string(topic, "topic")?),
        };
        if topic.is_some_and(|topic| topic.is_empty()) {
            return Err(Error::invalid("topic is empty"));
        }
        let place = result(metadata, future, "metadata")?;
        let client = reference(client, "client")?;
        let started = client.start(|client| client.metadata(topic, timeout_ms))?;
        kafka_future::answer(future, started, value_to(place))
    })
}

/// Asks for the cluster's id.
///
/// cluster_id: where the new value goes, a text; free it with kafka_value_free. future: see kafka_future and
/// kafka_future_value. Returns 0; KAFKA_ERR_TIMED_OUT if no broker answers within timeout_ms (-1: without limit);
/// KAFKA_ERR_UNSUPPORTED_FEATURE if the brokers are older than Kafka 0.10.1, and have none; KAFKA_ERR_CLOSED as soon as the
/// client is closed. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_cluster_id(
    client: *mut kafka_client,
    timeout_ms: i32,
    cluster_id: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = result(cluster_id, future, "cluster_id")?;
        let client = reference(client, "client")?;
        let started = client.start(|client| client.cluster_id(timeout_ms))?;
        kafka_future::answer(future, started, value_to(place))
    })
}

/// Sets the OAUTHBEARER token to use from now on, as asked for by an event
/// KAFKA_EVENT_TOKEN_REFRESH.
///
/// token, principal: copied. lifetime_ms: when it expires, in milliseconds since 1970-01-01
/// UTC. extensions: extension_count names and values in turn, copied; NULL with 0 for none.
/// Returns 0; KAFKA_ERR_INVALID_ARG with librdkafka's text; KAFKA_ERR_STATE if the client is
/// not configured for it. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_set_oauthbearer_token(
    client: *mut kafka_client,
    token: *const c_char,
    lifetime_ms: i64,
    principal: *const c_char,
    extensions: *const *const c_char,
    extension_count: usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let token = string(token, "token")?;
        let principal = string(principal, "principal")?;
        let given = match (extensions.is_null(), extension_count) {
            (_, 0) => &[],
            (true, _) => return Err(Error::invalid("extensions is NULL")),
            (false, count) if count > isize::MAX as usize / 8 => {
                return Err(Error::invalid("extension_count is out of range"))
            }
            (false, count) => slice::from_raw_parts(extensions, count),
        };
        let extensions = given
            .iter()
            .map(|&text| string(text, "an extension").map(CString::from));
        let extensions: Vec<CString> = extensions.collect::<Result<_>>()?;
        client.enter(|client| {
            client.set_oauthbearer_token(token, lifetime_ms, principal, &extensions)
        })
    })
}

/// Says that no OAUTHBEARER token could be had: librdkafka asks again in 10 s, and reports
/// text as an error.
///
/// text: copied. Returns 0; KAFKA_ERR_STATE if the client is not configured for it. Does
/// not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_set_oauthbearer_failure(
    client: *mut kafka_client,
    text: *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let text = string(text, "text")?;
        client.enter(|client| client.set_oauthbearer_failure(text))
    })
}

/// Sets the user and the password for PLAIN or SCRAM to use from now on, for connections
/// that are made anew; those there are stay.
///
/// user, password: copied. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_set_sasl_credentials(
    client: *mut kafka_client,
    user: *const c_char,
    password: *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let user = string(user, "user")?;
        let password = string(password, "password")?;
        client.enter(|client| client.set_sasl_credentials(user, password))
    })
}
