//! librdkafka's admin API: each operation is a function that checks its input, and makes an
//! [`Operation`] of it that can be sent.

mod acls;
mod cluster;
mod configs;
mod groups;
mod offsets;
mod partitions;
mod scram;
mod sys;
mod topics;

use std::ffi::{CStr, CString};
use std::mem::ManuallyDrop;
use std::slice;

use libc::{c_char, c_int, c_void};

use super::client::Client;
use super::error::{lossy, Code, Error};
use super::event::Queue;
use crate::value::input::{Distinct, Input, Invalid};
use crate::value::Value;

pub use acls::{create_acls, delete_acls, describe_acls};
pub use cluster::describe_cluster;
pub use configs::{describe_configs, incremental_alter_configs};
pub use groups::{delete_groups, describe_groups, list_groups};
pub use offsets::{
    alter_group_offsets, delete_group_offsets, delete_records, elect_leaders, list_group_offsets,
    list_offsets,
};
pub use scram::{alter_user_scram_credentials, describe_user_scram_credentials};
pub use topics::{create_partitions, create_topics, delete_topics, describe_topics};

/// Makes an operation of a request's items and options.
pub type Verb = fn(items: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid>;

/// librdkafka waits no longer than this.
pub const LONGEST_MS: c_int = 3600 * 1000;

type Result_ = sys::rd_kafka_event_t;

/// Reads what came back. It is called with a result of its operation's, which is alive: that is why
/// what these functions do with it is sound.
type Read = unsafe fn(result: *const Result_) -> Result<Value, Error>;

type Start = dyn Fn(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t)
    + Send;

/// One of librdkafka's functions that take a list of things.
type OfMany<T> = unsafe extern "C" fn(
    *mut sys::rd_kafka_t,
    *mut *mut T,
    usize,
    *const sys::rd_kafka_AdminOptions_t,
    *mut sys::rd_kafka_queue_t,
);

/// An operation whose input was checked, ready to be started.
pub struct Operation {
    op: c_int,
    settings: Settings,
    parts: Vec<Part>,
    read: Read,
    /// The answer where none of its partitions is there: librdkafka says so of all of them at once.
    absent: Option<Value>,
}

/// One call of librdkafka's. An operation on groups has one for each of them, with the group's name.
struct Part {
    name: Option<CString>,
    start: Box<Start>,
}

impl Operation {
    fn new(
        op: c_int,
        settings: Settings,
        read: Read,
        start: impl Fn(
                *mut sys::rd_kafka_t,
                *const sys::rd_kafka_AdminOptions_t,
                *mut sys::rd_kafka_queue_t,
            ) + Send
            + 'static,
    ) -> Self {
        let mut operation = Self::of_parts(op, settings, read);
        operation.parts.push(Part {
            name: None,
            start: Box::new(start),
        });
        operation
    }

    fn of_parts(op: c_int, settings: Settings, read: Read) -> Self {
        Self {
            op,
            settings,
            parts: Vec::new(),
            read,
            absent: None,
        }
    }

    /// Says what to answer where no partition is there.
    fn or_absent(mut self, absent: Value) -> Self {
        self.absent = Some(absent);
        self
    }

    fn of_many<T: 'static>(
        op: c_int,
        settings: Settings,
        read: Read,
        natives: Natives<T>,
        start: OfMany<T>,
    ) -> Self {
        Self::new(op, settings, read, natives.starting(start))
    }

    /// Adds the call for a group.
    fn add_part(
        &mut self,
        name: CString,
        start: impl Fn(
                *mut sys::rd_kafka_t,
                *const sys::rd_kafka_AdminOptions_t,
                *mut sys::rd_kafka_queue_t,
            ) + Send
            + 'static,
    ) {
        self.parts.push(Part {
            name: Some(name),
            start: Box::new(start),
        });
    }

    /// Where a broker does not know the operation, librdkafka drops a reference twice that it has
    /// once: such a client must neither be asked that again nor be destroyed. (Others of the kind
    /// there are not: what a group's coordinator may be asked besides, every broker knows, or the
    /// reference is dropped once.)
    pub fn is_fragile(&self) -> bool {
        matches!(
            self.op,
            sys::op::DELETE_GROUPS | sys::op::DELETE_GROUP_OFFSETS
        )
    }

    /// Whether it goes to the coordinators of groups. librdkafka frees what it needs for such a
    /// request when its own timer ends it before the coordinator is found, and aborts the process
    /// once it is found: so that timer must not end it.
    pub fn asks_coordinators(&self) -> bool {
        matches!(
            self.op,
            sys::op::DESCRIBE_GROUPS
                | sys::op::DELETE_GROUPS
                | sys::op::LIST_GROUP_OFFSETS
                | sys::op::ALTER_GROUP_OFFSETS
                | sys::op::DELETE_GROUP_OFFSETS
        )
    }

    /// The name of the first group that it is about, if it is about groups.
    pub fn first_group(&self) -> Option<&CStr> {
        self.parts.first()?.name.as_deref()
    }

    /// Whether it may be sent a second time while the first time may still be carried out.
    pub fn may_overlap(&self) -> bool {
        !matches!(
            self.op,
            sys::op::CREATE_TOPICS
                | sys::op::DELETE_TOPICS
                | sys::op::CREATE_PARTITIONS
                | sys::op::DELETE_ACLS
                | sys::op::ELECT_LEADERS
        )
    }

    /// Whether it only asks.
    fn changes_nothing(&self) -> bool {
        matches!(
            self.op,
            sys::op::DESCRIBE_CONFIGS
                | sys::op::DESCRIBE_ACLS
                | sys::op::LIST_GROUPS
                | sys::op::DESCRIBE_GROUPS
                | sys::op::LIST_GROUP_OFFSETS
                | sys::op::DESCRIBE_SCRAM
                | sys::op::DESCRIBE_TOPICS
                | sys::op::DESCRIBE_CLUSTER
                | sys::op::LIST_OFFSETS
        )
    }

    /// Whether what ended with `code` is to be sent again while there is time. The one place where that is decided.
    fn is_repeated_after(&self, code: Code) -> bool {
        match code {
            // The broker has done nothing, and another one, or the same one a moment later, will.
            Code::COORDINATOR_LOAD_IN_PROGRESS
            | Code::COORDINATOR_NOT_AVAILABLE
            | Code::NOT_COORDINATOR
            | Code::NOT_CONTROLLER => true,
            // The connection broke, or its broker is gone: no broker carries it out any more.
            Code::TRANSPORT | Code::DESTROY_BROKER => true,
            Code::TIMED_OUT | Code::TIMED_OUT_QUEUE => self.may_overlap(),
            // A partition has another leader, or none yet.
            Code::LEADER_NOT_AVAILABLE | Code::NOT_LEADER => self.asks_leaders(),
            _ => false,
        }
    }

    /// Whether an answer is not the last word, see [`Self::is_repeated_after`].
    fn is_repeated(&self, answer: &Answer) -> bool {
        let again =
            |outcome: &Value| failure(outcome).is_some_and(|code| self.is_repeated_after(code));
        let outcomes: Vec<&Value> = match answer {
            Err(error) => return self.is_repeated_after(error.code),
            Ok(Value::Map(entries)) => entries.iter().map(|(_, outcome)| outcome).collect(),
            Ok(Value::List(outcomes)) => outcomes.iter().collect(),
            Ok(_) => return false,
        };
        match self.may_overlap() {
            true => outcomes.into_iter().any(again),
            // What succeeded would fail the second time.
            false => !outcomes.is_empty() && outcomes.into_iter().all(again),
        }
    }

    /// Whether librdkafka answers it with nothing where the broker has refused it.
    pub fn hides_refusal(&self) -> bool {
        self.op == sys::op::DESCRIBE_ACLS
    }

    /// Whether it goes to the leaders of partitions. librdkafka says of those that have none, or that are hidden from the
    /// user, that they are not there.
    pub fn asks_leaders(&self) -> bool {
        matches!(self.op, sys::op::LIST_OFFSETS | sys::op::DELETE_RECORDS)
    }

    /// Which of librdkafka's operations it is.
    pub fn number(&self) -> i32 {
        self.op
    }

    /// Sends it. `timeout_ms`, at most [`LONGEST_MS`], is when librdkafka is to give up waiting, where it may.
    pub fn start(self, client: &Client, timeout_ms: i32) -> Result<Started, Error> {
        let mut started = Started {
            states: self.parts.iter().map(|_| State::UNSENT).collect(),
            replies: Replies::new(client, &self),
            operation: self,
        };
        started.send(client, timeout_ms)?;
        Ok(started)
    }
}

