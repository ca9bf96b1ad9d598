//! What producers, consumers and admin clients have in common.

use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::conf::Conf;
use super::error::{Error, Result};
use super::events::{Event, Events, Kinds};
use super::future::{Future, Futures, Outcome, Promise};
use super::lock;
use super::notifier::{Notifier, Signal};
use crate::process;
use crate::rd::{self, Code, Deliveries, Queue, Wanted};
use crate::sync::Deadline;

/// A client of the cluster: librdkafka's instance, and its events.
pub struct Client {
    /// What arrives here is signaled as well. Goes before librdkafka's instance.
    arrivals: Option<Queue>,
    native: rd::Client,
    events: Arc<Events>,
    /// The user and password that replaced those of the configuration.
    credentials: Mutex<Option<(CString, CString)>>,
    /// Its own, and those of all that have taken its place.
    futures: Arc<Futures>,
    /// It has been armed, or this is nginx, where calls may come before that.
    has_event_loop: AtomicBool,
}

/// How long one call of librdkafka's may take. A query that may take longer is made again: one that has been abandoned, as
/// by a close, keeps threads and connections no longer than this.
const QUERY_MS: i32 = 60_000;

impl Client {
    /// Starts one for these brokers. `native` is `conf` with what its kind adds to it; `events` are of `conf`, and
    /// `deliveries` is a producer's.
    pub(super) fn start(
        kind: rd::Kind,
        brokers: &CStr,
        conf: &Conf,
        native: rd::Conf,
        events: Arc<Events>,
        deliveries: Option<Arc<dyn Deliveries>>,
    ) -> Result<Self> {
        let wanted = Self::wanted(kind, conf, &events);
        Self::connect(kind, brokers, native, wanted, events, deliveries)
    }

    /// Another one like this, that knows these brokers besides and takes its place, with the same events.
    pub(super) fn successor(
        &self,
        kind: rd::Kind,
        brokers: &CStr,
        more_brokers: Option<&CStr>,
        conf: &Conf,
        native: rd::Conf,
    ) -> Result<Self> {
        let wanted = Self::wanted(kind, conf, &self.events);
        let events = Arc::clone(&self.events);
        let mut client = Self::connect(kind, brokers, native, wanted, events, None)?;
        if let Some(more) = more_brokers {
            client.native.add_brokers(more);
        }
        client.futures = Arc::clone(&self.futures);
        if let Some((user, password)) = &*lock(&self.credentials) {
            client.set_sasl_credentials(user, password)?;
        }
        Ok(client)
    }

    /// Which events librdkafka is to raise.
    fn wanted(kind: rd::Kind, conf: &Conf, events: &Events) -> Wanted {
        Wanted {
            commits: kind == rd::Kind::Consumer,
            // What is taken ahead is dropped when its partition is revoked.
            rebalance: events.rebalance_is_awaited() || conf.looks_ahead(),
            tokens: conf.tokens_are_the_applications(),
        }
    }

    fn connect(
        kind: rd::Kind,
        brokers: &CStr,
        mut native: rd::Conf,
        wanted: Wanted,
        events: Arc<Events>,
        deliveries: Option<Arc<dyn Deliveries>>,
    ) -> Result<Self> {
        let listener: Arc<dyn rd::Listener> = events.clone();
        // In the configuration, too: librdkafka warns without, and starts over from these when it has lost all others.
        let servers = c"bootstrap.servers";
        if !native.get(servers).is_some_and(|given| !given.is_empty()) {
            // What is wrong with them shows below.
            let _ = native.set(servers, brokers);
        }
        let native = rd::Client::new(kind, native, listener, deliveries, wanted)
            .map_err(|text| Error::new(Code::INVALID_CONFIG.0, text))?;
        if native.add_brokers(brokers) == 0 {
            return Err(Error::invalid("invalid broker list"));
        }
        let futures = Futures::new(Arc::clone(events.causes()));
        Ok(Self {
            arrivals: None,
            native,
            events,
            credentials: Mutex::default(),
            futures: Arc::new(futures),
            has_event_loop: AtomicBool::new(process::is_nginx()),
        })
    }

