//! Defects of the Lua shim and of the C interface under it, most of them inside nginx.

use crate::known::invariants;
use crate::scenario::{in_c, in_lua};
use crate::worker::{in_nginx, in_nginx_with};
use harness::{ended, program, root, LIMIT};

/// No socket can be made there.
const NO_TMPDIR: &str = "env TMPDIR=/proc;";

invariants! {
    fn metadata_ends_when_its_client_closes() {
        in_nginx("nginx", "metadata_closed_under")
    }

    fn an_admin_request_ends_when_its_client_closes() {
        in_nginx("nginx", "admin_closed_under")
    }

    fn watermarks_end_when_their_consumer_closes() {
        in_nginx("nginx", "watermarks_closed_under")
    }

    fn a_request_ends_when_its_client_is_replaced() {
        in_nginx("nginx", "replaced_under")
    }

    fn poll_tells_of_its_own_producer_only() {
        in_nginx("nginx", "poll_of_another")
    }

    fn a_killed_flush_of_the_facade_leaves_nothing_unsent() {
        in_nginx("nginx", "killed_facade_flush")
    }

    fn a_killed_close_of_a_producer_goes_on() {
        in_nginx("nginx", "killed_producer_close")
    }

    fn a_killed_close_of_a_consumer_goes_on() {
        in_nginx("nginx", "killed_consumer_close")
    }

    fn a_close_that_throws_may_be_repeated() {
        in_nginx("nginx", "thrown_close")
    }

    fn a_killed_rebalance_is_answered() {
        in_nginx("nginx", "killed_rebalance")
    }

    fn each_configuration_has_one_object() {
        in_nginx("facade", "two_configurations")
    }

    fn waiting_calls_wake_at_once_without_a_socket() {
        in_nginx_with(NO_TMPDIR, "nginx", "late_wakes")
    }

    fn a_message_that_waits_for_room_ends_when_its_producer_closes() {
        in_nginx("nginx", "produce_closed_under")
    }

    fn a_message_that_waits_for_room_ends_when_its_producer_closes_without_a_socket() {
        in_nginx_with(NO_TMPDIR, "nginx", "produce_closed_under")
    }

    fn killed_fetches_leave_no_threads() {
        in_nginx("nginx", "killed_fetches")
    }

    fn calls_wait_in_every_phase_that_yields() {
        in_nginx("nginx", "phases")
    }

    fn a_shared_number_is_read_anew_each_time() {
        in_c("client", "event_is_seen_in_place")
    }

    fn nothing_needs_no_array() {
        in_c("misuse", "empty_arrays")
    }

    fn a_reserved_field_is_zero() {
        in_c("misuse", "reserved_fields")
    }

    fn the_header_is_cpp98() {
        let mut command = program("g++");
        command
            .args(["-std=c++98", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wno-long-long"])
            .args(["-fsyntax-only", "-x", "c++"])
            .arg(root().join("include/kafka.h"));
        let ended = ended(&mut command, LIMIT);
        let said = ended.said();
        match (ended.status.success(), said.split_once("error: ")) {
            (true, None) => Ok(()),
            (false, Some((_, how))) => Err(how.to_owned()),
            _ => panic!("{command:?}: {}\n{said}", ended.status),
        }
    }

    fn a_count_is_never_negative() {
        in_lua("misuse", "counts")
    }

    fn a_time_is_a_number_from_0() {
        in_lua("misuse", "times")
    }

    fn a_list_has_no_holes() {
        in_lua("misuse", "holes")
    }

    fn a_sequence_id_comes_back_as_it_was_sent_or_is_refused() {
        in_lua("misuse", "sequence_ids")
    }

    fn an_offset_may_be_an_int64() {
        in_lua("misuse", "int64_offsets")
    }
}
