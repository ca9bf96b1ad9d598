//! The admin API of `rdkafka_sys`, with error codes and whatever else a broker sends as a number
//! declared anew as plain integers; see [`crate::rd::sys`].

use libc::{c_char, c_int, c_void};

pub use rdkafka_sys::bindings::{
    rd_kafka_AclBinding_destroy, rd_kafka_AclBinding_error, rd_kafka_AclBinding_host,
    rd_kafka_AclBinding_name, rd_kafka_AclBinding_principal, rd_kafka_AclBinding_t,
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_set_include_authorized_operations,
    rd_kafka_AdminOptions_set_opaque, rd_kafka_AdminOptions_set_require_stable_offsets,
    rd_kafka_AdminOptions_t, rd_kafka_AlterConsumerGroupOffsets,
    rd_kafka_AlterConsumerGroupOffsets_destroy, rd_kafka_AlterConsumerGroupOffsets_new,
    rd_kafka_AlterConsumerGroupOffsets_result_groups, rd_kafka_AlterUserScramCredentials,
    rd_kafka_AlterUserScramCredentials_result_response_error,
    rd_kafka_AlterUserScramCredentials_result_response_user,
    rd_kafka_AlterUserScramCredentials_result_responses, rd_kafka_ConfigEntry_is_default,
    rd_kafka_ConfigEntry_is_read_only, rd_kafka_ConfigEntry_is_sensitive,
    rd_kafka_ConfigEntry_name, rd_kafka_ConfigEntry_synonyms, rd_kafka_ConfigEntry_t,
    rd_kafka_ConfigEntry_value, rd_kafka_ConfigResource_configs, rd_kafka_ConfigResource_destroy,
    rd_kafka_ConfigResource_error_string, rd_kafka_ConfigResource_name, rd_kafka_ConfigResource_t,
    rd_kafka_ConsumerGroupDescription_coordinator, rd_kafka_ConsumerGroupDescription_error,
    rd_kafka_ConsumerGroupDescription_group_id,
    rd_kafka_ConsumerGroupDescription_is_simple_consumer_group,
    rd_kafka_ConsumerGroupDescription_member, rd_kafka_ConsumerGroupDescription_member_count,
    rd_kafka_ConsumerGroupDescription_partition_assignor, rd_kafka_ConsumerGroupDescription_t,
    rd_kafka_ConsumerGroupListing_group_id, rd_kafka_ConsumerGroupListing_is_simple_consumer_group,
    rd_kafka_ConsumerGroupListing_t, rd_kafka_CreateAcls, rd_kafka_CreateAcls_result_acls,
    rd_kafka_CreatePartitions, rd_kafka_CreatePartitions_result_topics, rd_kafka_CreateTopics,
    rd_kafka_CreateTopics_result_topics, rd_kafka_DeleteAcls,
    rd_kafka_DeleteAcls_result_response_error, rd_kafka_DeleteAcls_result_response_matching_acls,
    rd_kafka_DeleteAcls_result_responses, rd_kafka_DeleteConsumerGroupOffsets,
    rd_kafka_DeleteConsumerGroupOffsets_destroy, rd_kafka_DeleteConsumerGroupOffsets_new,
    rd_kafka_DeleteConsumerGroupOffsets_result_groups, rd_kafka_DeleteGroup_destroy,
    rd_kafka_DeleteGroup_new, rd_kafka_DeleteGroups, rd_kafka_DeleteGroups_result_groups,
    rd_kafka_DeleteRecords, rd_kafka_DeleteRecords_destroy, rd_kafka_DeleteRecords_new,
    rd_kafka_DeleteRecords_result_offsets, rd_kafka_DeleteTopic_destroy, rd_kafka_DeleteTopic_new,
    rd_kafka_DeleteTopics, rd_kafka_DeleteTopics_result_topics, rd_kafka_DescribeAcls,
    rd_kafka_DescribeAcls_result_acls, rd_kafka_DescribeCluster,
    rd_kafka_DescribeCluster_result_cluster_id, rd_kafka_DescribeCluster_result_controller,
    rd_kafka_DescribeCluster_result_nodes, rd_kafka_DescribeConfigs,
    rd_kafka_DescribeConfigs_result_resources, rd_kafka_DescribeConsumerGroups,
    rd_kafka_DescribeConsumerGroups_result_groups, rd_kafka_DescribeTopics,
    rd_kafka_DescribeTopics_result_topics, rd_kafka_DescribeUserScramCredentials,
    rd_kafka_DescribeUserScramCredentials_result_descriptions, rd_kafka_ElectLeaders,
    rd_kafka_ElectLeaders_destroy, rd_kafka_ElectLeaders_result_partitions,
    rd_kafka_ElectLeaders_t, rd_kafka_IncrementalAlterConfigs,
    rd_kafka_IncrementalAlterConfigs_result_resources, rd_kafka_ListConsumerGroupOffsets,
    rd_kafka_ListConsumerGroupOffsets_destroy, rd_kafka_ListConsumerGroupOffsets_new,
    rd_kafka_ListConsumerGroupOffsets_result_groups, rd_kafka_ListConsumerGroups,
    rd_kafka_ListConsumerGroups_result_errors, rd_kafka_ListConsumerGroups_result_valid,
    rd_kafka_ListOffsets, rd_kafka_ListOffsetsResultInfo_t,
    rd_kafka_ListOffsetsResultInfo_timestamp, rd_kafka_ListOffsets_result_infos,
    rd_kafka_MemberAssignment_partitions, rd_kafka_MemberDescription_assignment,
    rd_kafka_MemberDescription_client_id, rd_kafka_MemberDescription_consumer_id,
    rd_kafka_MemberDescription_group_instance_id, rd_kafka_MemberDescription_host,
    rd_kafka_MemberDescription_t, rd_kafka_NewPartitions_destroy, rd_kafka_NewPartitions_new,
    rd_kafka_NewPartitions_t, rd_kafka_NewTopic_destroy, rd_kafka_NewTopic_new,
    rd_kafka_NewTopic_t, rd_kafka_Node_host, rd_kafka_Node_id, rd_kafka_Node_port,
    rd_kafka_Node_rack, rd_kafka_Node_t, rd_kafka_ScramCredentialInfo_iterations,
    rd_kafka_ScramCredentialInfo_t, rd_kafka_TopicCollection_destroy,
    rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_error,
    rd_kafka_TopicDescription_is_internal, rd_kafka_TopicDescription_name,
    rd_kafka_TopicDescription_partitions, rd_kafka_TopicDescription_t,
    rd_kafka_TopicDescription_topic_id, rd_kafka_TopicPartitionInfo_isr,
    rd_kafka_TopicPartitionInfo_leader, rd_kafka_TopicPartitionInfo_partition,
    rd_kafka_TopicPartitionInfo_replicas, rd_kafka_UserScramCredentialAlteration_destroy,
    rd_kafka_UserScramCredentialAlteration_t, rd_kafka_UserScramCredentialsDescription_error,
    rd_kafka_UserScramCredentialsDescription_scramcredentialinfo,
    rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count,
    rd_kafka_UserScramCredentialsDescription_t, rd_kafka_UserScramCredentialsDescription_user,
    rd_kafka_Uuid_base64str, rd_kafka_acl_result_error, rd_kafka_event_opaque,
    rd_kafka_group_result_error, rd_kafka_group_result_name, rd_kafka_group_result_partitions,
    rd_kafka_group_result_t, rd_kafka_topic_partition_result_error,
    rd_kafka_topic_partition_result_t, rd_kafka_topic_result_error_string,
    rd_kafka_topic_result_name, rd_kafka_topic_result_t,
};

