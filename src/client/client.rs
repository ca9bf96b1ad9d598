//! What producers, consumers and admin clients have in common.

use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use super::conf::Conf;
use super::deadline::Deadline;
use super::error::{Error, Result};
use super::events::{Event, Events, Kinds};
use super::hub::{Bell, Hub};
use super::request::{Outcome, Request};
use crate::rd::{self, Code, Queue, Wanted};

/// A client of the cluster: librdkafka's instance, and what it has to tell.
pub struct Client {
    /// What comes here rings the bell as well. Goes before librdkafka's instance.
    arrivals: Option<Queue>,
    native: Arc<rd::Client>,
    events: Arc<Events>,
    bell: Arc<Bell>,
    ended: Arc<AtomicBool>,
}

/// How long one call of librdkafka's may wait for an answer. A request without a limit asks again,
/// and not for ever behind the client's end, whose threads and connections it would keep.
const SLICE_MS: i32 = 10_000;

impl Client {
    /// Starts one for these brokers. `native` is `conf` with what its kind adds to it; `bell` rings when there may be
    /// something new, and events that are awaited ring it as well.
    pub(super) fn start(
        kind: rd::Kind,
        brokers: &CStr,
        conf: &Conf,
        mut native: rd::Conf,
        bell: Arc<Bell>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self> {
        let rung = Arc::clone(&bell);
        let wake = move || {
            wake();
            rung.ring();
        };
        let events = Arc::new(Events::new(conf.awaited(), conf.logs_to_stderr(), wake));
        let wanted = Wanted {
            commits: kind == rd::Kind::Consumer,
            // Who looks ahead must hear of what he has to take back.
            rebalance: events.rebalance_is_awaited() || conf.looks_ahead(),
            tokens: conf.tokens_are_the_applications(),
        };
        let listener: Arc<dyn rd::Listener> = events.clone();
        // In the configuration, too: librdkafka warns without, and starts over from these when it has lost all others.
        let servers = c"bootstrap.servers";
        if !native.get(servers).is_some_and(|given| !given.is_empty()) {
            // What is wrong with them shows below.
            let _ = native.set(servers, brokers);
        }
        let native = rd::Client::new(kind, native, listener, wanted)
            .map_err(|text| Error::new(Code::INVALID_CONFIG.0, text))?;
        if native.add_brokers(brokers) == 0 {
            return Err(Error::invalid("invalid broker list"));
        }
        let native = Arc::new(native);
        Ok(Self {
            arrivals: None,
            native,
            events,
            bell,
            ended: Arc::default(),
        })
    }

    pub(super) fn native(&self) -> &Arc<rd::Client> {
        &self.native
    }

    /// What it has to tell.
    pub fn events(&self) -> &Arc<Events> {
        &self.events
    }

    /// Has what comes to a queue ring the bell, too, once somebody wants to hear it.
    pub(super) fn hear(&mut self, arrivals: Option<Queue>) {
        self.arrivals = arrivals;
    }

    pub(super) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Rings the bell.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// Has a hub hear, once, that there may be something new. Look afterwards whether there is something already.
    pub fn notify(&self, hub: &Arc<Hub>, key: u64) {
        if let Some(arrivals) = &self.arrivals {
            self.listen_to(arrivals);
        }
        self.bell.want(hub, key);
    }

    /// Has what comes to `queue` ring the bell from now on.
    pub(super) fn listen_to(&self, queue: &Queue) {
        queue.hear(|| {
            let bell = Arc::clone(&self.bell);
            Arc::new(move || bell.ring())
        });
    }

    /// Takes the oldest event of these kinds.
    pub fn event(&self, kinds: Kinds) -> Option<Event> {
        self.events.pop(kinds)
    }

    /// Runs a call of librdkafka that may block, as a request.
    pub(super) fn request(
        &self,
        operation: impl FnOnce(&Arc<rd::Client>) -> Result<Outcome> + Send + 'static,
    ) -> Result<Request> {
        let native = Arc::clone(&self.native);
        Request::spawn(move || operation(&native))
    }

    /// As [`Self::request`], for a call that takes a timeout and asks again where that was too short.
    pub(super) fn request_within(
        &self,
        timeout_ms: i32,
        ask: impl Fn(&rd::Client, i32) -> Result<Outcome, rd::Error> + Send + 'static,
    ) -> Result<Request> {
        let deadline = Deadline::after_ms(timeout_ms);
        let ended = Arc::clone(&self.ended);
        self.request(move |native| loop {
            match ask(native, deadline.remaining_ms(SLICE_MS)) {
                // The latter is said where no broker could be reached in time.
                Err(error) if [Code::TIMED_OUT, Code::TRANSPORT].contains(&error.code) => {
                    if deadline.is_past() {
                        return Err(error.into());
                    } else if ended.load(Ordering::Relaxed) {
                        return Err(Error::closed());
                    }
                }
                outcome => return Ok(outcome?),
            }
        })
    }

    /// Asks for brokers, topics and partitions: of `topic`, or of all.
    pub fn metadata(&self, topic: Option<&CStr>, timeout_ms: i32) -> Result<Request> {
        let topic = topic.map(CStr::to_owned);
        self.request_within(timeout_ms, move |native, slice_ms| {
            let value = native.metadata(topic.as_deref(), slice_ms)?;
            Ok(Outcome::Value(value))
        })
    }

    /// Asks for the cluster's name for itself.
    pub fn cluster_id(&self, timeout_ms: i32) -> Result<Request> {
        self.request_within(timeout_ms, move |native, slice_ms| {
            let id = native.cluster_id(slice_ms);
            id.map(Outcome::Value).ok_or_else(|| {
                rd::Error::new(Code::TIMED_OUT, "the cluster did not tell its id in time")
            })
        })
    }

    /// The OAUTHBEARER token to use from now on. `extensions`: names and values in turn.
    pub fn set_oauthbearer_token(
        &self,
        token: &CStr,
        lifetime_ms: i64,
        principal: &CStr,
        extensions: &[CString],
    ) -> Result<()> {
        Ok(self
            .native
            .set_oauthbearer_token(token, lifetime_ms, principal, extensions)?)
    }

    /// That no token could be had, and why.
    pub fn set_oauthbearer_failure(&self, text: &CStr) -> Result<()> {
        if text.is_empty() {
            return Err(Error::invalid("text is empty"));
        }
        Ok(self.native.set_oauthbearer_failure(text)?)
    }

    /// The user and password to connect with from now on.
    pub fn set_sasl_credentials(&self, user: &CStr, password: &CStr) -> Result<()> {
        Ok(self.native.set_sasl_credentials(user, password)?)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}