    pub(super) fn native(&self) -> &rd::Client {
        &self.native
    }

    /// Ends it, and waits so long for librdkafka's threads, unless messages of it are there still.
    pub(super) fn end(self, limit: Duration) {
        self.events.causes().keep();
        drop(self.arrivals);
        self.native.end(limit);
    }

    /// Its events.
    pub fn events(&self) -> &Arc<Events> {
        &self.events
    }

    /// Has what arrives at a queue signaled, from the first [`Self::arm`] on.
    pub(super) fn signal_arrivals(&mut self, arrivals: Option<Queue>) {
        self.arrivals = arrivals;
    }

    /// Notified when there may be something new.
    pub(super) fn signal(&self) -> &Arc<Signal> {
        self.events.signal()
    }

    /// Its open futures.
    pub fn futures(&self) -> &Arc<Futures> {
        &self.futures
    }

    /// There may be something new.
    pub(super) fn notify(&self) {
        self.signal().notify();
    }

    /// Notifies the waiter with this key, once, when there may be something new. Look afterwards whether there is something
    /// already.
    pub fn arm(&self, notifier: &Arc<Notifier>, key: u64) {
        if let Some(arrivals) = &self.arrivals {
            self.signal_queue(arrivals);
        }
        self.has_event_loop.store(true, Ordering::Relaxed);
        self.signal().arm(notifier, key);
    }

    /// Whether it is used by an event loop, which no call is to hold up.
    pub(super) fn has_event_loop(&self) -> bool {
        self.has_event_loop.load(Ordering::Relaxed)
    }

    /// Has what arrives at `queue` signaled from now on.
    pub(super) fn signal_queue(&self, queue: &Queue) {
        queue.on_arrival(|| {
            let signal = Arc::clone(self.signal());
            Arc::new(move || signal.notify())
        });
    }

    /// Takes the oldest event of these kinds.
    pub fn event(&self, kinds: Kinds) -> Option<Event> {
        self.events.pop(kinds)
    }

    /// Runs an operation that may block, once.
    pub(super) fn command(
        &self,
        operation: impl FnOnce(&rd::Client, &Promise) -> Result<Outcome> + Send + 'static,
    ) -> Result<Future> {
        let native = self.native.clone();
        self.futures
            .spawn(move |promise| operation(&native, promise))
    }

    /// Runs a query, which changes nothing: as long as there is time, it is made again where no broker has answered.
    pub(super) fn query(
        &self,
        timeout_ms: i32,
        ask: impl Fn(&rd::Client, i32) -> Result<Outcome, rd::Error> + Send + 'static,
    ) -> Result<Future> {
        let deadline = Deadline::after_ms(timeout_ms);
        self.command(move |native, promise| loop {
            match ask(native, deadline.remaining_ms(QUERY_MS)) {
                // The latter is the code where no broker could be reached, or a connection broke.
                Err(error)
                    if [Code::TIMED_OUT, Code::TRANSPORT].contains(&error.code)
                        && !deadline.is_past()
                        && !promise.is_settled() => {}
                outcome => return Ok(outcome?),
            }
        })
    }

    /// Asks for brokers, topics and partitions: of `topic`, or of all.
    pub fn metadata(&self, topic: Option<&CStr>, timeout_ms: i32) -> Result<Future> {
        let topic = topic.map(CStr::to_owned);
        self.query(timeout_ms, move |native, limit_ms| {
            let value = native.metadata(topic.as_deref(), limit_ms)?;
            Ok(Outcome::Value(value))
        })
    }

    /// Asks for the cluster's id.
    pub fn cluster_id(&self, timeout_ms: i32) -> Result<Future> {
        self.query(timeout_ms, |native, limit_ms| {
            Ok(Outcome::Value(native.cluster_id(limit_ms)?))
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
        self.native.set_sasl_credentials(user, password)?;
        *lock(&self.credentials) = Some((user.to_owned(), password.to_owned()));
        Ok(())
    }
}
