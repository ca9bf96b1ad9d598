//! The library inside nginx, as OpenResty's users have it: Debian's nginx with its Lua module, started and stopped by
//! each test, before a broker in a process of its own.

// Each test program uses its own part of these.
#[allow(dead_code)]
#[path = "broker/cluster.rs"]
mod cluster;
#[allow(dead_code)]
#[path = "broker/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "broker/proxy.rs"]
mod proxy;
#[allow(dead_code)]
#[path = "broker/record.rs"]
mod record;
#[path = "broker/tls.rs"]
mod tls;
#[allow(dead_code)]
#[path = "broker/tools.rs"]
mod tools;

mod workbench;

#[path = "openresty/examples.rs"]
mod examples;
#[path = "openresty/facade.rs"]
mod facade;
#[path = "openresty/life.rs"]
mod life;
#[path = "openresty/nginx.rs"]
mod nginx;
#[path = "openresty/phases.rs"]
mod phases;
#[path = "openresty/waiting.rs"]
mod waiting;
#[path = "openresty/watched.rs"]
mod watched;