/// An operation under way.
pub struct Started {
    operation: Operation,
    replies: Replies,
    states: Vec<State>,
}

/// Where answers come. Where a broker refuses to describe SCRAM credentials, librdkafka gives its answer a text that it
/// did not allocate, and frees it: such an answer must never be destroyed, nor the queue that it may still come to.
struct Replies {
    queue: ManuallyDrop<Queue>,
    is_kept: bool,
    /// How many have not come.
    pending: usize,
}

impl Replies {
    fn new(client: &Client, operation: &Operation) -> Self {
        Self {
            queue: ManuallyDrop::new(client.new_queue()),
            is_kept: operation.op == sys::op::DESCRIBE_SCRAM,
            pending: 0,
        }
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        // SAFETY: this is the end of it.
        let queue = unsafe { ManuallyDrop::take(&mut self.queue) };
        if self.is_kept && self.pending > 0 {
            queue.keep_for_ever();
        }
    }
}

/// What came back for a part.
type Answer = Result<Value, Error>;

/// Where a part is.
enum State {
    Open {
        is_sent: bool,
        /// The last answer, which is not the last word; but none of what was before a change was sent again.
        before: Option<Answer>,
    },
    Answered(Answer),
}

impl State {
    const UNSENT: Self = Self::Open {
        is_sent: false,
        before: None,
    };

