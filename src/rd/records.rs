//! Records that are produced together: grouped by partition, and handed to librdkafka in few calls.
//!
//! For each call librdkafka reads two clocks, takes the topic's lock and looks the partition up. Where the partition is
//! known here before, that is paid once for a run of records, and its partitioner is not asked at all.

use std::ops::Range;
use std::ptr;
use std::time::{SystemTime, UNIX_EPOCH};

use libc::c_void;

use super::client::{parts, Client};
use super::error::Code;
use super::record::Record;
use super::sys;
use super::topic::Topic;

/// How many go to librdkafka at one call: enough to share what a call costs, and few enough for the processor's cache.
const RUN_MAX: usize = 128;

/// How many are put in order of their partitions at once, at most.
pub const AT_ONCE: usize = 4096;

/// Records to be produced together, by index.
pub trait Records {
    /// The partition that a record names, -1 for none, and its key.
    fn place(&self, index: usize) -> (i32, Option<&[u8]>);

    /// The whole record.
    fn get(&self, index: usize) -> Record<'_>;
}

/// What became of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// How many were queued.
    pub count: usize,
    /// Whether there was no room for the others.
    pub is_full: bool,
}

/// A record whose partition is known.
#[derive(Clone, Copy, Default)]
struct Placed {
    partition: u32,
    index: u32,
}

/// Where records are put in order. Made anew for each batch: what a thread would keep is no faster, as an allocation of
/// this size has malloc tidy up what earlier messages have left, which the next ones then need not do.
#[derive(Default)]
struct Desk {
    placed: Vec<Placed>,
    grouped: Vec<Placed>,
    /// Where the next record of each partition goes.
    places: Vec<u32>,
    /// A run of them.
    messages: Vec<sys::rd_kafka_message_t>,
}

impl Desk {
    /// Puts those of a partition together, and leaves their order as it is.
    fn group(&mut self) {
        let placed = &mut self.placed;
        if placed
            .windows(2)
            .all(|two| two[0].partition <= two[1].partition)
        {
            return;
        }
        let most = placed.iter().map(|one| one.partition as usize).max();
        let count = most.map_or(0, |most| most + 1);
        // Counting is faster, but takes room for each partition that there may be.
        if count > 4 * AT_ONCE {
            return placed.sort_by_key(|one| one.partition);
        }
        self.places.clear();
        self.places.resize(count + 1, 0);
        for one in &*placed {
            self.places[one.partition as usize + 1] += 1;
        }
        for partition in 1..count {
            self.places[partition] += self.places[partition - 1];
        }
        self.grouped.resize(placed.len(), Placed::default());
        for &one in &*placed {
            let place = &mut self.places[one.partition as usize];
            self.grouped[*place as usize] = one;
            *place += 1;
        }
        std::mem::swap(placed, &mut self.grouped);
    }
}

struct Batch<'a, R, C, F> {
    client: &'a Client,
    topic: &'a Topic,
    rkt: *mut sys::rd_kafka_topic_t,
    records: &'a R,
    carry: C,
    refused: F,
    desk: Desk,
    queued: Queued,
    now_ms: i64,
}

impl Client {
    /// Queues copies of the records with these indices, up to [`AT_ONCE`], in their order within each partition. Never blocks. Once the
    /// queue is full the rest is not tried. `carry`: what librdkafka is to carry for a record's opaque. `refused` is called for
    /// each that was not queued, with the reason.
    pub fn produce_records<R: Records>(
        &self,
        topic: &Topic,
        records: &R,
        indices: Range<usize>,
        carry: impl Fn(usize) -> usize,
        mut refused: impl FnMut(usize, Code),
    ) -> Queued {
        let Some(rkt) = self.topic_as_raw(topic) else {
            indices.for_each(|index| refused(index, Code::UNKNOWN_TOPIC));
            return Queued::default();
        };
        let mut batch = Batch {
            client: self,
            topic,
            rkt,
            records,
            carry,
            refused,
            desk: Desk {
                placed: Vec::with_capacity(indices.len()),
                messages: Vec::with_capacity(indices.len().min(RUN_MAX)),
                ..Desk::default()
            },
            queued: Queued::default(),
            now_ms: now_ms(),
        };
        let partitioner = topic.partitioner();
        let mut known = partitioner.known();
        for index in indices {
            let (named, key) = records.place(index);
            if let Some(partition) = partitioner.place(&known, named, key) {
                batch.desk.placed.push(Placed {
                    partition: partition as u32,
                    index: index as u32,
                });
            } else {
                // librdkafka has to be asked, in the record's turn; then the next ones' may be known.
                batch.queue_placed();
                known = partitioner.learn(|| batch.queue_one(index, records.get(index)));
            }
        }
        batch.queue_placed();
        batch.queued
    }
}

