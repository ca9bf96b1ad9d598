//! An admin client: it asks brokers to make, change and describe what they have.

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::client::Client;
use super::conf::Conf;
use super::deadline::Deadline;
use super::error::{Error, Result};
use super::request::{Outcome, Request};
use crate::process;
use crate::rd::admin::{Operation, Verb};
use crate::rd::{self, Code, Queue};
use crate::value::Value;

/// How long a wait inside librdkafka goes on before it looks whether the client is being closed.
const SLICE_MS: i32 = 100;

/// How much longer than librdkafka a request waits, so that one that is partly answered says so.
const GRACE_MS: i32 = 10;

/// How long its threads may take to end before they are left to end by themselves.
const WIND_UP: Duration = Duration::from_secs(1);

/// What requests and the thread share with the admin client.
#[derive(Default)]
struct Shared {
    closing: AtomicBool,
    /// Of the operations that are fragile, whether the brokers know them.
    known: Mutex<HashMap<i32, bool>>,
    /// Held while that is found out.
    finding_out: Mutex<()>,
}

/// An admin client.
pub struct Admin {
    client: Option<Client>,
    events: Arc<Queue>,
    shared: Arc<Shared>,
    /// Says when its thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl Admin {
    /// Starts an admin client.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        // Nothing of ours waits for events: requests have threads of their own.
        let wake = || {};
        let client = Client::start(
            rd::Kind::Producer,
            brokers,
            conf,
            conf.to_native()?,
            Arc::default(),
            wake,
        )?;
        let events = Arc::new(client.native().main_queue());
        let shared = Arc::new(Shared::default());
        let ended = serve(client.native(), &events, &shared)?;
        Ok(Self {
            client: Some(client),
            events,
            shared,
            ended: Mutex::new(ended),
        })
    }

    /// What it has in common with every client.
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("taken only by drop")
    }

    /// Checks a request and sends it. Its outcome is a value.
    pub fn request(
        &self,
        verb: Verb,
        items: Option<&Value>,
        options: Option<&Value>,
        timeout_ms: i32,
    ) -> Result<Request> {
        let operation = verb(items, options).map_err(Error::invalid)?;
        let shared = Arc::clone(&self.shared);
        self.client().request(move |native| {
            let value = match operation.is_fragile() {
                true => shared.carry_out_with_care(native, operation, timeout_ms)?,
                false => shared.carry_out(native, operation, timeout_ms)?,
            };
            Ok(Outcome::Value(value))
        })
    }

    /// Ends the requests under way.
    pub fn wake_for_close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.events.wake();
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.wake_for_close();
        drop(self.client.take());
        // It holds the last reference but those of requests, and stops librdkafka's threads, which
        // may be resolving a name.
        let ended = self.ended.get_mut();
        let _ = ended
            .unwrap_or_else(PoisonError::into_inner)
            .recv_timeout(WIND_UP);
    }
}

/// Clients that must not be destroyed.
static KEPT: Mutex<Vec<Arc<rd::Client>>> = Mutex::new(Vec::new());

impl Shared {
    fn carry_out(
        &self,
        native: &rd::Client,
        operation: Operation,
        timeout_ms: i32,
    ) -> Result<Value> {
        let limit_ms = match timeout_ms {
            0.. => timeout_ms.saturating_add(GRACE_MS),
            _ => timeout_ms,
        };
        let deadline = Deadline::after_ms(limit_ms);
        let mut started = operation.start(native, timeout_ms)?;
        loop {
            if let Some(result) = started.poll(native, deadline.remaining_ms(SLICE_MS)) {
                return Ok(result?);
            } else if self.closing.load(Ordering::Relaxed) {
                return Err(Error::closed());
            } else if deadline.is_past() {
                return Err(Error::timed_out("the brokers did not answer in time"));
            }
        }
    }

    /// Carries a fragile operation out, see [`Operation::is_fragile`]: asked once where the brokers
    /// turn out not to know it, and the client kept for ever.
    fn carry_out_with_care(
        &self,
        native: &Arc<rd::Client>,
        operation: Operation,
        timeout_ms: i32,
    ) -> Result<Value> {
        let number = operation.number();
        let unknown = || Error::from(Code::UNSUPPORTED_FEATURE);
        let known = || lock(&self.known).get(&number).copied();
        let finding_out = match known() {
            Some(true) => None,
            Some(false) => return Err(unknown()),
            None => Some(lock(&self.finding_out)),
        };
        if finding_out.is_some() && known() == Some(false) {
            return Err(unknown());
        }
        let result = self.carry_out(native, operation, timeout_ms);
        match &result {
            Ok(_) => {
                lock(&self.known).insert(number, true);
            }
            Err(error) if error.code == Code::UNSUPPORTED_FEATURE.0 => {
                lock(&self.known).insert(number, false);
                lock(&KEPT).push(Arc::clone(native));
            }
            Err(_) => {}
        }
        result
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a thread serve librdkafka's events: nobody polls an admin client, and without that it would
/// never ask for a token.
fn serve(
    native: &Arc<rd::Client>,
    events: &Arc<Queue>,
    shared: &Arc<Shared>,
) -> Result<Receiver<()>> {
    let (native, events, shared) = (native.clone(), events.clone(), shared.clone());
    let (end, ended) = mpsc::sync_channel(1);
    process::spawn("kafka:events", move || {
        while !shared.closing.load(Ordering::Relaxed) {
            if let Some(event) = events.poll(-1) {
                event.tell(&native);
            }
        }
        drop(events);
        drop(native);
        let _ = end.send(());
    })
    .map_err(Error::no_thread)?;
    Ok(ended)
}
