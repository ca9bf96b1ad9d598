//! `kafka_admin`.

use std::ffi::c_char;
use std::ops::Deref;
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, string, take_back};
use super::client::{kafka_client, HasClient};
use super::conf::{given, kafka_conf};
use super::error::kafka_error;
use super::future::{kafka_future, nothing, optional_result, result, value_to};
use super::handle::{Close, Handle};
use super::value::kafka_value;
use crate::client::verbs::{self, Verb};
use crate::client::{Admin, Client, Outcome, Result};

/// An admin client. Every call may be made from any thread, also several at once: calls
/// do not wait for each other.
///
/// All its calls work alike. What is asked for is a value, and checked before anything is
/// sent: what cannot be used gives KAFKA_ERR_INVALID_ARGUMENT, and the text names the place,
/// as in "topics[2].partitions: an integer is needed, not a text" (items are counted from 1).
/// options: a map; NULL for none. Both are read during the call only. timeout_ms: for the
/// whole of it; -1 for an hour. result: where the new value goes; free it with kafka_value_free;
/// NULL if it is not needed. future: see kafka_future and kafka_future_value. Where the result is a
/// map by names, each has ok (a boolean), and if that is false err (a text) and code. A
/// call fails as a whole with KAFKA_ERR_TIMED_OUT, KAFKA_ERR_CLOSED if the admin client is
/// closed meanwhile, KAFKA_ERR_UNSUPPORTED_FEATURE if the brokers do not know it, or a
/// broker's refusal of all of it.
pub struct kafka_admin {
    handle: Arc<Handle<Admin>>,
}

impl kafka_admin {
    fn made_by(make: impl FnOnce() -> Result<Admin>) -> Result<Self> {
        let handle = Arc::new(Handle::made_by(make)?);
        Ok(Self { handle })
    }
}

impl HasClient for Admin {
    fn client(&self) -> impl Deref<Target = Client> + '_ {
        Admin::client(self)
    }
}

impl Close for Admin {
    type Outcome = ();

    fn wake_for_close(&self) {
        Admin::wake_for_close(self);
    }

    fn finish(&self, _: i32) {}
}

/// Starts an admin client. It connects in the background.
///
/// brokers: "host:port,host:port". conf: copied; NULL for librdkafka's defaults.
/// admin: where the new object goes; free it with kafka_admin_free. future: see kafka_future and
/// kafka_future_admin; for a caller that must not lose a moment: starting librdkafka's threads takes some hundred
/// microseconds, and reading the certificates of all authorities that a system trusts, many milliseconds.
/// Returns 0; KAFKA_ERR_INVALID_ARGUMENT, with "invalid broker list" if none of the
/// brokers can be used; KAFKA_ERR_INVALID_CONFIG if properties contradict each other.
/// Never waits for a broker.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_new(
    brokers: *const c_char,
    conf: *const kafka_conf,
    admin: *mut *mut kafka_admin,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let Some(place) = result(admin, future, "admin")? else {
            return kafka_future::make(future, brokers, conf, Admin::new);
        };
        let brokers = string(brokers, "brokers")?;
        place.hand_over(kafka_admin::made_by(|| Admin::new(brokers, &given(conf)))?);
        Ok(())
    })
}

/// Takes the admin client that a future has for a result.
///
/// admin: where the object goes; free it with kafka_admin_free. Returns 0; as kafka_future_wait, where the future is not
/// complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else, or has been taken. One that is not taken is
/// closed when the future is freed. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_admin(
    future: *const kafka_future,
    admin: *mut *mut kafka_admin,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = output(admin, "admin")?;
        let made = reference(future, "future")?.made("admin")?;
        place.hand_over(kafka_admin::made_by(|| Ok(made))?);
        Ok(())
    })
}

/// The admin client as what it has in common with every client.
///
/// client: where the new object goes; free it with kafka_client_free, before or after the admin client. Returns 0;
/// KAFKA_ERR_CLOSED. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_client(
    admin: *mut kafka_admin,
    client: *mut *mut kafka_client,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        kafka_client::hand_over(client, &reference(admin, "admin")?.handle)
    })
}

#[allow(clippy::too_many_arguments)]
unsafe fn start(
    admin: *mut kafka_admin,
    verb: Verb,
    items: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let admin = reference(admin, "admin")?.handle.enter()?;
        let place = optional_result(result, future, "result")?;
        let items = items.as_ref().map(|items| &items.0);
        let options = options.as_ref().map(|options| &options.0);
        let started = admin.request(verb, items, options, timeout_ms)?;
        kafka_future::answer(future, started, value_to(place))
    })
}

/// Makes topics.
///
/// topics: a list of maps: topic; partitions and replication, or what the brokers have for a
/// default; assignment (in place of replication: for each partition a list of broker ids);
/// config (properties by name). options: validate_only. Result: topics by name. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_create_topics(
    admin: *mut kafka_admin,
    topics: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::create_topics;
    start(
        admin, verb, topics, options, timeout_ms, result, future, err,
    )
}

