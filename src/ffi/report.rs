//! Reports: what became of a producer's messages.

use std::ffi::c_char;
use std::ptr;

use super::boundary::{guarded, output, reference};
use super::error::kafka_error;
use super::producer::kafka_producer;
use crate::client::{Error, MessageStatus, TopicId};

/// What was reported since the last call.
#[repr(C)]
pub struct kafka_poll_result {
    /// The last reported message's opaque; KAFKA_OPAQUE_NONE if nothing was reported.
    pub last_opaque: u64,
    /// How many messages were reported.
    pub reported_count: u64,
    /// How many of them were not delivered.
    pub failed_count: u64,
}

/// What became of one message.
#[repr(C)]
pub struct kafka_report {
    /// The number it was sent with.
    pub opaque: u64,
    /// Its topic's name, NUL-terminated, until the producer is closed.
    pub topic: *const c_char,
    /// Its offset in its partition, if it was delivered and the broker said so; else negative.
    pub offset: i64,
    /// Milliseconds since 1970-01-01 UTC; -1 if it was not delivered, or without
    /// kafka_producer_set_report_timestamps.
    pub timestamp: i64,
    /// Microseconds from being sent to being reported; -1 without kafka_producer_set_report_timestamps.
    pub latency_us: i64,
    /// Its partition, -1 if none had been chosen.
    pub partition: i32,
    /// 0: delivered. Else why not.
    pub code: i32,
    /// Whether a broker has it: a KAFKA_MSG_STATUS constant.
    pub status: i32,
    /// Why it failed, where more is known than the code: what the broker says against it, or why the broker that failed last
    /// cannot be reached, as "10.0.0.1:9092: Connection refused". NUL-terminated, until the producer is closed; or NULL.
    pub cause: *const c_char,
}

/// For kafka_report: the message was not sent, or was refused, in the last attempt. Without enable.idempotence an earlier attempt
/// whose answer was lost may have stored it.
pub const KAFKA_MSG_STATUS_NOT_PERSISTED: i32 = 0;
/// For kafka_report: a broker may have the message.
pub const KAFKA_MSG_STATUS_POSSIBLY_PERSISTED: i32 = 1;
/// For kafka_report: a broker has the message.
pub const KAFKA_MSG_STATUS_PERSISTED: i32 = 2;
const _: () = {
    assert!(KAFKA_MSG_STATUS_NOT_PERSISTED == MessageStatus::NotPersisted as i32);
    assert!(KAFKA_MSG_STATUS_POSSIBLY_PERSISTED == MessageStatus::PossiblyPersisted as i32);
    assert!(KAFKA_MSG_STATUS_PERSISTED == MessageStatus::Persisted as i32);
};

/// What became of all messages since the producer was made.
#[repr(C)]
pub struct kafka_counters {
    /// Accepted so far; always the sum of the others.
    pub queued: u64,
    /// Accepted, and neither delivered nor failed yet.
    pub in_flight: u64,
    /// Delivered.
    pub delivered: u64,
    /// Not delivered.
    pub failed: u64,
}

/// Fetches everything that was reported, after waiting for at least one report.
///
/// timeout_ms: 0 does not wait, -1 waits without limit. reported: what was fetched;
/// nothing in time is no error. Returns 0; KAFKA_ERR_EVENT, see kafka_conf_set_events. Blocks
/// up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_poll(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    reported: *mut kafka_poll_result,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let output = output(reported, "reported")?;
        let reported = producer.poll(timeout_ms)?;
        output.write(kafka_poll_result {
            last_opaque: reported.last_opaque.to_u64(),
            reported_count: reported.count,
            failed_count: reported.failed,
        });
        Ok(())
    })
}

/// Fetches reports one by one, in the order they came.
///
/// reports: room for report_max of them. report_count: how many were fetched, 0 if
/// there were none. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_reports(
    producer: *mut kafka_producer,
    reports: *mut kafka_report,
    report_max: usize,
    report_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let count = output(report_count, "report_count")?;
        if reports.is_null() && report_max > 0 {
            return Err(Error::invalid("reports is NULL"));
        }
        let mut topic: (Option<TopicId>, *const c_char) = (None, ptr::null());
        let mut place = reports;
        let fetched = producer.fetch(report_max, |report| {
            if topic.0 != Some(report.topic) {
                let name = producer.topic_name(report.topic);
                topic = (Some(report.topic), name.as_ptr());
            }
            place.write(kafka_report {
                opaque: report.opaque.to_u64(),
                topic: topic.1,
                offset: report.offset,
                timestamp: report.timestamp,
                latency_us: report.latency_us,
                partition: report.partition,
                code: report.code.0,
                status: report.status as i32,
                cause: report.cause.map_or(ptr::null(), |cause| {
                    producer.reports().causes().texts().text(cause).as_ptr()
                }),
            });
            place = place.add(1);
        });
        count.write(fetched);
        Ok(())
    })
}

/// Gives reports timestamps and latencies, or not: that takes a look at the clock for each.
///
/// timed: 1 or 0; 0 at first. It counts for messages reported from now on. Returns 0. Does not
/// block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_set_report_timestamps(
    producer: *mut kafka_producer,
    timed: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        producer.reports().time(timed != 0);
        Ok(())
    })
}

/// How many messages sent with KAFKA_OPAQUE_NO_REPORT failed, since the last call of this or of
/// kafka_producer_poll.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_unreported_failures(
    producer: *mut kafka_producer,
    failed_count: *mut u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        output(failed_count, "failed_count")?.write(producer.reports().pop_unreported_failures());
        Ok(())
    })
}

/// Sets how many of the failures that were fetched have not been passed on yet to the code that they concern. They count as
/// lost if the producer ends before the caller sets a smaller number.
///
/// count: 0 at first. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_set_unsettled(
    producer: *mut kafka_producer,
    count: u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        producer.reports().set_unsettled(count);
        Ok(())
    })
}

/// Waits until there is a report to fetch, or a message without one has failed; fetches nothing.
///
/// timeout_ms: 0 does not wait, -1 waits without limit. Returns 0; KAFKA_ERR_TIMED_OUT if nothing
/// came; KAFKA_ERR_EVENT, see kafka_conf_set_events. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_wait(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?;
        producer.handle.enter()?.wait(timeout_ms)
    })
}

/// Waits, after KAFKA_ERR_QUEUE_FULL, until it is worth trying again, or until there is a
/// report, which takes room until it is fetched.
///
/// timeout_ms: 0 does not wait, -1 waits without limit. Returns 0; KAFKA_ERR_TIMED_OUT;
/// KAFKA_ERR_EVENT, see kafka_conf_set_events. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_wait_for_room(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?;
        producer.handle.enter()?.wait_for_room(timeout_ms)
    })
}

/// Counts what became of all messages since the producer was made.
///
/// counters: filled in on success. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_counters(
    producer: *mut kafka_producer,
    counters: *mut kafka_counters,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let place = output(counters, "counters")?;
        let counters = producer.reports().counters();
        place.write(kafka_counters {
            queued: counters.queued,
            in_flight: counters.in_flight,
            delivered: counters.delivered,
            failed: counters.failed,
        });
        Ok(())
    })
}