    fn is_sent(&self) -> bool {
        matches!(self, Self::Open { is_sent: true, .. })
    }

    /// The answer for which it is to be sent again.
    fn refusal(&self) -> Option<&Answer> {
        match self {
            Self::Open {
                is_sent: false,
                before,
            } => before.as_ref(),
            _ => None,
        }
    }
}

impl Started {
    /// Sends what has not been sent, and again what is to be repeated.
    pub fn send(&mut self, client: &Client, timeout_ms: i32) -> Result<(), Error> {
        let Operation { op, settings, .. } = &self.operation;
        let timeout_ms = match &self.operation {
            it if it.asks_coordinators() => LONGEST_MS,
            // These librdkafka frees when their time is up even while it still starts them.
            // The caller keeps the time in any case.
            it if it.asks_leaders() => timeout_ms.max(1000),
            _ => timeout_ms,
        };
        // The first one finds out whether the brokers know it.
        let is_known = self.states.iter().any(|state| match state {
            State::Answered(answer) => !is_unanswered(answer),
            _ => false,
        });
        let count = match self.operation.is_fragile() && !is_known {
            true => 1,
            false => self.states.len(),
        };
        let parts = self.operation.parts.iter().zip(&mut self.states);
        for (number, (part, state)) in parts.enumerate().take(count) {
            let State::Open {
                is_sent: is_sent @ false,
                before,
            } = state
            else {
                continue;
            };
            let options = Options::new(client, *op, timeout_ms, settings)?;
            // The part's number comes back with its answer.
            // SAFETY: the options are alive; the number is never followed as a pointer.
            unsafe { sys::rd_kafka_AdminOptions_set_opaque(options.0, number as *mut c_void) };
            self.replies.pending += 1;
            (part.start)(client.as_raw(), options.0, self.replies.queue.as_raw());
            *is_sent = true;
            if !self.operation.changes_nothing() {
                *before = None;
            }
        }
        Ok(())
    }

