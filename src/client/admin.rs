//! An admin client: it asks brokers to make, change and describe what they have.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::conf::Conf;
use super::error::{Error, Result};
use super::events::Events;
use super::future::{Future, Outcome, Promise};
use super::lock;
use crate::process;
use crate::rd::admin::{Operation, Started, Verb, LONGEST_MS};
use crate::rd::{self, Code, Queue};
use crate::sync::Deadline;
use crate::value::Value;

/// How long a wait inside librdkafka goes on before it looks whether the client is being closed.
const SLICE_MS: i32 = 100;

/// How much longer than librdkafka a request waits, so that one that is partly answered says so.
const GRACE: Duration = Duration::from_millis(10);

/// How long a request waits for its answer before it has brokers looked for, and between two looks,
const LOOK: Duration = Duration::from_millis(250);
/// and how long a look may take.
const LOOK_MS: i32 = 100;

/// How long a partition without a leader is left alone before it is asked for again.
const LEADERLESS: Duration = Duration::from_millis(200);

/// How long a topic may take to be described, of which a partition is said not to be there.
const DESCRIBE_MS: i32 = 1000;

/// The first pause before something is sent again; each further one is twice as long,
const PAUSE: Duration = Duration::from_millis(50);
/// up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a request waits, while brokers can be reached, before it is sent anew by another instance; each further time
/// it is twice as long.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a request waits, while brokers can be reached, before leaders are asked for once more: librdkafka itself
/// waits for three seconds where its first question got lost with the connection that it started from.
const LEADERS: Duration = Duration::from_millis(500);

/// How long a coordinator may say that it is not the one before another instance looks for it.
const MISDIRECTED: Duration = Duration::from_secs(1);

/// How long a request that was given up may stay unanswered in librdkafka, if brokers can be reached,
const LEFT: Duration = Duration::from_secs(60);
/// and in any case: in an hour librdkafka would end it, and abort the process when it is answered then.
const LONGEST_LEFT: Duration = Duration::from_secs(50 * 60);

/// How long its threads may take to end before they are left to end by themselves.
const WIND_UP: Duration = Duration::from_secs(1);

/// An admin client.
pub struct Admin(Arc<Shared>);

/// What requests and threads share with the admin client.
struct Shared {
    brokers: CString,
    conf: Conf,
    /// Taken only by the end.
    current: Mutex<Option<Current>>,
    /// Held while another one is made.
    replacing: Mutex<()>,
    /// Of the operations that are fragile, whether the brokers know them.
    known: Mutex<HashMap<i32, bool>>,
    /// Held while that is found out.
    finding_out: Mutex<()>,
}

/// Until when the caller waits, and whether it still does.
#[derive(Clone, Copy)]
struct Caller<'a> {
    deadline: Deadline,
    promise: &'a Promise,
}

/// The instance that is used, and what says when its thread has ended.
struct Current(Arc<Instance>, Receiver<()>);

/// An instance of librdkafka. What it knows of coordinators and leaders it keeps although they are gone, and a request that
/// waits for one of these is never answered: then another instance takes its place.
struct Instance {
    /// Goes before librdkafka's instance.
    events: Queue,
    client: Client,
    is_over: AtomicBool,
    /// When the first request was given up that it may still answer.
    left: Mutex<Option<Instant>>,
}

/// What it has in common with every client, as long as that is used.
pub struct Lent(Arc<Instance>);

impl Deref for Lent {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0.client
    }
}