/// Deletes topics.
///
/// topics: a list of names. Result: topics by name. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_delete_topics(
    admin: *mut kafka_admin,
    topics: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::delete_topics;
    start(
        admin, verb, topics, options, timeout_ms, result, future, err,
    )
}

/// Adds partitions to topics.
///
/// topics: a list of maps: topic, partitions (how many there shall be), assignment (for each
/// new partition a list of broker ids). options: validate_only. Result: topics by name. Blocks
/// up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_create_partitions(
    admin: *mut kafka_admin,
    topics: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::create_partitions;
    start(
        admin, verb, topics, options, timeout_ms, result, future, err,
    )
}

/// Describes topics.
///
/// topics: a list of names. options: include_authorized_operations. Result: topics by name:
/// topic_id, is_internal, partitions (a list of partition, leader, replicas, isr; brokers by
/// their ids, -1 for none), authorized_operations. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_describe_topics(
    admin: *mut kafka_admin,
    topics: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::describe_topics;
    start(
        admin, verb, topics, options, timeout_ms, result, future, err,
    )
}

/// Describes the cluster.
///
/// options: include_authorized_operations. Result: a map: cluster_id, controller (a broker's
/// id), brokers (a list of id, host, port, rack), authorized_operations. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_describe_cluster(
    admin: *mut kafka_admin,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::describe_cluster;
    start(
        admin,
        verb,
        std::ptr::null(),
        options,
        timeout_ms,
        result,
        future,
        err,
    )
}

/// Reads the configuration of topics, brokers and groups.
///
/// resources: a list of maps: type ("topic", "broker", "group"), name (of a broker its id).
/// Result: resources by name: type, configs (by name: value, source, is_default,
/// is_read_only, is_sensitive, synonyms). Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_describe_configs(
    admin: *mut kafka_admin,
    resources: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::describe_configs;
    start(
        admin, verb, resources, options, timeout_ms, result, future, err,
    )
}

/// Changes single properties of topics, brokers and groups, and leaves the others alone.
///
/// resources: a list of maps: type and name as for kafka_admin_describe_configs; set, append,
/// subtract (values by name), delete (a list of names, back to their defaults). options:
/// validate_only. Result: resources by name: type. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_incremental_alter_configs(
    admin: *mut kafka_admin,
    resources: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::incremental_alter_configs;
    start(
        admin, verb, resources, options, timeout_ms, result, future, err,
    )
}

/// Lists the groups of all brokers.
///
/// options: states, types (lists of names, to list no others). Result: groups by id: state,
/// type, is_simple (it has offsets and never had members). It fails where a broker does not
/// list its groups. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_list_groups(
    admin: *mut kafka_admin,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::list_groups;
    start(
        admin,
        verb,
        std::ptr::null(),
        options,
        timeout_ms,
        result,
        future,
        err,
    )
}

/// Describes groups.
///
/// groups: a list of ids. options: include_authorized_operations. Result: groups by id: state,
/// type, protocol (the assignor), is_simple, coordinator (id, host, port, rack), members (a
/// list of member_id, group_instance_id, client_id, host, assignment), authorized_operations.
/// A group that does not exist fails with KAFKA_ERR_GROUP_ID_NOT_FOUND. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_describe_groups(
    admin: *mut kafka_admin,
    groups: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::describe_groups;
    start(
        admin, verb, groups, options, timeout_ms, result, future, err,
    )
}

/// Deletes groups that have no members.
///
/// groups: a list of ids. Result: groups by id. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_delete_groups(
    admin: *mut kafka_admin,
    groups: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::delete_groups;
    start(
        admin, verb, groups, options, timeout_ms, result, future, err,
    )
}

/// Reads what groups have committed.
///
/// groups: a list of maps: group, partitions (a list of topic, partition; all without it).
/// options: require_stable_offsets. Result: groups by id: offsets (a list of topic, partition,
/// offset, leader_epoch, metadata, err, code; offset is KAFKA_OFFSET_INVALID where there is
/// none). If one of the offsets failed, ok is false, and err and code are those of the first.
/// Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_list_group_offsets(
    admin: *mut kafka_admin,
    groups: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::list_group_offsets;
    start(
        admin, verb, groups, options, timeout_ms, result, future, err,
    )
}

/// Commits offsets for groups that have no members.
///
/// groups: a list of maps: group, offsets (a list of topic, partition, offset, metadata).
/// Result: groups by id: offsets, as for kafka_admin_list_group_offsets. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_alter_group_offsets(
    admin: *mut kafka_admin,
    groups: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::alter_group_offsets;
    start(
        admin, verb, groups, options, timeout_ms, result, future, err,
    )
}

