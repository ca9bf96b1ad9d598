//! `kafka_client`: what producers, consumers and admin clients have in common.

use std::ffi::{c_char, CString};
use std::slice;
use std::sync::Arc;

use super::boundary::{guarded, output, reference, string};
use super::error::kafka_error;
use super::event::kafka_event;
use super::handle::Handle;
use super::hub::kafka_hub;
use super::request::kafka_request;
use crate::client::{Client, Error, Events, Kinds, Result};

/// A producer, a consumer or an admin client, for what they have in common. It belongs to
/// that one and lasts until it is freed. Every call may be made from any thread.
pub struct kafka_client {
    owner: Arc<dyn Enter>,
    // Outlives the owner's end: a pointer into it was handed out.
    events: Arc<Events>,
}

/// What an object that has a [`Client`] inside lends it by.
pub trait HasClient: Send + Sync {
    /// What it has in common with the others.
    fn client(&self) -> &Client;
}

/// A handle of any such object.
trait Enter: Send + Sync {
    fn enter(&self, body: &mut dyn FnMut(&Client) -> Result<()>) -> Result<()>;
}

impl<T: HasClient> Enter for Handle<T> {
    fn enter(&self, body: &mut dyn FnMut(&Client) -> Result<()>) -> Result<()> {
        body(Handle::enter(self)?.client())
    }
}

impl kafka_client {
    /// A handle of the object that `make` makes, and what is common of that object.
    pub(super) fn made_by<T: HasClient + 'static>(
        make: impl FnOnce() -> Result<T>,
    ) -> Result<(Arc<Handle<T>>, Self)> {
        let handle = Arc::new(Handle::made_by(make)?);
        let client = Self {
            events: Arc::clone(handle.enter()?.client().events()),
            owner: Arc::<Handle<T>>::clone(&handle),
        };
        Ok((handle, client))
    }

    fn enter(&self, mut body: impl FnMut(&Client) -> Result<()>) -> Result<()> {
        self.owner.enter(&mut body)
    }
}

/// Takes the oldest event of these kinds.
///
/// kinds: KAFKA_EVENT constants, joined by |. event: filled in on success; release it with
/// kafka_event_release. Returns 0; KAFKA_ERR_TIMED_OUT if there is none. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_event(
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

/// A count of events that end waiting calls, see kafka_conf_set_events, to be looked at
/// without a call.
///
/// event_count: points to a number that changes by itself, and lasts until the client is
/// freed. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_event_count(
    client: *const kafka_client,
    event_count: *mut *const u32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        client.enter(|_| Ok(()))?;
        let count = client.events.awaited_count();
        output(event_count, "event_count")?.write(count.as_ptr().cast_const());
        Ok(())
    })
}

/// Has a hub hear, once, that there may be something new: messages, reports, room in the queue,
/// an event that ends waiting calls, or the client's end. Then call again what had nothing to
/// give, with a timeout of 0, and only if it still has nothing wait for the hub.
///
/// key: what the hub tells. Several who wait for the same client need the same hub and key: the
/// last one holds. Returns 0; KAFKA_ERR_CLOSED. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_notify(
    client: *mut kafka_client,
    hub: *mut kafka_hub,
    key: u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let client = reference(client, "client")?;
        let hub = reference(hub, "hub")?.get()?;
        client.enter(|client| {
            client.notify(hub, key);
            Ok(())
        })
    })
}

/// Asks for the cluster's brokers, topics and partitions.
///
/// topic: copied; NULL for all topics. request: where the request goes; its result is a
/// map: broker_id (of the one that answered, or -1), brokers (a list of id, host, port) and
/// topics, by name: partitions (a list of partition, leader, replicas, isrs; with err and
/// code where something is wrong), and err and code of the topic. It fails with
/// KAFKA_ERR_TIMED_OUT or KAFKA_ERR_TRANSPORT within timeout_ms. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_metadata(
    client: *mut kafka_client,
    topic: *const c_char,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
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
        reference(client, "client")?
            .enter(|client| kafka_request::hand_over(request, client.metadata(topic, timeout_ms)?))
    })
}

/// Asks for the cluster's name for itself.
///
/// request: where the request goes; its result is a text. It fails with
/// KAFKA_ERR_TIMED_OUT within timeout_ms. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_client_cluster_id(
    client: *mut kafka_client,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(client, "client")?
            .enter(|client| kafka_request::hand_over(request, client.cluster_id(timeout_ms)?))
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

/// Says that no OAUTHBEARER token could be had: librdkafka asks again in 10 s, and tells
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
