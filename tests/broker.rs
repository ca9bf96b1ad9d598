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
#[path = "broker/tools.rs"]
mod tools;

mod workbench;

#[path = "broker/admin.rs"]
mod admin;
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