    /// Sends what has no answer again, by another client.
    pub fn move_to(&mut self, client: &Client, timeout_ms: i32) -> Result<(), Error> {
        // What comes to the old queue is dropped.
        self.replies = Replies::new(client, &self.operation);
        for state in &mut self.states {
            if let State::Open { is_sent, .. } = state {
                *is_sent = false;
            }
        }
        self.send(client, timeout_ms)
    }

    /// Waits for an answer; whether one came.
    pub fn poll(&mut self, timeout_ms: i32) -> bool {
        let Some(event) = self.replies.queue.poll(timeout_ms) else {
            return false;
        };
        self.replies.pending -= 1;
        // SAFETY: the event is alive. Nothing but this operation's results comes to its queue.
        let (number, answer) = unsafe {
            let number = sys::rd_kafka_event_opaque(event.as_raw()) as usize;
            let code = Code(sys::rd_kafka_event_error(event.as_raw()));
            let absent = match code {
                Code::NOENT => self.operation.absent.take(),
                _ => None,
            };
            let answer = match (code, absent) {
                (Code::NO_ERROR, _) => (self.operation.read)(event.as_raw()),
                (_, Some(absent)) => Ok(absent),
                (code, None) if self.replies.is_kept && code.0 > 0 => {
                    std::mem::forget(event);
                    Err(code.into())
                }
                (code, None) => {
                    let text = lossy(c_str(sys::rd_kafka_event_error_string(event.as_raw())));
                    Err(match text.contains(" worker ") {
                        // Which of librdkafka's threads met it says nothing to its user.
                        true => code.into(),
                        false => Error::new(code, text),
                    })
                }
            };
            (number, answer)
        };
        if let Some(state) = self.states.get_mut(number) {
            *state = match self.operation.is_repeated(&answer) {
                true => State::Open {
                    is_sent: false,
                    before: Some(answer),
                },
                false => State::Answered(answer),
            };
        }
        true
    }

    /// Whether something is to be sent again.
    pub fn has_repeats(&self) -> bool {
        self.states.iter().any(|state| state.refusal().is_some())
    }

    /// Whether there is more to be sent, now that the first part is answered.
    pub fn has_next(&self) -> bool {
        let is_unsent = |state: &State| {
            matches!(
                state,
                State::Open {
                    is_sent: false,
                    before: None
                }
            )
        };
        matches!(self.states.first(), Some(State::Answered(_))) && self.states.iter().any(is_unsent)
    }

    /// Whether a part has said that its group's coordinator is elsewhere.
    pub fn is_misdirected(&self) -> bool {
        let misdirected = |answer: &Answer| match answer {
            Err(error) => error.code == Code::NOT_COORDINATOR,
            Ok(Value::Map(entries)) => entries
                .iter()
                .any(|(_, outcome)| failure(outcome) == Some(Code::NOT_COORDINATOR)),
            Ok(_) => false,
        };
        let mut refusals = self.states.iter().filter_map(State::refusal);
        refusals.any(misdirected)
    }

    /// Whether all is answered, or none of it will be: where the first part is not known to the brokers.
    pub fn is_done(&self) -> bool {
        let mut states = self.states.iter();
        states.all(|state| matches!(state, State::Answered(_)))
            || matches!(&self.states[0], State::Answered(answer) if is_unanswered(answer))
    }

    /// Whether something was sent that has no answer.
    pub fn is_awaited(&self) -> bool {
        self.states.iter().any(State::is_sent)
    }

    /// Whether it may be sent by two clients at a time.
    pub fn may_overlap(&self) -> bool {
        self.operation.may_overlap()
    }

    /// See [`Operation::is_fragile`].
    pub fn is_fragile(&self) -> bool {
        self.operation.is_fragile()
    }

    /// Whether it goes to the coordinators of groups.
    pub fn asks_coordinators(&self) -> bool {
        self.operation.asks_coordinators()
    }

