//! Records that are produced together: grouped by partition, and handed to librdkafka in few calls.
//!
//! For each call librdkafka reads two clocks, takes the topic's lock and looks the partition up. Where the partition is
//! known here before, that is paid once for a run of records, and its partitioner is not asked at all.

use std::ops::Range;
use std::ptr;

use libc::c_void;

use super::client::{parts, Client};
use super::error::Code;
use super::record::Record;
use super::sys;
use super::topic::Topic;

/// How many go to librdkafka at one call: enough to share what a call costs, and few enough for the processor's cache.
const RUN_MAX: usize = 128;

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

/// The index of a record whose partition is known, sorted by that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Placed(u64);

impl Placed {
    /// `partition`: not negative. `index`: of 32 bits.
    fn new(partition: i32, index: usize) -> Self {
        Self((partition as u64) << 32 | index as u64)
    }

    fn partition(self) -> i32 {
        (self.0 >> 32) as i32
    }

    fn index(self) -> usize {
        self.0 as u32 as usize
    }
}

struct Batch<'a, R, F> {
    client: &'a Client,
    topic: &'a Topic,
    rkt: *mut sys::rd_kafka_topic_t,
    records: &'a R,
    refused: F,
    placed: Vec<Placed>,
    /// Room for a run.
    messages: Vec<sys::rd_kafka_message_t>,
    queued: Queued,
}

impl Client {
    /// Queues copies of the records with these indices, in their order within each partition. Never blocks. Once the
    /// queue is full the rest is not tried. `refused` hears of each that was not queued, and why.
    pub fn produce_records<R: Records>(
        &self,
        topic: &Topic,
        records: &R,
        indices: Range<usize>,
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
            refused,
            placed: Vec::with_capacity(indices.len()),
            messages: Vec::with_capacity(indices.len().min(RUN_MAX)),
            queued: Queued::default(),
        };
        let partitioner = topic.partitioner();
        let mut known = partitioner.known();
        for index in indices {
            let (named, key) = records.place(index);
            if let Some(partition) = partitioner.place(&known, named, key) {
                batch.placed.push(Placed::new(partition, index));
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

impl<R: Records, F: FnMut(usize, Code)> Batch<'_, R, F> {
    /// Queues those whose partition is known.
    fn queue_placed(&mut self) {
        let mut placed = std::mem::take(&mut self.placed);
        // Equal ones stay in order: the index is in the number.
        placed.sort_unstable();
        for run in placed.chunk_by(|left, right| left.partition() == right.partition()) {
            run.chunks(RUN_MAX).for_each(|run| self.queue_run(run));
        }
        placed.clear();
        self.placed = placed;
    }

    /// Queues up to [`RUN_MAX`] records of one partition; those that librdkafka takes only one by one, in their turn.
    fn queue_run(&mut self, run: &[Placed]) {
        let records = self.records;
        let mut first = 0;
        for (at, placed) in run.iter().enumerate() {
            let record = records.get(placed.index());
            if record.is_plain() {
                self.messages.push(message_of(&record));
            } else {
                self.queue_messages(&run[first..at]);
                first = at + 1;
                let partition = placed.partition();
                self.queue_one(
                    placed.index(),
                    Record {
                        partition,
                        ..record
                    },
                );
            }
        }
        self.queue_messages(&run[first..]);
    }

    fn queue_messages(&mut self, run: &[Placed]) {
        let Some(first) = run.first() else { return };
        let partition = first.partition();
        let mut messages = std::mem::take(&mut self.messages);
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
                self.miss(placed.index(), partition, Code(message.err));
            }
        }
        messages.clear();
        self.messages = messages;
    }

    fn queue_one(&mut self, index: usize, record: Record<'_>) {
        let partition = record.partition;
        let produced = match self.queued.is_full {
            true => Err(Code::QUEUE_FULL),
            false => self.client.produce_record(self.topic, record),
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

fn message_of(record: &Record<'_>) -> sys::rd_kafka_message_t {
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
        private: record.opaque as *mut c_void,
    }
}