impl Admin {
    /// Starts an admin client.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        let native = to_native(conf)?;
        let client = Client::start(
            rd::Kind::Admin,
            brokers,
            conf,
            native,
            Events::of(conf),
            None,
        )?;
        let shared = Arc::new(Shared {
            brokers: brokers.to_owned(),
            conf: conf.clone(),
            current: Mutex::default(),
            replacing: Mutex::default(),
            known: Mutex::default(),
            finding_out: Mutex::default(),
        });
        *lock(&shared.current) = Some(shared.serve(client)?);
        Ok(Self(shared))
    }

    /// What it has in common with every client.
    pub fn client(&self) -> Lent {
        Lent(self.0.instance().expect("taken only by drop"))
    }

    /// Checks a request and sends it. Its outcome is a value.
    pub fn request(
        &self,
        verb: Verb,
        items: Option<&Value>,
        options: Option<&Value>,
        timeout_ms: i32,
    ) -> Result<Future> {
        let operation = verb(items, options).map_err(Error::invalid)?;
        let timeout_ms = match timeout_ms {
            0..LONGEST_MS => timeout_ms,
            _ => LONGEST_MS,
        };
        let deadline = Deadline::after_ms(timeout_ms);
        let shared = Arc::clone(&self.0);
        let input = operation
            .asks_leaders()
            .then(|| (items.cloned(), options.cloned()));
        self.client().futures().spawn(move |promise| {
            let caller = Caller { deadline, promise };
            let again = || {
                let (items, options) = input.clone().unwrap_or_default();
                verb(items.as_ref(), options.as_ref()).map_err(Error::invalid)
            };
            let value = match operation.is_fragile() {
                true => shared.carry_out_with_care(operation, caller)?,
                false if operation.asks_leaders() => {
                    shared.carry_out_at_leaders(operation, again, caller)?
                }
                false if operation.hides_refusal() => shared.carry_out_openly(operation, caller)?,
                false => shared.carry_out(operation, caller)?,
            };
            Ok(Outcome::Value(value))
        })
    }

    /// Completes the open futures.
    pub fn wake_for_close(&self) {
        if let Some(instance) = self.0.instance() {
            instance.client.futures().close();
            instance.end();
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.wake_for_close();
        let current = lock(&self.0.current).take();
        if let Some(Current(instance, ended)) = current {
            let _ = ended.recv_timeout(WIND_UP);
            // Where a request has a reference still, that goes last.
            if let Some(Instance { events, client, .. }) = Arc::into_inner(instance) {
                drop(events);
                client.end(WIND_UP);
            }
        }
    }
}

/// What an admin client's instances are started with: to ask for a topic must not make it.
fn to_native(conf: &Conf) -> Result<rd::Conf> {
    let mut native = conf.to_native()?;
    let creates = c"allow.auto.create.topics";
    if !conf.sets(creates) {
        native.set(creates, c"false").map_err(Error::invalid)?;
    }
    Ok(native)
}

/// Instances that must not be destroyed.
static KEPT: Mutex<Vec<rd::Client>> = Mutex::new(Vec::new());

fn keep(client: &rd::Client) {
    let mut kept = lock(&KEPT);
    if !kept.iter().any(|it| it.is_same(client)) {
        kept.push(client.clone());
    }
}

impl Instance {
    fn native(&self) -> &rd::Client {
        self.client.native()
    }

    /// Has its thread end.
    fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.events.wake();
    }

    /// Remembers that it may still answer a request that was given up.
    fn leave(&self) {
        lock(&self.left).get_or_insert_with(Instant::now);
        self.events.wake();
    }
}

impl Shared {
    fn instance(&self) -> Option<Arc<Instance>> {
        let current = lock(&self.current);
        current
            .as_ref()
            .map(|Current(instance, _)| Arc::clone(instance))
    }

    /// Has a thread serve an instance's events: no application polls an admin client, and without that it would never ask for a
    /// token.
    fn serve(self: &Arc<Self>, client: Client) -> Result<Current> {
        let instance = Arc::new(Instance {
            events: client.native().main_queue(),
            client,
            is_over: AtomicBool::default(),
            left: Mutex::default(),
        });
        let (shared, served) = (Arc::downgrade(self), Arc::clone(&instance));
        let (end, ended) = mpsc::sync_channel(1);
        process::spawn("kafka:events", move || {
            let mut look_at = LEFT;
            while !served.is_over.load(Ordering::Relaxed) {
                let left = lock(&served.left).map(|since| since.elapsed());
                let wait_ms = left.map_or(-1, |left| as_ms(look_at.saturating_sub(left)));
                if let Some(event) = served.events.poll(wait_ms) {
                    event.dispatch();
                }
                if left.is_some_and(|left| left >= look_at) {
                    look_at += LEFT;
                    let brokers = served.native().look_for_brokers(LOOK_MS);
                    let is_due = brokers.is_some() || left >= Some(LONGEST_LEFT);
                    if let Some(shared) = shared.upgrade().filter(|_| is_due) {
                        // Without a thread or memory to be had it is tried again.
                        let _ = shared.replace(&served, brokers.as_deref());
                    }
                }
            }
            drop(served);
            let _ = end.send(());
        })
        .map_err(Error::no_thread)?;
        Ok(Current(instance, ended))
    }