/// Makes groups forget what they have committed.
///
/// groups: a list of maps: group, partitions (a list of topic, partition). Result: groups by
/// id: offsets, as for kafka_admin_list_group_offsets. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_delete_group_offsets(
    admin: *mut kafka_admin,
    groups: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::delete_group_offsets;
    start(
        admin, verb, groups, options, timeout_ms, result, future, err,
    )
}

/// Finds offsets of partitions.
///
/// partitions: a list of maps: topic, partition, and offset (KAFKA_OFFSET_BEGINNING or
/// "earliest", KAFKA_OFFSET_END or "latest", "max_timestamp") or timestamp (the first message of
/// that time or later, in milliseconds since 1970-01-01 UTC). options: isolation_level ("read_uncommitted", "read_committed").
/// Result: partitions by "topic:partition": topic, partition, offset, timestamp. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_list_offsets(
    admin: *mut kafka_admin,
    partitions: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::list_offsets;
    start(
        admin, verb, partitions, options, timeout_ms, result, future, err,
    )
}

/// Deletes the records before an offset.
///
/// partitions: a list of maps: topic, partition, offset (-1 for the end). Result: partitions
/// by "topic:partition": topic, partition, low_watermark. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_delete_records(
    admin: *mut kafka_admin,
    partitions: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::delete_records;
    start(
        admin, verb, partitions, options, timeout_ms, result, future, err,
    )
}

/// Has the leaders of partitions elected.
///
/// partitions: a list of maps: topic, partition; NULL for all. options: type ("preferred",
/// which is the default, or "unclean"). Result: partitions by "topic:partition": topic,
/// partition. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_elect_leaders(
    admin: *mut kafka_admin,
    partitions: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::elect_leaders;
    start(
        admin, verb, partitions, options, timeout_ms, result, future, err,
    )
}

/// Adds entries to the access control lists.
///
/// acls: a list of maps: type ("topic", "group", "cluster", "transactional_id"), name, pattern
/// ("literal", which is the default, or "prefixed"), principal ("User:x"), host ("*" is the
/// default), operation ("read", "write", ...), permission ("allow", "deny"). Result: a list of
/// outcomes, in the order of acls. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_create_acls(
    admin: *mut kafka_admin,
    acls: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::create_acls;
    start(admin, verb, acls, options, timeout_ms, result, future, err)
}

/// Finds entries of the access control lists.
///
/// filter: a map as for kafka_admin_create_acls; what is not in it may be anything; pattern
/// may also be "match". NULL for all. Result: a list of entries. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_describe_acls(
    admin: *mut kafka_admin,
    filter: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::describe_acls;
    start(
        admin, verb, filter, options, timeout_ms, result, future, err,
    )
}

/// Removes entries from the access control lists.
///
/// filters: a list of maps as for kafka_admin_describe_acls. Result: a list of outcomes, in
/// the order of filters, with acls, the entries that were removed. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_delete_acls(
    admin: *mut kafka_admin,
    filters: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::delete_acls;
    start(
        admin, verb, filters, options, timeout_ms, result, future, err,
    )
}

/// Reads which SCRAM credentials users have.
///
/// users: a list of names; NULL or empty for all. Result: users by name: credentials (a list
/// of mechanism, iterations). Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_describe_user_scram_credentials(
    admin: *mut kafka_admin,
    users: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::describe_user_scram_credentials;
    start(admin, verb, users, options, timeout_ms, result, future, err)
}

/// Sets and deletes SCRAM credentials.
///
/// alterations: a list of maps: user, mechanism ("SCRAM-SHA-256", "SCRAM-SHA-512"), and
/// password, iterations (4096 is the default), salt (random without it), or delete (true).
/// Result: users by name. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_alter_user_scram_credentials(
    admin: *mut kafka_admin,
    alterations: *const kafka_value,
    options: *const kafka_value,
    timeout_ms: i32,
    result: *mut *mut kafka_value,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    let verb = verbs::alter_user_scram_credentials;
    start(
        admin,
        verb,
        alterations,
        options,
        timeout_ms,
        result,
        future,
        err,
    )
}

/// Ends the admin client. Calls under way fail with KAFKA_ERR_CLOSED; what a broker has
/// been asked it may do even so.
///
/// future: see kafka_future; the admin client may be freed before it is complete. Returns 0, also if it was closed before.
/// Blocks up to 1 s, where name servers do not answer, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_close(
    admin: *mut kafka_admin,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(admin, "admin")?.handle;
        kafka_future::close(future, handle, 0, |()| Ok(Outcome::Nothing), nothing)
    })
}

/// Frees an admin client. One that is open is closed by a thread of the library. Its futures may be freed before or after.
/// No call on it may be under way. In a forked child it does nothing. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_admin_free(admin: *mut kafka_admin) {
    guarded_void(|| {
        if let Some(admin) = take_back(admin) {
            Handle::free(admin.handle, 0, drop);
        }
    });
}