pub use crate::rd::sys::*;

extern "C" {
    pub fn rd_kafka_AdminOptions_new(
        rk: *mut rd_kafka_t,
        for_api: c_int,
    ) -> *mut rd_kafka_AdminOptions_t;
    pub fn rd_kafka_AdminOptions_set_request_timeout(
        options: *mut rd_kafka_AdminOptions_t,
        timeout_ms: c_int,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> c_int;
    pub fn rd_kafka_AdminOptions_set_operation_timeout(
        options: *mut rd_kafka_AdminOptions_t,
        timeout_ms: c_int,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> c_int;
    pub fn rd_kafka_AdminOptions_set_validate_only(
        options: *mut rd_kafka_AdminOptions_t,
        true_or_false: c_int,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> c_int;
    pub fn rd_kafka_AdminOptions_set_match_consumer_group_states(
        options: *mut rd_kafka_AdminOptions_t,
        states: *const c_int,
        state_count: usize,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_AdminOptions_set_match_consumer_group_types(
        options: *mut rd_kafka_AdminOptions_t,
        types: *const c_int,
        type_count: usize,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_AdminOptions_set_isolation_level(
        options: *mut rd_kafka_AdminOptions_t,
        level: c_int,
    ) -> *mut rd_kafka_error_t;

    pub fn rd_kafka_NewTopic_set_config(
        new_topic: *mut rd_kafka_NewTopic_t,
        name: *const c_char,
        value: *const c_char,
    ) -> c_int;
    pub fn rd_kafka_NewTopic_set_replica_assignment(
        new_topic: *mut rd_kafka_NewTopic_t,
        partition: i32,
        broker_ids: *mut i32,
        broker_id_count: usize,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> c_int;
    pub fn rd_kafka_NewPartitions_set_replica_assignment(
        new_partitions: *mut rd_kafka_NewPartitions_t,
        new_partition_index: i32,
        broker_ids: *mut i32,
        broker_id_count: usize,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> c_int;
    pub fn rd_kafka_topic_result_error(result: *const rd_kafka_topic_result_t) -> c_int;
    pub fn rd_kafka_TopicDescription_authorized_operations(
        topic: *const rd_kafka_TopicDescription_t,
        count: *mut usize,
    ) -> *const c_int;
    pub fn rd_kafka_DescribeCluster_result_authorized_operations(
        result: *const rd_kafka_event_t,
        count: *mut usize,
    ) -> *const c_int;

    pub fn rd_kafka_ConfigResource_new(
        resource_type: c_int,
        name: *const c_char,
    ) -> *mut rd_kafka_ConfigResource_t;
    pub fn rd_kafka_ConfigResource_add_incremental_config(
        resource: *mut rd_kafka_ConfigResource_t,
        name: *const c_char,
        operation: c_int,
        value: *const c_char,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_ConfigResource_type(resource: *const rd_kafka_ConfigResource_t) -> c_int;
    pub fn rd_kafka_ConfigResource_error(resource: *const rd_kafka_ConfigResource_t) -> c_int;
    pub fn rd_kafka_ConfigEntry_source(entry: *const rd_kafka_ConfigEntry_t) -> c_int;

    pub fn rd_kafka_ConsumerGroupListing_state(
        group: *const rd_kafka_ConsumerGroupListing_t,
    ) -> c_int;
    pub fn rd_kafka_ConsumerGroupListing_type(
        group: *const rd_kafka_ConsumerGroupListing_t,
    ) -> c_int;
    pub fn rd_kafka_ConsumerGroupDescription_state(
        group: *const rd_kafka_ConsumerGroupDescription_t,
    ) -> c_int;
    pub fn rd_kafka_ConsumerGroupDescription_type(
        group: *const rd_kafka_ConsumerGroupDescription_t,
    ) -> c_int;
    pub fn rd_kafka_ConsumerGroupDescription_authorized_operations(
        group: *const rd_kafka_ConsumerGroupDescription_t,
        count: *mut usize,
    ) -> *const c_int;

    pub fn rd_kafka_ListOffsetsResultInfo_topic_partition(
        info: *const rd_kafka_ListOffsetsResultInfo_t,
    ) -> *const rd_kafka_topic_partition_t;
    pub fn rd_kafka_topic_partition_result_partition(
        result: *const rd_kafka_topic_partition_result_t,
    ) -> *const rd_kafka_topic_partition_t;
    pub fn rd_kafka_ElectLeaders_new(
        election_type: c_int,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> *mut rd_kafka_ElectLeaders_t;

    pub fn rd_kafka_AclBinding_new(
        resource_type: c_int,
        name: *const c_char,
        pattern_type: c_int,
        principal: *const c_char,
        host: *const c_char,
        operation: c_int,
        permission_type: c_int,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> *mut rd_kafka_AclBinding_t;
    pub fn rd_kafka_AclBindingFilter_new(
        resource_type: c_int,
        name: *const c_char,
        pattern_type: c_int,
        principal: *const c_char,
        host: *const c_char,
        operation: c_int,
        permission_type: c_int,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> *mut rd_kafka_AclBinding_t;
    pub fn rd_kafka_AclBinding_restype(acl: *const rd_kafka_AclBinding_t) -> c_int;
    pub fn rd_kafka_AclBinding_operation(acl: *const rd_kafka_AclBinding_t) -> c_int;
    pub fn rd_kafka_AclBinding_permission_type(acl: *const rd_kafka_AclBinding_t) -> c_int;
    pub fn rd_kafka_AclBinding_resource_pattern_type(acl: *const rd_kafka_AclBinding_t) -> c_int;

    pub fn rd_kafka_ScramCredentialInfo_mechanism(
        info: *const rd_kafka_ScramCredentialInfo_t,
    ) -> c_int;
    pub fn rd_kafka_UserScramCredentialUpsertion_new(
        user: *const c_char,
        mechanism: c_int,
        iterations: i32,
        password: *const c_void,
        password_size: usize,
        salt: *const c_void,
        salt_size: usize,
    ) -> *mut rd_kafka_UserScramCredentialAlteration_t;
    pub fn rd_kafka_UserScramCredentialDeletion_new(
        user: *const c_char,
        mechanism: c_int,
    ) -> *mut rd_kafka_UserScramCredentialAlteration_t;
}

/// `rd_kafka_admin_op_t`.
pub mod op {
    use libc::c_int;

    pub const CREATE_TOPICS: c_int = 1;
    pub const DELETE_TOPICS: c_int = 2;
    pub const CREATE_PARTITIONS: c_int = 3;
    pub const DESCRIBE_CONFIGS: c_int = 5;
    pub const DELETE_RECORDS: c_int = 6;
    pub const DELETE_GROUPS: c_int = 7;
    pub const DELETE_GROUP_OFFSETS: c_int = 8;
    pub const CREATE_ACLS: c_int = 9;
    pub const DESCRIBE_ACLS: c_int = 10;
    pub const DELETE_ACLS: c_int = 11;
    pub const LIST_GROUPS: c_int = 12;
    pub const DESCRIBE_GROUPS: c_int = 13;
    pub const LIST_GROUP_OFFSETS: c_int = 14;
    pub const ALTER_GROUP_OFFSETS: c_int = 15;
    pub const INCREMENTAL_ALTER_CONFIGS: c_int = 16;
    pub const DESCRIBE_SCRAM: c_int = 17;
    pub const ALTER_SCRAM: c_int = 18;
    pub const DESCRIBE_TOPICS: c_int = 19;
    pub const DESCRIBE_CLUSTER: c_int = 20;
    pub const LIST_OFFSETS: c_int = 21;
    pub const ELECT_LEADERS: c_int = 22;
}

const _: () = {
    use rdkafka_sys::bindings::rd_kafka_admin_op_t as theirs;
    assert!(op::ELECT_LEADERS == theirs::RD_KAFKA_ADMIN_OP_ELECTLEADERS as c_int);
    assert!(op::DESCRIBE_CLUSTER == theirs::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER as c_int);
    assert!(op::LIST_GROUPS == theirs::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS as c_int);
    assert!(op::DELETE_RECORDS == theirs::RD_KAFKA_ADMIN_OP_DELETERECORDS as c_int);
    assert!(op::CREATE_TOPICS == theirs::RD_KAFKA_ADMIN_OP_CREATETOPICS as c_int);
};
