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
const LONGEST_MS: c_int = 3600 * 1000;

type Result_ = sys::rd_kafka_event_t;

/// Reads what came back. It is called with a result of its operation's, which is alive: that is why
/// what these functions do with it is sound.
type Read = unsafe fn(result: *const Result_) -> Result<Value, Error>;

type Start = dyn FnOnce(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t)
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

/// One call of librdkafka's. Some take a single group at a time: then there is a part for each,
/// which has the group's name.
struct Part {
    name: Option<CString>,
    start: Box<Start>,
}

impl Operation {
    fn new(
        op: c_int,
        settings: Settings,
        read: Read,
        start: impl FnOnce(
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

    fn add_part<T: 'static>(&mut self, name: CString, natives: Natives<T>, start: OfMany<T>) {
        self.parts.push(Part {
            name: Some(name),
            start: Box::new(natives.starting(start)),
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

    /// Which of librdkafka's operations it is.
    pub fn number(&self) -> i32 {
        self.op
    }

    /// Sends it. -1 waits as long as librdkafka can, an hour.
    pub fn start(mut self, client: &Client, timeout_ms: i32) -> Result<Started, Error> {
        let timeout_ms = match timeout_ms {
            0..LONGEST_MS => timeout_ms,
            _ => LONGEST_MS,
        };
        // These two librdkafka frees when their time is up even while it still starts them. The
        // caller keeps the time in any case.
        let timeout_ms = match self.op {
            sys::op::LIST_OFFSETS | sys::op::DELETE_RECORDS => timeout_ms.max(1000),
            _ => timeout_ms,
        };
        let queue = client.new_queue();
        let mut parts = std::mem::take(&mut self.parts);
        // The first one finds out whether the brokers know it.
        let later = match self.is_fragile() {
            true => parts.split_off(1),
            false => Vec::new(),
        };
        let mut started = Started {
            operation: self,
            timeout_ms,
            queue,
            names: Vec::new(),
            left: 0,
            later,
            found: Vec::new(),
        };
        started.send(client, parts)?;
        Ok(started)
    }
}

/// An operation under way.
pub struct Started {
    operation: Operation,
    timeout_ms: i32,
    queue: Queue,
    /// Of the parts that were sent.
    names: Vec<Option<CString>>,
    /// How many of them have not answered.
    left: usize,
    later: Vec<Part>,
    found: Vec<(CString, Value)>,
}

impl Started {
    fn send(&mut self, client: &Client, parts: Vec<Part>) -> Result<(), Error> {
        let Operation { op, settings, .. } = &self.operation;
        for part in parts {
            let options = Options::new(client, *op, self.timeout_ms, settings)?;
            // The part's number comes back with its answer.
            // SAFETY: the options are alive; the number is no pointer that anybody follows.
            unsafe {
                sys::rd_kafka_AdminOptions_set_opaque(options.0, self.names.len() as *mut c_void);
            }
            self.names.push(part.name);
            self.left += 1;
            (part.start)(client.as_raw(), options.0, self.queue.as_raw());
        }
        Ok(())
    }

    /// Waits for the answer; `None` if it is not there in time, or not all of it.
    pub fn poll(&mut self, client: &Client, timeout_ms: i32) -> Option<Result<Value, Error>> {
        let event = self.queue.poll(timeout_ms)?;
        self.left -= 1;
        // SAFETY: the event is alive. Nothing but this operation's results comes to its queue.
        let (name, read) = unsafe {
            let number = sys::rd_kafka_event_opaque(event.as_raw()) as usize;
            let name = self.names.get_mut(number).and_then(Option::take);
            let code = Code(sys::rd_kafka_event_error(event.as_raw()));
            let absent = match code {
                Code::NOENT => self.operation.absent.take(),
                _ => None,
            };
            let read = match (code, absent) {
                (Code::NO_ERROR, _) => (self.operation.read)(event.as_raw()).and_then(whole),
                (_, Some(absent)) => Ok(absent),
                (code, None) => Err(Error::new(
                    code,
                    lossy(c_str(sys::rd_kafka_event_error_string(event.as_raw()))),
                )),
            };
            (name, read)
        };
        match (name, read) {
            (Some(_), Ok(Value::Map(entries))) => self.found.extend(entries),
            (Some(_), Err(error)) if !self.later.is_empty() && nobody_answered(error.code) => {
                return Some(Err(error));
            }
            (Some(name), Err(error)) => {
                self.found.push((name, failed(error.code, &error.message)));
            }
            (_, read) => return Some(read),
        }
        let later = std::mem::take(&mut self.later);
        if let Err(error) = self.send(client, later) {
            return Some(Err(error));
        }
        (self.left == 0).then(|| whole(Value::Map(std::mem::take(&mut self.found))))
    }
}

/// Whether it is what librdkafka says of each item where no broker was there to say something.
fn nobody_answered(code: Code) -> bool {
    [
        Code::TIMED_OUT,
        Code::TRANSPORT,
        Code::ALL_BROKERS_DOWN,
        Code::UNSUPPORTED_FEATURE,
    ]
    .contains(&code)
}

/// An answer, unless it says of all items that nobody answered: then the whole of it failed.
fn whole(answer: Value) -> Result<Value, Error> {
    let Value::Map(entries) = &answer else {
        return Ok(answer);
    };
    let unanswered = |outcome: &Value| match outcome.get("code") {
        Some(&Value::Int(code)) => {
            i32::try_from(code).is_ok_and(|code| nobody_answered(Code(code)))
        }
        _ => false,
    };
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

// SAFETY: plain memory without thread affinity, owned by nobody else.
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
    ) -> impl FnOnce(
        *mut sys::rd_kafka_t,
        *const sys::rd_kafka_AdminOptions_t,
        *mut sys::rd_kafka_queue_t,
    ) + Send
           + 'static {
        move |rk, options, queue| {
            let mut natives = self;
            let count = natives.items.len();
            // SAFETY: all are alive, and the objects copied.
            unsafe { start(rk, natives.items.as_mut_ptr(), count, options, queue) };
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

fn failed(code: Code, text: &str) -> Value {
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