impl<R: Records, C: Fn(usize) -> usize, F: FnMut(usize, Code)> Batch<'_, R, C, F> {
    /// Queues those whose partition is known.
    fn queue_placed(&mut self) {
        self.desk.group();
        let mut placed = std::mem::take(&mut self.desk.placed);
        for run in placed.chunk_by(|left, right| left.partition == right.partition) {
            run.chunks(RUN_MAX).for_each(|run| self.queue_run(run));
        }
        placed.clear();
        self.desk.placed = placed;
    }

    /// Queues up to [`RUN_MAX`] records of one partition; those that librdkafka takes only one by one, in their turn.
    fn queue_run(&mut self, run: &[Placed]) {
        let records = self.records;
        let mut first = 0;
        for (at, placed) in run.iter().enumerate() {
            let record = records.get(placed.index as usize);
            if record.is_plain() {
                let carried = (self.carry)(record.opaque);
                self.desk.messages.push(message_of(&record, carried));
            } else {
                self.queue_messages(&run[first..at]);
                first = at + 1;
                let record = Record {
                    partition: placed.partition as i32,
                    // Or librdkafka would look at the clock for each.
                    timestamp: record.timestamp.or(Some(self.now_ms)),
                    ..record
                };
                self.queue_one(placed.index as usize, record);
            }
        }
        self.queue_messages(&run[first..]);
    }

    fn queue_messages(&mut self, run: &[Placed]) {
        let Some(first) = run.first() else { return };
        let partition = first.partition as i32;
        let mut messages = std::mem::take(&mut self.desk.messages);
        if self.queued.is_full {
            messages
                .iter_mut()
                .for_each(|message| message.err = Code::QUEUE_FULL.0);
        } else {
            // SAFETY: the topic is this client's and alive, and with MSG_F_COPY the messages' bytes are only read.
            self.queued.count += unsafe {
                sys::rd_kafka_produce_batch(
                    self.rkt,
                    partition,
                    sys::RD_KAFKA_MSG_F_COPY,
                    messages.as_mut_ptr(),
                    messages.len() as i32,
                )
            } as usize;
        }
        for (placed, message) in run.iter().zip(&messages) {
            if message.err != 0 {
                self.miss(placed.index as usize, partition, Code(message.err));
            }
        }
        messages.clear();
        self.desk.messages = messages;
    }

    fn queue_one(&mut self, index: usize, record: Record<'_>) {
        let partition = record.partition;
        let opaque = (self.carry)(record.opaque);
        let produced = match self.queued.is_full {
            true => Err(Code::QUEUE_FULL),
            false => self
                .client
                .produce_record(self.topic, Record { opaque, ..record }),
        };
        match produced {
            Ok(()) => self.queued.count += 1,
            Err(code) => self.miss(index, partition, code),
        }
    }

    /// A record was not queued in the partition that it was placed in.
    #[cold]
    fn miss(&mut self, index: usize, partition: i32, code: Code) {
        let (named, _) = self.records.place(index);
        if code == Code::UNKNOWN_PARTITION && partition != named {
            // What was known of the topic is true no longer.
            self.topic.partitioner().forget();
            return self.queue_one(index, self.records.get(index));
        }
        self.queued.is_full |= code == Code::QUEUE_FULL;
        (self.refused)(index, code);
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

fn message_of(record: &Record<'_>, carried: usize) -> sys::rd_kafka_message_t {
    let (payload, len) = parts(record.value);
    let (key, key_len) = parts(record.key);
    sys::rd_kafka_message_t {
        err: 0,
        rkt: ptr::null_mut(),
        partition: 0,
        payload: payload.cast_mut().cast(),
        len,
        key: key.cast_mut().cast(),
        key_len,
        offset: 0,
        private: carried as *mut c_void,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_a_partition_are_together_and_in_order() {
        for partitions in [
            &[0, 0, 0][..],
            &[3, 1, 3, 0, 1, 3],
            &[7, i32::MAX as u32, 7, 0],
        ] {
            let indices = 0..partitions.len() as u32;
            let placed = |index: u32| Placed {
                partition: partitions[index as usize],
                index,
            };
            let mut desk = Desk {
                placed: indices.clone().map(placed).collect(),
                ..Desk::default()
            };
            desk.group();
            let mut expected: Vec<_> = indices.collect();
            expected.sort_by_key(|&index| partitions[index as usize]);
            let found: Vec<_> = desk.placed.iter().map(|placed| placed.index).collect();
            assert_eq!(found, expected);
        }
    }
}
