//! The library against a broker in a process of its own, with an independent
//! client at the other end of the wire.
//!
//! The broker is `tansu`, started and killed by each test; with `BROKERS` set it
//! is that cluster. The client is tests/broker/peer.py.

#[path = "broker/cluster.rs"]
mod cluster;
#[path = "broker/process.rs"]
mod process;
#[path = "broker/proxy.rs"]
mod proxy;
#[path = "broker/record.rs"]
mod record;
#[path = "broker/security.rs"]
mod security;
#[path = "broker/tls.rs"]
mod tls;
#[path = "broker/tools.rs"]
mod tools;

// Of which tests/c.rs uses the rest.
#[allow(dead_code)]
#[path = "c/toolchain.rs"]
mod toolchain;
mod workbench;

#[path = "broker/admin.rs"]
mod admin;
#[path = "broker/answers.rs"]
mod answers;
#[path = "broker/groups.rs"]
mod groups;
#[path = "broker/seed.rs"]
mod seed;
#[path = "broker/transactions.rs"]
mod transactions;
#[path = "broker/weather.rs"]
mod weather;
#[path = "broker/wire.rs"]
mod wire;