    /// The instance that takes the place of `old`, which knows these brokers besides those that the user named.
    fn replace(
        self: &Arc<Self>,
        old: &Arc<Instance>,
        brokers: Option<&CStr>,
    ) -> Result<Arc<Instance>> {
        let _replacing = lock(&self.replacing);
        match self.instance() {
            None => return Err(Error::closed()),
            Some(current) if !Arc::ptr_eq(&current, old) => return Ok(current),
            Some(_) => {}
        }
        let successor = old.client.successor(
            rd::Kind::Admin,
            &self.brokers,
            brokers,
            &self.conf,
            to_native(&self.conf)?,
        )?;
        let new = self.serve(successor)?;
        let instance = Arc::clone(&new.0);
        let replaced = {
            let mut current = lock(&self.current);
            match current.is_some() {
                true => current.replace(new),
                // It was closed meanwhile.
                false => Some(new),
            }
        };
        if let Some(Current(replaced, _)) = replaced {
            replaced.end();
        }
        Ok(instance)
    }

    fn carry_out(self: &Arc<Self>, operation: Operation, caller: Caller<'_>) -> Result<Value> {
        // librdkafka says by itself what was answered in time and what was not, but of groups.
        let until = match operation.asks_coordinators() {
            true => caller.deadline,
            false => caller.deadline.later(GRACE),
        };
        let instance = self.instance().ok_or_else(Error::closed)?;
        let is_known = lock(&self.known).get(&operation.number()) == Some(&true);
        let started =
            operation.start(instance.native(), caller.deadline.remaining_ms(LONGEST_MS))?;
        let course = Course {
            is_known,
            shared: self,
            instance,
            started,
            caller,
            patience: PATIENCE,
            since: Instant::now(),
            misdirected: None,
            asked_twice: false,
        };
        course.run(until)
    }

    /// Carries an operation on partitions out: again as long as one that is there has no leader.
    fn carry_out_at_leaders(
        self: &Arc<Self>,
        operation: Operation,
        again: impl Fn() -> Result<Operation>,
        caller: Caller<'_>,
    ) -> Result<Value> {
        let mut answer = self.carry_out(operation, caller)?;
        while !self.explain_absent(&mut answer, caller.deadline) {
            thread::sleep(caller.deadline.remaining(LEADERLESS));
            if caller.deadline.is_past() || caller.promise.is_settled() {
                break;
            }
            match self.carry_out(again()?, caller) {
                Err(error) if error.code == Code::TIMED_OUT.0 => break,
                // There is no time left to explain it.
                Ok(_) if caller.deadline.is_past() => break,
                next => answer = next?,
            }
        }
        Ok(answer)
    }