    /// Whether it goes to the leaders of partitions.
    pub fn asks_leaders(&self) -> bool {
        self.operation.asks_leaders()
    }

    /// The answers as they are, the last ones where it only asks; what has none has timed out.
    pub fn finish(self) -> Result<Value, Error> {
        let unanswered = || Error::new(Code::TIMED_OUT, "the brokers did not answer in time");
        let mut found = Vec::new();
        for (part, state) in self.operation.parts.into_iter().zip(self.states) {
            let answer = match state {
                State::Answered(answer) => answer,
                State::Open { before, .. } => before.unwrap_or_else(|| Err(unanswered())),
            };
            match (part.name, answer) {
                (None, answer) => return answer.and_then(whole),
                (Some(_), Ok(Value::Map(entries))) => found.extend(entries),
                (Some(_), Ok(other)) => return Ok(other),
                (Some(name), Err(error)) => found.push((name, failed(error.code, &error.message))),
            }
        }
        whole(Value::Map(found))
    }
}

/// The code of an item that failed.
pub fn failure(outcome: &Value) -> Option<Code> {
    match outcome.get("code") {
        Some(&Value::Int(code)) => i32::try_from(code).ok().map(Code),
        _ => None,
    }
}

/// Whether it is what librdkafka says where no broker has answered.
fn is_unanswered(answer: &Answer) -> bool {
    match answer {
        Err(error) => is_local_failure(error.code),
        Ok(_) => false,
    }
}

fn is_local_failure(code: Code) -> bool {
    [
        Code::TIMED_OUT,
        Code::TRANSPORT,
        Code::ALL_BROKERS_DOWN,
        Code::UNSUPPORTED_FEATURE,
    ]
    .contains(&code)
}

/// An answer, unless it says of all items that no broker answered: then the whole of it failed.
fn whole(answer: Value) -> Result<Value, Error> {
    let Value::Map(entries) = &answer else {
        return Ok(answer);
    };
    let unanswered = |outcome: &Value| failure(outcome).is_some_and(is_local_failure);
    let Some((_, first)) = entries.first() else {
        return Ok(answer);
    };
    match (first.get("code"), first.get("err")) {
        (Some(&Value::Int(code)), Some(Value::Text(text)))
            if entries.iter().all(|(_, outcome)| unanswered(outcome)) =>
        {
            let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
            Err(Error::new(Code(code as i32), text))
        }
        _ => Ok(answer),
    }
}

/// What an operation may be asked to do differently.
#[derive(Default)]
struct Settings {
    validate_only: bool,
    require_stable_offsets: bool,
    include_authorized_operations: bool,
    states: Vec<c_int>,
    types: Vec<c_int>,
    isolation_level: c_int,
}

const ISOLATION_LEVELS: &[(&str, c_int)] = &[("read_uncommitted", 0), ("read_committed", 1)];

impl Settings {
    /// Reads those of `known` that are given.
    fn read(options: Option<&Value>, known: &[&str]) -> Result<Self, Invalid> {
        let fields = Input::new_map("options", options).fields(known)?;
        let flag = |name| {
            fields
                .read(name, Input::bool)
                .map(Option::unwrap_or_default)
        };
        let words = |name: &str, words: &[(&str, c_int)]| {
            let read = |input: &Input| {
                input
                    .list()?
                    .iter()
                    .map(|item| item.choice(words))
                    .collect()
            };
            fields.read(name, read).map(Option::unwrap_or_default)
        };
        Ok(Self {
            validate_only: flag("validate_only")?,
            require_stable_offsets: flag("require_stable_offsets")?,
            include_authorized_operations: flag("include_authorized_operations")?,
            states: words("states", groups::STATES)?,
            types: words("types", groups::TYPES)?,
            isolation_level: fields
                .read("isolation_level", |level| level.choice(ISOLATION_LEVELS))?
                .unwrap_or_default(),
        })
    }

    /// For operations that have none.
    fn none(options: Option<&Value>) -> Result<Self, Invalid> {
        Self::read(options, &[])
    }
}

