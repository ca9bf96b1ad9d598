//! Defects while brokers answer late or not at all.

use crate::known::invariants;
use crate::scenario::in_lua;

invariants! {
    fn an_idempotent_producer_that_lingers_for_longer_than_answers_take_rests() {
        in_lua("faults", "idempotent_producer")
    }

    fn a_transactional_producer_that_lingers_for_longer_than_answers_take_rests() {
        in_lua("faults", "transactional_producer")
    }

    fn a_consumer_closed_in_an_outage_rests() {
        in_lua("faults", "consumer_closed_in_outage")
    }

    fn a_consumer_closed_while_it_commits_rests() {
        in_lua("faults", "consumer_closed_while_it_commits")
    }

    fn a_consumer_begins_once_its_coordinator_is_ready() {
        in_lua("faults", "committed_offsets_too_early")
    }

    fn a_seek_is_not_undone_by_an_earlier_one() {
        in_lua("faults", "seek_behind_a_seek")
    }

    fn a_message_ages_from_its_call_on() {
        in_lua("faults", "age_of_a_buffered_message")
    }

    fn a_refused_connection_is_named_by_the_call_that_fails() {
        in_lua("causes", "refused")
    }

    fn an_unknown_host_is_named_by_the_call_that_fails() {
        in_lua("causes", "unresolvable")
    }
}
