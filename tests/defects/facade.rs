//! Defects of kafka.resty, which has lua-resty-kafka's API: what users of that library meet.

use std::time::Duration;

use crate::known::invariants;
use crate::old_broker;
use crate::worker::{in_nginx, in_nginx_before};

invariants! {
    fn what_was_never_sent_is_retryable() {
        in_nginx("facade", "retryable_unsent")
    }

    fn tls_to_a_plain_port_says_so() {
        in_nginx("facade", "tls_to_a_plain_port")
    }

    fn offsets_are_text_as_lua_resty_kafkas_are() {
        in_nginx("facade", "offsets_are_text")
    }

    fn a_client_asks_its_own_resolver() {
        in_nginx("facade", "own_resolver")
    }

    fn a_timer_that_polls_keeps_up() {
        in_nginx("facade", "polled_by_a_timer")
    }

    fn a_flush_does_not_wait_for_what_is_sent_behind_it() {
        in_nginx("facade", "flush_ends")
    }

    fn messages_linger_behind_a_flush() {
        in_nginx("facade", "lingers_behind_flush")
    }

    fn messages_linger_behind_a_produce_sync() {
        in_nginx("facade", "lingers_behind_produce_sync")
    }

    fn two_routes_keep_their_clients() {
        in_nginx("facade", "two_routes")
    }

    fn the_clients_name_reaches_the_broker() {
        let (brokers, clients) = old_broker::start();
        in_nginx_before(&brokers, "facade", "client_id")?;
        let name = clients.recv_timeout(Duration::from_secs(5)).expect("a request");
        match name.as_str() {
            "teller" => Ok(()),
            name => Err(format!("client_id = \"teller\" is \"{name}\" to the broker")),
        }
    }

    fn a_client_takes_the_credentials_of_its_broker_list() {
        in_nginx("facade", "client_sasl_config")
    }
}
