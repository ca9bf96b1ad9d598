//! The library inside nginx, as OpenResty's users have it: Debian's nginx with its Lua module, started and stopped by
//! each test, before Apache Kafka.

#[path = "openresty/blocks.rs"]
mod blocks;
#[path = "openresty/examples.rs"]
mod examples;
#[path = "openresty/facade.rs"]
mod facade;
#[path = "openresty/life.rs"]
mod life;
#[path = "openresty/waiting.rs"]
mod waiting;
#[path = "openresty/watched.rs"]
mod watched;