    /// Says of partitions that are said not to be there whether that is so; false where one has no leader.
    fn explain_absent(self: &Arc<Self>, answer: &mut Value, deadline: Deadline) -> bool {
        let Value::Map(entries) = answer else {
            return true;
        };
        let absent = |(_, outcome): &&mut (CString, Value)| {
            rd::admin::failure(outcome) == Some(Code::UNKNOWN_TOPIC_OR_PART)
        };
        let Some(instance) = self.instance() else {
            return true;
        };
        let mut topics = HashMap::new();
        let mut has_leaders = true;
        for (_, outcome) in entries.iter_mut().filter(absent) {
            let place = (outcome.get("topic"), outcome.get("partition"));
            let (Some(Value::Text(topic)), Some(partition)) = place else {
                continue;
            };
            let Ok(name) = CString::new(topic.as_bytes()) else {
                continue;
            };
            let described = topics.entry(name).or_insert_with_key(|name| {
                let timeout_ms = deadline.remaining_ms(DESCRIBE_MS);
                instance.native().describe(name, timeout_ms)
            });
            let is_it = |it: &Value| it.get("partition") == Some(partition);
            let described = described
                .as_ref()
                .map(|topic| (rd::admin::failure(topic), topic.get("partitions")));
            let code = match described {
                // That it is not there was not found out in time.
                None => Code::TIMED_OUT,
                Some((Some(code @ Code::TOPIC_AUTHORIZATION_FAILED), _)) => code,
                Some((None, Some(Value::List(there)))) if there.iter().any(is_it) => {
                    has_leaders = false;
                    Code::LEADER_NOT_AVAILABLE
                }
                Some(_) => continue,
            };
            *outcome = rd::admin::failed(code, "")
                .with("topic", place.0.cloned())
                .with("partition", place.1.cloned());
        }
        has_leaders
    }

    /// Carries an operation out that needs to describe the cluster, and says so where that is not allowed: librdkafka
    /// answers with nothing then.
    fn carry_out_openly(
        self: &Arc<Self>,
        operation: Operation,
        caller: Caller<'_>,
    ) -> Result<Value> {
        let answer = self.carry_out(operation, caller)?;
        if !matches!(&answer, Value::List(entries) if entries.is_empty()) {
            return Ok(answer);
        }
        let options = Value::map().with("include_authorized_operations", true);
        let describe = rd::admin::describe_cluster(None, Some(&options)).map_err(Error::invalid)?;
        let cluster = self.carry_out(describe, caller)?;
        match cluster.get("authorized_operations") {
            Some(Value::List(allowed)) if !allowed.contains(&"describe".into()) => {
                Err(Code::CLUSTER_AUTHORIZATION_FAILED.into())
            }
            _ => Ok(answer),
        }
    }

    /// Carries a fragile operation out, see [`Operation::is_fragile`]: asked once where the brokers
    /// turn out not to know it.
    fn carry_out_with_care(
        self: &Arc<Self>,
        operation: Operation,
        caller: Caller<'_>,
    ) -> Result<Value> {
        let number = operation.number();
        let known = || lock(&self.known).get(&number).copied();
        let finding_out = match known() {
            Some(_) => None,
            None => Some(self.find_out(caller)?),
        };
        if known() == Some(false) {
            return Err(Code::UNSUPPORTED_FEATURE.into());
        }
        if let (Some(_), Some(group)) = (&finding_out, operation.first_group()) {
            // Sent only while the group's coordinator answers, so that it is answered as well.
            let group = Value::map().with("group", group);
            let committed = rd::admin::list_group_offsets(Some(&vec![group].into()), None);
            self.carry_out(committed.map_err(Error::invalid)?, caller)?;
        }
        let result = self.carry_out(operation, caller);
        match &result {
            Ok(_) => lock(&self.known).insert(number, true),
            Err(error) if error.code == Code::UNSUPPORTED_FEATURE.0 => {
                lock(&self.known).insert(number, false)
            }
            Err(_) => None,
        };
        drop(finding_out);
        result
    }

    /// Waits for its turn to find out what the brokers know.
    fn find_out(&self, caller: Caller<'_>) -> Result<MutexGuard<'_, ()>> {
        loop {
            match self.finding_out.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock)
                    if caller.deadline.is_past() || caller.promise.is_settled() =>
                {
                    return Err(Error::timed_out("the brokers did not answer in time"))
                }
                Err(TryLockError::WouldBlock) => thread::sleep(caller.deadline.remaining(PAUSE)),
            }
        }
    }
}

/// An operation under way.
struct Course<'a> {
    shared: &'a Arc<Shared>,
    /// Whether the brokers have carried it out before.
    is_known: bool,
    instance: Arc<Instance>,
    started: Started,
    caller: Caller<'a>,
    /// How long it waits for this instance, and since when.
    patience: Duration,
    since: Instant,
    /// Since when a coordinator says that it is not the one.
    misdirected: Option<Instant>,
    /// Whether leaders were asked for twice.
    asked_twice: bool,
}

