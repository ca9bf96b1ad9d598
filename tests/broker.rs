//! The library against Apache Kafka, with an independent client at the other end of the wire.
//!
//! scripts/kafka starts the clusters, 4.x and 3.9; with `BROKERS` set, that cluster stands in for 4.x. The independent
//! client is tests/broker/peer.py.

#[path = "broker/security.rs"]
mod security;

#[path = "broker/admin.rs"]
mod admin;
#[path = "broker/admin_witness.rs"]
mod admin_witness;
#[path = "broker/batches.rs"]
mod batches;
#[path = "broker/cleanup.rs"]
mod cleanup;
#[path = "broker/delivery.rs"]
mod delivery;
#[path = "broker/groups.rs"]
mod groups;
#[path = "broker/leaving.rs"]
mod leaving;
#[path = "broker/limits.rs"]
mod limits;
#[path = "broker/memberships.rs"]
mod memberships;
#[path = "broker/outage.rs"]
mod outage;
#[path = "broker/permissions.rs"]
mod permissions;
#[path = "broker/quota.rs"]
mod quota;
#[path = "broker/seed.rs"]
mod seed;
#[path = "broker/topics.rs"]
mod topics;
#[path = "broker/transactions.rs"]
mod transactions;
#[path = "broker/weather.rs"]
mod weather;
#[path = "broker/wire.rs"]
mod wire;
#[path = "broker/witnesses.rs"]
mod witnesses;