struct Options(*mut sys::rd_kafka_AdminOptions_t);

impl Options {
    fn new(
        client: &Client,
        op: c_int,
        timeout_ms: c_int,
        settings: &Settings,
    ) -> Result<Self, Error> {
        // SAFETY: the client is alive; the new object is owned by the returned value.
        let options = Self(unsafe { sys::rd_kafka_AdminOptions_new(client.as_raw(), op) });
        let raw = options.0;
        // SAFETY: the options are alive, as are the arrays, which are copied; error objects are ours.
        unsafe {
            checked(|errstr, size| {
                sys::rd_kafka_AdminOptions_set_request_timeout(raw, timeout_ms, errstr, size)
            })?;
            // For some only: the others have nothing that a broker would have to wait for.
            let _ = checked(|errstr, size| {
                sys::rd_kafka_AdminOptions_set_operation_timeout(raw, timeout_ms, errstr, size)
            });
            if settings.validate_only {
                checked(|errstr, size| {
                    sys::rd_kafka_AdminOptions_set_validate_only(raw, 1, errstr, size)
                })?;
            }
            if settings.require_stable_offsets {
                Error::check(sys::rd_kafka_AdminOptions_set_require_stable_offsets(
                    raw, 1,
                ))?;
            }
            if settings.include_authorized_operations {
                Error::check(sys::rd_kafka_AdminOptions_set_include_authorized_operations(raw, 1))?;
            }
            if !settings.states.is_empty() {
                Error::check(sys::rd_kafka_AdminOptions_set_match_consumer_group_states(
                    raw,
                    settings.states.as_ptr(),
                    settings.states.len(),
                ))?;
            }
            if !settings.types.is_empty() {
                Error::check(sys::rd_kafka_AdminOptions_set_match_consumer_group_types(
                    raw,
                    settings.types.as_ptr(),
                    settings.types.len(),
                ))?;
            }
            if settings.isolation_level != 0 {
                Error::check(sys::rd_kafka_AdminOptions_set_isolation_level(
                    raw,
                    settings.isolation_level,
                ))?;
            }
        }
        Ok(options)
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0) };
    }
}

/// Calls a function that returns a code and explains it.
fn checked(call: impl FnOnce(*mut c_char, usize) -> c_int) -> Result<(), Error> {
    let mut errstr: [c_char; 512] = [0; 512];
    match Code(call(errstr.as_mut_ptr(), errstr.len())) {
        Code::NO_ERROR => Ok(()),
        // SAFETY: librdkafka terminates what it writes, and the buffer began as zeroes.
        code => Err(Error::new(
            code,
            lossy(unsafe { CStr::from_ptr(errstr.as_ptr()) }),
        )),
    }
}

/// Calls a function that makes an object, or explains why not.
fn made<T>(call: impl FnOnce(*mut c_char, usize) -> *mut T) -> Result<*mut T, String> {
    let mut errstr: [c_char; 512] = [0; 512];
    let raw = call(errstr.as_mut_ptr(), errstr.len());
    match raw.is_null() {
        false => Ok(raw),
        // SAFETY: as above.
        true => Err(lossy(unsafe { CStr::from_ptr(errstr.as_ptr()) })),
    }
}

/// Objects of librdkafka's that go into a call.
struct Natives<T> {
    items: Vec<*mut T>,
    destroy: unsafe extern "C" fn(*mut T),
}

// SAFETY: plain memory without thread affinity, with one owner.
unsafe impl<T> Send for Natives<T> {}

impl<T: 'static> Natives<T> {
    fn new(destroy: unsafe extern "C" fn(*mut T)) -> Self {
        Self {
            items: Vec::new(),
            destroy,
        }
    }

    /// Takes an object over.
    fn push(&mut self, raw: *mut T) -> *mut T {
        self.items.push(raw);
        raw
    }

    fn of_one(raw: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Self {
        Self {
            items: vec![raw],
            destroy,
        }
    }

    /// A closure that passes them to `start`.
    fn starting(
        self,
        start: OfMany<T>,
    ) -> impl Fn(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t)
           + Send
           + 'static {
        move |rk, options, queue| {
            let natives = &self;
            let mut items = natives.items.clone();
            // SAFETY: all are alive, and the objects copied.
            unsafe { start(rk, items.as_mut_ptr(), items.len(), options, queue) };
        }
    }
}

