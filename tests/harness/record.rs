//! Records as these tests write, send, and compare them: as lines of text.

use std::fmt::{self, Write};

use crate::process::abridged;

/// Bytes as the peer and the Lua scripts write them.
pub fn bytes(data: &[u8]) -> String {
    let mut text = String::with_capacity(1 + 2 * data.len());
    text.push('x');
    for byte in data {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// A null key, a null value, or no headers.
pub fn null() -> String {
    "-".to_owned()
}

/// A record, and the partition it is in or shall go to.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub partition: i32,
    pub key: String,
    pub value: String,
    pub headers: String,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&abridged(&self.line()))
    }
}

impl Record {
    pub fn new(partition: i32, value: &[u8]) -> Self {
        Self {
            partition,
            key: null(),
            value: bytes(value),
            headers: null(),
        }
    }

    fn line(&self) -> String {
        let Self {
            partition,
            key,
            value,
            headers,
        } = self;
        format!("{partition} {key} {value} {headers}")
    }
}

/// What the scripts read from their stdin.
pub fn input(records: &[Record]) -> String {
    records.iter().map(|record| record.line() + "\n").collect()
}

/// A record that the peer has read.
#[derive(Clone, Debug)]
pub struct Read {
    pub topic: String,
    pub offset: i64,
    pub timestamp: u128,
    pub record: Record,
}

impl Read {
    /// From a line of the peer's `consume` or `tail`.
    pub fn parse(line: &str) -> Self {
        let fields: Vec<&str> = line.split(' ').collect();
        let &[topic, offset, partition, key, value, headers, timestamp] = fields.as_slice() else {
            panic!("not a record of the peer's: {}", abridged(line));
        };
        Self {
            topic: topic.to_owned(),
            offset: offset.parse().unwrap(),
            timestamp: timestamp.parse().unwrap(),
            record: Record {
                partition: partition.parse().unwrap(),
                key: key.to_owned(),
                value: value.to_owned(),
                headers: headers.to_owned(),
            },
        }
    }
}

/// What the peer read: the records, and each topic's codecs.
pub fn parse_consumed(lines: &[String]) -> (Vec<Read>, Vec<(String, String)>) {
    let mut reads = Vec::new();
    let mut codecs = Vec::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("codecs ") {
            let (topic, seen) = rest.split_once(' ').unwrap();
            codecs.push((topic.to_owned(), seen.to_owned()));
        } else {
            reads.push(Read::parse(line));
        }
    }
    (reads, codecs)
}

/// A message from receive.lua, and its topic. There are no headers in it.
pub fn parse_received(line: &str) -> (String, Record) {
    let fields: Vec<&str> = line.split(' ').collect();
    let &[partition, key, value, topic] = fields.as_slice() else {
        panic!("not a message of receive.lua's: {}", abridged(line));
    };
    let record = Record {
        partition: partition.parse().unwrap(),
        key: key.to_owned(),
        value: value.to_owned(),
        headers: null(),
    };
    (topic.to_owned(), record)
}

/// A delivery report: a line of send_c.lua's.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub id: usize,
    pub partition: i32,
    pub offset: i64,
    pub code: i32,
}

impl Report {
    pub fn parse(line: &str) -> Self {
        let fields: Vec<i64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
        let &[id, partition, offset, code] = fields.as_slice() else {
            panic!("not a report: {line}");
        };
        Self {
            id: id as usize,
            partition: partition as i32,
            offset,
            code: code as i32,
        }
    }
}
