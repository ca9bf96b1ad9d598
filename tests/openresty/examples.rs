//! What docs/OPENRESTY.md and examples/openresty show, at work.

use std::fs;
use std::thread;

use crate::cluster::Cluster;
use crate::nginx::{begun_topic, Conf, Nginx};
use crate::record::parse_consumed;
use crate::workbench::root;

#[test]
fn the_access_log_has_every_request() {
    const REQUESTS: usize = 300;
    let cluster = Cluster::any();
    let topic = begun_topic(&cluster, "access-log");
    let http = fs::read_to_string(root().join("examples/openresty/nginx.conf")).unwrap();
    let conf = Conf {
        main: "worker_processes 2;",
        http: &http,
        server: "location /page { return 200; }",
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    thread::scope(|scope| {
        for client in 0..3 {
            let nginx = &nginx;
            scope.spawn(move || {
                for number in 0..REQUESTS / 3 {
                    nginx.get(&format!("/page/{client}/{number}"));
                }
            });
        }
    });
    nginx.end(libc::SIGQUIT);
    let consumed = cluster.peer(
        &["consume", &(REQUESTS + 1).to_string(), &topic],
        String::new(),
    );
    let (reads, _) = parse_consumed(&consumed);
    let mut pages: Vec<String> = reads[1..]
        .iter()
        .map(|read| {
            // Two of them, names and values in hex.
            assert_eq!(read.record.headers.split(",").count(), 2, "{read:?}");
            read.record.value.clone()
        })
        .collect();
    pages.sort();
    pages.dedup();
    assert_eq!(pages.len(), REQUESTS);
}

/// The first nginx snippet of the document.
#[test]
fn the_document_begins_with_what_works() {
    let text = fs::read_to_string(root().join("docs/OPENRESTY.md")).unwrap();
    let (_, rest) = text.split_once("```nginx\nhttp {\n").expect("a snippet");
    let (http, rest) = rest.split_once("    server {\n").expect("a server");
    let (server, _) = rest.split_once("    }\n}\n```").expect("its end");
    let cluster = Cluster::any();
    let topic = cluster.topic("orders", 1);
    let own = |text: &str| {
        text.replace("broker:9092", &cluster.brokers)
            .replace("\"orders\"", &format!("\"{topic}\""))
    };
    let (http, server) = (own(http), own(server));
    let conf = Conf {
        main: "",
        http: &http,
        server: &server,
    };
    let nginx = Nginx::start(&cluster, &topic, conf);
    assert_eq!(nginx.get("/order?number=1"), "0:0");
    assert_eq!(nginx.get("/order?number=2"), "0:1");
}
