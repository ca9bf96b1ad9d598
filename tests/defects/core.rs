//! Defects of the core, shown by C programs.

use std::time::Duration;

use crate::known::invariants;
use crate::old_broker;
use crate::scenario::{in_c, of_c, verdict};
use harness::toolchain::{Language, Library};
use harness::{built, ended, program, run};

invariants! {
    fn what_is_sent_after_a_purge_is_not_purged() {
        in_c("producer", "purge_and_send")
    }

    fn what_is_sent_without_a_report_after_a_purge_is_not_purged() {
        in_c("producer", "purge_and_send_unreported")
    }

    fn a_purge_that_has_returned_takes_nothing_more() {
        in_c("producer", "purge_nothing_and_send")
    }

    fn a_flush_does_not_linger() {
        in_c("producer", "flush_at_once")
    }

    fn a_close_does_not_linger() {
        in_c("producer", "close_loses_nothing")
    }

    fn a_message_that_is_too_large_blocks_no_other() {
        in_c("producer", "large_blocks_none")
    }

    fn what_close_has_lost_is_a_count() {
        in_c("producer", "lost_is_a_count")
    }

    fn an_absurd_size_is_refused() {
        in_c("producer", "absurd_buffer_memory")
    }

    fn init_transactions_uses_the_time_it_is_given() {
        in_c("transaction", "init_has_its_time")
    }

    fn send_offsets_to_transaction_uses_the_time_it_is_given() {
        in_c("transaction", "offsets_have_their_time")
    }

    fn a_commit_ends_where_its_connection_breaks() {
        in_c("consumer", "commit_ends")
    }

    fn group_metadata_returns_beside_leave() {
        in_c("consumer", "metadata_ends_beside_leave")
    }

    fn a_consumer_without_a_group_rests_while_it_waits() {
        in_c("consumer", "poll_rests_without_a_group")
    }

    fn a_consumer_without_a_group_has_its_events() {
        in_c("consumer", "events_come_without_a_group")
    }

    fn leave_ends_where_rebalances_are_not_awaited() {
        in_c("consumer", "leave_ends")
    }

    fn a_seek_that_cannot_begin_changes_nothing() {
        in_c("consumer", "seek_is_refused_without_a_thread")
    }

    fn partitions_deliver_when_they_are_resumed() {
        in_c("consumer", "partitions_deliver_when_resumed")
    }

    fn the_shared_library_has_a_number() {
        let library = built().join("libkafka.so");
        let dynamic = run(program("readelf").args(["-d", "-W"]).arg(library));
        let (_, name) = dynamic.split_once("soname: [").expect("a soname");
        match name.split_once(']').expect("a soname").0 {
            "libkafka.so.1" => Ok(()),
            name => Err(format!("the soname is {name}")),
        }
    }

    fn a_client_outlives_its_producer() {
        let build = of_c("client");
        let mut command = build.under_valgrind(false);
        let ended = ended(command.arg("client_is_closed"), Duration::from_secs(60));
        let said = ended.said();
        match (ended.status.code(), said.contains("Invalid read")) {
            (Some(0), false) => Ok(()),
            // Valgrind's own.
            (_, true) => Err("a client whose producer is freed is read from freed memory".to_owned()),
            _ => panic!("{}\n{said}", ended.status),
        }
    }

    fn cluster_id_ends_where_a_broker_tells_none() {
        let (brokers, _clients) = old_broker::start();
        let build = of_c("client");
        let mut command = build.command(Language::C11, Library::Shared);
        verdict(command.args(["cluster_id_ends", &brokers]))
    }
}