impl Course<'_> {
    fn run(mut self, until: Deadline) -> Result<Value> {
        let mut pause = PAUSE;
        let mut repeat_at = None;
        let mut look_at = Instant::now() + LOOK;
        loop {
            let due = repeat_at.unwrap_or(look_at).min(look_at);
            let most_ms = as_ms(due.saturating_duration_since(Instant::now()));
            self.started.poll(until.remaining_ms(most_ms.min(SLICE_MS)));
            if self.started.is_done() {
                break;
            } else if until.is_past() || self.caller.promise.is_settled() {
                self.give_up();
                break;
            }
            let now = Instant::now();
            if self.started.has_repeats() && now >= *repeat_at.get_or_insert(now + pause) {
                self.repeat()?;
                repeat_at = None;
                pause = (pause * 2).min(LONGEST_PAUSE);
            } else if self.started.has_next() {
                self.started
                    .send(self.instance.native(), self.remaining_ms())?;
            }
            if now >= look_at {
                self.look(until)?;
                look_at = Instant::now() + LOOK;
            }
        }
        let (is_fragile, result) = (self.started.is_fragile(), self.started.finish());
        match &result {
            Err(error) if is_fragile && error.code == Code::UNSUPPORTED_FEATURE => {
                keep(self.instance.native());
            }
            _ => {}
        }
        Ok(result?)
    }

    /// Leaves the instance before it has answered, which it may still do.
    fn give_up(&self) {
        if !self.started.is_awaited() {
            return;
        }
        if self.started.asks_coordinators() {
            self.instance.leave();
        }
        // The answer may be that the brokers do not know the operation, which must not be asked here again.
        if self.started.is_fragile() && !self.is_known {
            keep(self.instance.native());
            // Without another one to be had, the client is being closed, or this one is asked again.
            let _ = self.shared.replace(&self.instance, None);
        }
    }

    fn remaining_ms(&self) -> i32 {
        self.caller.deadline.remaining_ms(LONGEST_MS)
    }

    /// Sends again what is to be repeated.
    fn repeat(&mut self) -> Result<()> {
        if self.started.is_misdirected() {
            let since = *self.misdirected.get_or_insert_with(Instant::now);
            if since.elapsed() >= MISDIRECTED {
                self.misdirected = None;
                let brokers = self.instance.native().look_for_brokers(LOOK_MS);
                self.move_on(brokers.as_deref())?;
            }
        }
        Ok(self
            .started
            .send(self.instance.native(), self.remaining_ms())?)
    }

    /// Has brokers looked for, as long as there is no answer; and if there are some, and none for too long, has another
    /// instance ask them.
    fn look(&mut self, until: Deadline) -> Result<()> {
        let look_ms = until.remaining_ms(LOOK_MS);
        let Some(brokers) = self.instance.native().look_for_brokers(look_ms) else {
            return Ok(());
        };
        let waited = self.since.elapsed();
        if !self.started.is_awaited() || !self.started.may_overlap() {
            Ok(())
        } else if waited >= self.patience {
            self.move_on(Some(&brokers))
        } else if self.started.asks_leaders() && waited >= LEADERS && !self.asked_twice {
            self.asked_twice = true;
            let timeout_ms = self.remaining_ms();
            Ok(self.started.move_to(self.instance.native(), timeout_ms)?)
        } else {
            Ok(())
        }
    }

    fn move_on(&mut self, brokers: Option<&CStr>) -> Result<()> {
        self.patience *= 2;
        self.since = Instant::now();
        // Where no other is to be had, this one may still answer.
        if let Ok(instance) = self.shared.replace(&self.instance, brokers) {
            self.give_up();
            self.instance = instance;
            let timeout_ms = self.remaining_ms();
            self.started.move_to(self.instance.native(), timeout_ms)?;
        }
        Ok(())
    }
}

fn as_ms(duration: Duration) -> i32 {
    i32::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}