impl<T> Drop for Natives<T> {
    fn drop(&mut self) {
        for &raw in &self.items {
            // SAFETY: owned, and destroyed once.
            unsafe { (self.destroy)(raw) };
        }
    }
}

/// The names in a list, each there once.
fn names(input: &Input) -> Result<Vec<CString>, Invalid> {
    let mut distinct = Distinct::default();
    let name = |item: &Input| {
        let name = item.name()?;
        distinct.add(&name, item)?;
        Ok(name)
    };
    input.items()?.iter().map(name).collect()
}

/// An array that librdkafka hands out together with its length.
///
/// # Safety
/// `of` is alive as long as the result, and `get` belongs to it.
unsafe fn array<'a, R, T>(
    of: *const R,
    get: unsafe extern "C" fn(*const R, *mut usize) -> *mut *const T,
) -> &'a [*const T] {
    let mut count = 0;
    // SAFETY: by the caller's word.
    unsafe {
        let items = get(of, &mut count);
        match items.is_null() || count == 0 {
            true => &[],
            false => slice::from_raw_parts(items, count),
        }
    }
}

/// # Safety
/// `text` is null or NUL-terminated.
unsafe fn c_str<'a>(text: *const c_char) -> &'a CStr {
    // SAFETY: by the caller's word.
    unsafe { optional(text) }.unwrap_or(c"")
}

/// # Safety
/// As [`c_str`].
unsafe fn optional<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: by the caller's word.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// What became of an item that succeeded: to be filled.
fn succeeded() -> Value {
    Value::map().with("ok", true)
}

/// What became of an item that failed.
pub fn failed(code: Code, text: &str) -> Value {
    let text = match text.is_empty() {
        true => code.text().to_string_lossy(),
        false => text.into(),
    };
    Value::map()
        .with("ok", false)
        .with("err", &*text)
        .with("code", code.0)
}

/// What became of an item, by its code.
///
/// # Safety
/// `text` is null or NUL-terminated.
unsafe fn outcome_of_code(code: c_int, text: *const c_char) -> Value {
    match Code(code) {
        Code::NO_ERROR => succeeded(),
        // SAFETY: by the caller's word.
        code => failed(code, &unsafe { c_str(text) }.to_string_lossy()),
    }
}

/// What became of an item, by its error.
///
/// # Safety
/// `error` is null or an error object that is alive.
unsafe fn outcome_of_error(error: *const sys::rd_kafka_error_t) -> Value {
    if error.is_null() {
        return succeeded();
    }
    // SAFETY: by the caller's word.
    unsafe {
        outcome_of_code(
            sys::rd_kafka_error_code(error),
            sys::rd_kafka_error_string(error),
        )
    }
}

/// Whether an item's outcome is a good one.
fn is_ok(outcome: &Value) -> bool {
    outcome.get("ok") == Some(&Value::Bool(true))
}

/// The word for a number that a broker sent.
fn word(words: &[(&'static str, c_int)], number: c_int) -> &'static str {
    let found = words.iter().find(|(_, meaning)| *meaning == number);
    found.map_or("unknown", |(word, _)| word)
}

/// What the caller may do, if that was asked for.
///
/// # Safety
/// `operations` are `count`, or null.
unsafe fn authorized(operations: *const c_int, count: usize) -> Option<Vec<Value>> {
    if operations.is_null() {
        return None;
    }
    // SAFETY: by the caller's word.
    let operations = unsafe { slice::from_raw_parts(operations, count) };
    let operation = |&operation: &c_int| word(acls::OPERATIONS, operation).into();
    Some(operations.iter().map(operation).collect())
}
