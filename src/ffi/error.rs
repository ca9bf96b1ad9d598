//! `kafka_error` and the codes.

use std::ffi::{c_char, CStr};

use crate::client::{Code, Error, Meaning};

/// Room for an error's text, terminator included.
pub const KAFKA_ERROR_MESSAGE_SIZE: usize = 512;

/// What went wrong. The caller owns it, on the stack if it likes; a function
/// that takes one fills it in when it fails and leaves it alone when it succeeds.
#[repr(C)]
pub struct kafka_error {
    /// What the function returned: one of enum kafka_err, or a number of a newer broker's.
    pub code: i32,
    /// 1: trying again may help.
    pub retriable: u8,
    /// 1: the client cannot go on; close it.
    pub fatal: u8,
    /// 1: the transaction must be aborted.
    pub txn_requires_abort: u8,
    /// Always 0.
    pub reserved: u8,
    /// For people, NUL-terminated, UTF-8, cut off where it is too long.
    pub message: [c_char; KAFKA_ERROR_MESSAGE_SIZE],
}

impl Default for kafka_error {
    fn default() -> Self {
        Self {
            code: 0,
            retriable: 0,
            fatal: 0,
            txn_requires_abort: 0,
            reserved: 0,
            message: [0; KAFKA_ERROR_MESSAGE_SIZE],
        }
    }
}

impl kafka_error {
    /// Copies an error in.
    #[cold]
    pub(super) fn fill(&mut self, error: &Error) {
        self.code = error.code;
        self.retriable = error.retriable.into();
        self.fatal = error.fatal.into();
        self.txn_requires_abort = error.txn_requires_abort.into();
        self.reserved = 0;
        let mut end = error.message.len().min(KAFKA_ERROR_MESSAGE_SIZE - 1);
        while !error.message.is_char_boundary(end) {
            end -= 1;
        }
        let text = error.message.as_bytes()[..end].iter().chain(&[0]);
        for (to, from) in self.message.iter_mut().zip(text) {
            *to = *from as c_char;
        }
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        let bytes: Vec<u8> = self.message.iter().map(|&c| c as u8).collect();
        CStr::from_bytes_until_nul(&bytes)
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }
}

/// What a function returns: 0, one of librdkafka's numbers, or one of ours, at or
/// below -1000. Brokers newer than this list may send others.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum kafka_err {
    /// An argument cannot be used; the message names it.
    InvalidArgument = -1000,
    /// A bug of this library's was caught at its boundary.
    Panic = -1001,
    /// The object was made before this process was forked; make a new one here.
    Forked = -1002,
    /// The object is closed.
    Closed = -1003,
    /// The caller was built for another version of this interface.
    AbiMismatch = -1004,
    /// An event is waiting that the caller asked for; see kafka_conf_set_events.
    Event = -1005,
    /// A call would have to wait where it must not: Lua's in a phase of nginx that cannot yield.
    WouldBlock = -1006,
    /// The caller has canceled the call, with kafka_future_cancel.
    Canceled = -1007,
    /// Local: Bad message format.
    BadMsg = -199,
    /// Local: Invalid compressed data.
    BadCompression = -198,
    /// Local: Broker handle destroyed for termination.
    Destroy = -197,
    /// Local: Communication failure with broker.
    Fail = -196,
    /// Local: Broker transport failure.
    Transport = -195,
    /// Local: Critical system resource failure.
    CritSysResource = -194,
    /// Local: Host resolution failure.
    Resolve = -193,
    /// Local: Message timed out.
    MsgTimedOut = -192,
    /// Broker: No more messages.
    PartitionEof = -191,
    /// Local: Unknown partition.
    UnknownPartition = -190,
    /// Local: File or filesystem error.
    Fs = -189,
    /// Local: Unknown topic.
    UnknownTopic = -188,
    /// Local: All broker connections are down.
    AllBrokersDown = -187,
    /// Local: Invalid argument or configuration.
    InvalidArg = -186,
    /// Local: Timed out.
    TimedOut = -185,
    /// Local: Queue full.
    QueueFull = -184,
    /// Local: ISR count insufficient.
    IsrInsuff = -183,
    /// Local: Broker node update.
    NodeUpdate = -182,
    /// Local: SSL error.
    Ssl = -181,
    /// Local: Waiting for coordinator.
    WaitCoord = -180,
    /// Local: Unknown group.
    UnknownGroup = -179,
    /// Local: Operation in progress.
    InProgress = -178,
    /// Local: Previous operation in progress.
    PrevInProgress = -177,
    /// Local: Existing subscription.
    ExistingSubscription = -176,
    /// Local: Assign partitions.
    AssignPartitions = -175,
    /// Local: Revoke partitions.
    RevokePartitions = -174,
    /// Local: Conflicting use.
    Conflict = -173,
    /// Local: Erroneous state.
    State = -172,
    /// Local: Unknown protocol.
    UnknownProtocol = -171,
    /// Local: Not implemented.
    NotImplemented = -170,
    /// Local: Authentication failure.
    Authentication = -169,
    /// Local: No offset stored.
    NoOffset = -168,
    /// Local: Outdated.
    Outdated = -167,
    /// Local: Timed out in queue.
    TimedOutQueue = -166,
    /// Local: Required feature not supported by broker.
    UnsupportedFeature = -165,
    /// Local: Awaiting cache update.
    WaitCache = -164,
    /// Local: Operation interrupted.
    Intr = -163,
    /// Local: Key serialization error.
    KeySerialization = -162,
    /// Local: Value serialization error.
    ValueSerialization = -161,
    /// Local: Key deserialization error.
    KeyDeserialization = -160,
    /// Local: Value deserialization error.
    ValueDeserialization = -159,
    /// Local: Partial response.
    Partial = -158,
    /// Local: Read-only object.
    ReadOnly = -157,
    /// Local: No such entry.
    Noent = -156,
    /// Local: Read underflow.
    Underflow = -155,
    /// Local: Invalid type.
    InvalidType = -154,
    /// Local: Retry operation.
    Retry = -153,
    /// Local: Purged in queue.
    PurgeQueue = -152,
    /// Local: Purged in flight.
    PurgeInflight = -151,
    /// Local: Fatal error.
    Fatal = -150,
    /// Local: Inconsistent state.
    Inconsistent = -149,
    /// Local: Gap-less ordering would not be guaranteed if proceeding.
    GaplessGuarantee = -148,
    /// Local: Maximum application poll interval (max.poll.interval.ms) exceeded.
    MaxPollExceeded = -147,
    /// Local: Unknown broker.
    UnknownBroker = -146,
    /// Local: Functionality not configured.
    NotConfigured = -145,
    /// Local: This instance has been fenced by a newer instance.
    Fenced = -144,
    /// Local: Application generated error.
    Application = -143,
    /// Local: Group partition assignment lost.
    AssignmentLost = -142,
    /// Local: No operation performed.
    Noop = -141,
    /// Local: No offset to automatically reset to.
    AutoOffsetReset = -140,
    /// Local: Partition log truncation detected.
    LogTruncation = -139,
    /// Local: an invalid record in the same batch caused the failure of this message too.
    InvalidDifferentRecord = -138,
    /// Local: Broker handle destroyed without termination.
    DestroyBroker = -137,
    /// Unknown broker error.
    Unknown = -1,
    /// Success.
    NoError = 0,
    /// Broker: Offset out of range.
    OffsetOutOfRange = 1,
    /// Broker: Invalid message.
    InvalidMsg = 2,
    /// Broker: Unknown topic or partition.
    UnknownTopicOrPart = 3,
    /// Broker: Invalid message size.
    InvalidMsgSize = 4,
    /// Broker: Leader not available.
    LeaderNotAvailable = 5,
    /// Broker: Not leader for partition.
    NotLeaderForPartition = 6,
    /// Broker: Request timed out.
    RequestTimedOut = 7,
    /// Broker: Broker not available.
    BrokerNotAvailable = 8,
    /// Broker: Replica not available.
    ReplicaNotAvailable = 9,
    /// Broker: Message size too large.
    MsgSizeTooLarge = 10,
    /// Broker: StaleControllerEpochCode.
    StaleCtrlEpoch = 11,
    /// Broker: Offset metadata string too large.
    OffsetMetadataTooLarge = 12,
    /// Broker: Broker disconnected before response received.
    NetworkException = 13,
    /// Broker: Coordinator load in progress.
    CoordinatorLoadInProgress = 14,
    /// Broker: Coordinator not available.
    CoordinatorNotAvailable = 15,
    /// Broker: Not coordinator.
    NotCoordinator = 16,
    /// Broker: Invalid topic.
    TopicException = 17,
    /// Broker: Message batch larger than configured server segment size.
    RecordListTooLarge = 18,
    /// Broker: Not enough in-sync replicas.
    NotEnoughReplicas = 19,
    /// Broker: Message(s) written to insufficient number of in-sync replicas.
    NotEnoughReplicasAfterAppend = 20,
    /// Broker: Invalid required acks value.
    InvalidRequiredAcks = 21,
    /// Broker: Specified group generation id is not valid.
    IllegalGeneration = 22,
    /// Broker: Inconsistent group protocol.
    InconsistentGroupProtocol = 23,
    /// Broker: Invalid group.id.
    InvalidGroupId = 24,
    /// Broker: Unknown member.
    UnknownMemberId = 25,
    /// Broker: Invalid session timeout.
    InvalidSessionTimeout = 26,
    /// Broker: Group rebalance in progress.
    RebalanceInProgress = 27,
    /// Broker: Commit offset data size is not valid.
    InvalidCommitOffsetSize = 28,
    /// Broker: Topic authorization failed.
    TopicAuthorizationFailed = 29,
    /// Broker: Group authorization failed.
    GroupAuthorizationFailed = 30,
    /// Broker: Cluster authorization failed.
    ClusterAuthorizationFailed = 31,
    /// Broker: Invalid timestamp.
    InvalidTimestamp = 32,
    /// Broker: Unsupported SASL mechanism.
    UnsupportedSaslMechanism = 33,
    /// Broker: Request not valid in current SASL state.
    IllegalSaslState = 34,
    /// Broker: API version not supported.
    UnsupportedVersion = 35,
    /// Broker: Topic already exists.
    TopicAlreadyExists = 36,
    /// Broker: Invalid number of partitions.
    InvalidPartitions = 37,
    /// Broker: Invalid replication factor.
    InvalidReplicationFactor = 38,
    /// Broker: Invalid replica assignment.
    InvalidReplicaAssignment = 39,
    /// Broker: Configuration is invalid.
    InvalidConfig = 40,
    /// Broker: Not controller for cluster.
    NotController = 41,
    /// Broker: Invalid request.
    InvalidRequest = 42,
    /// Broker: Message format on broker does not support request.
    UnsupportedForMessageFormat = 43,
    /// Broker: Policy violation.
    PolicyViolation = 44,
    /// Broker: Broker received an out of order sequence number.
    OutOfOrderSequenceNumber = 45,
    /// Broker: Broker received a duplicate sequence number.
    DuplicateSequenceNumber = 46,
    /// Broker: Producer attempted an operation with an old epoch.
    InvalidProducerEpoch = 47,
    /// Broker: Producer attempted a transactional operation in an invalid state.
    InvalidTxnState = 48,
    /// Broker: Producer attempted to use a producer id which is not currently assigned to its transactional id.
    InvalidProducerIdMapping = 49,
    /// Broker: Transaction timeout is larger than the maximum value allowed by the broker's max.transaction.timeout.ms.
    InvalidTransactionTimeout = 50,
    /// Broker: Producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing.
    ConcurrentTransactions = 51,
    /// Broker: Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer.
    TransactionCoordinatorFenced = 52,
    /// Broker: Transactional Id authorization failed.
    TransactionalIdAuthorizationFailed = 53,
    /// Broker: Security features are disabled.
    SecurityDisabled = 54,
    /// Broker: Operation not attempted.
    OperationNotAttempted = 55,
    /// Broker: Disk error when trying to access log file on disk.
    KafkaStorageError = 56,
    /// Broker: The user-specified log directory is not found in the broker config.
    LogDirNotFound = 57,
    /// Broker: SASL Authentication failed.
    SaslAuthenticationFailed = 58,
    /// Broker: Unknown Producer Id.
    UnknownProducerId = 59,
    /// Broker: Partition reassignment is in progress.
    ReassignmentInProgress = 60,
    /// Broker: Delegation Token feature is not enabled.
    DelegationTokenAuthDisabled = 61,
    /// Broker: Delegation Token is not found on server.
    DelegationTokenNotFound = 62,
    /// Broker: Specified Principal is not valid Owner/Renewer.
    DelegationTokenOwnerMismatch = 63,
    /// Broker: Delegation Token requests are not allowed on this connection.
    DelegationTokenRequestNotAllowed = 64,
    /// Broker: Delegation Token authorization failed.
    DelegationTokenAuthorizationFailed = 65,
    /// Broker: Delegation Token is expired.
    DelegationTokenExpired = 66,
    /// Broker: Supplied principalType is not supported.
    InvalidPrincipalType = 67,
    /// Broker: The group is not empty.
    NonEmptyGroup = 68,
    /// Broker: The group id does not exist.
    GroupIdNotFound = 69,
    /// Broker: The fetch session ID was not found.
    FetchSessionIdNotFound = 70,
    /// Broker: The fetch session epoch is invalid.
    InvalidFetchSessionEpoch = 71,
    /// Broker: No matching listener.
    ListenerNotFound = 72,
    /// Broker: Topic deletion is disabled.
    TopicDeletionDisabled = 73,
    /// Broker: Leader epoch is older than broker epoch.
    FencedLeaderEpoch = 74,
    /// Broker: Leader epoch is newer than broker epoch.
    UnknownLeaderEpoch = 75,
    /// Broker: Unsupported compression type.
    UnsupportedCompressionType = 76,
    /// Broker: Broker epoch has changed.
    StaleBrokerEpoch = 77,
    /// Broker: Leader high watermark is not caught up.
    OffsetNotAvailable = 78,
    /// Broker: Group member needs a valid member ID.
    MemberIdRequired = 79,
    /// Broker: Preferred leader was not available.
    PreferredLeaderNotAvailable = 80,
    /// Broker: Consumer group has reached maximum size.
    GroupMaxSizeReached = 81,
    /// Broker: Static consumer fenced by other consumer with same group.instance.id.
    FencedInstanceId = 82,
    /// Broker: Eligible partition leaders are not available.
    EligibleLeadersNotAvailable = 83,
    /// Broker: Leader election not needed for topic partition.
    ElectionNotNeeded = 84,
    /// Broker: No partition reassignment is in progress.
    NoReassignmentInProgress = 85,
    /// Broker: Deleting offsets of a topic while the consumer group is subscribed to it.
    GroupSubscribedToTopic = 86,
    /// Broker: Broker failed to validate record.
    InvalidRecord = 87,
    /// Broker: There are unstable offsets that need to be cleared.
    UnstableOffsetCommit = 88,
    /// Broker: Throttling quota has been exceeded.
    ThrottlingQuotaExceeded = 89,
    /// Broker: There is a newer producer with the same transactionalId which fences the current one.
    ProducerFenced = 90,
    /// Broker: Request illegally referred to resource that does not exist.
    ResourceNotFound = 91,
    /// Broker: Request illegally referred to the same resource twice.
    DuplicateResource = 92,
    /// Broker: Requested credential would not meet criteria for acceptability.
    UnacceptableCredential = 93,
    /// Broker: Indicates that the either the sender or recipient of a voter-only request is not one of the expected voters.
    InconsistentVoterSet = 94,
    /// Broker: Invalid update version.
    InvalidUpdateVersion = 95,
    /// Broker: Unable to update finalized features due to server error.
    FeatureUpdateFailed = 96,
    /// Broker: Request principal deserialization failed during forwarding.
    PrincipalDeserializationFailure = 97,
    /// Broker: Unknown topic id.
    UnknownTopicId = 100,
    /// Broker: The member epoch is fenced by the group coordinator.
    FencedMemberEpoch = 110,
    /// Broker: The instance ID is still used by another member in the consumer group.
    UnreleasedInstanceId = 111,
    /// Broker: The assignor or its version range is not supported by the consumer group.
    UnsupportedAssignor = 112,
    /// Broker: The member epoch is stale.
    StaleMemberEpoch = 113,
    /// Broker: Client sent a push telemetry request with an invalid or outdated subscription ID.
    UnknownSubscriptionId = 117,
    /// Broker: Client sent a push telemetry request larger than the maximum size the broker will accept.
    TelemetryTooLarge = 118,
    /// Broker: Client metadata is stale, client should rebootstrap to obtain new metadata.
    RebootstrapRequired = 129,
}

/// The name of a code without its prefix: `"TIMED_OUT"`, also `"CLOSED"` for ours.
///
/// Never NULL. The text is static; for an unknown number it belongs to
/// the calling thread and lasts until that asks for another such name.
/// Does not block.
#[no_mangle]
pub extern "C" fn kafka_err_name(code: i32) -> *const c_char {
    let ours = match code {
        Error::INVALID_ARGUMENT => c"INVALID_ARGUMENT",
        Error::PANIC => c"PANIC",
        Error::FORKED => c"FORKED",
        Error::CLOSED => c"CLOSED",
        Error::ABI_MISMATCH => c"ABI_MISMATCH",
        Error::EVENT => c"EVENT",
        Error::WOULD_BLOCK => c"WOULD_BLOCK",
        Error::CANCELED => c"CANCELED",
        code => Code(code).name(),
    };
    ours.as_ptr()
}

/// What a code means, in a few English words.
///
/// Never NULL; lasts as long as the name does. Does not block.
#[no_mangle]
pub extern "C" fn kafka_err_text(code: i32) -> *const c_char {
    text_of(code).as_ptr()
}

pub(super) fn text_of(code: i32) -> &'static CStr {
    match code {
        Error::INVALID_ARGUMENT => c"Invalid argument",
        Error::PANIC => c"Internal error",
        Error::FORKED => c"Made before this process was forked",
        Error::CLOSED => c"Closed",
        Error::ABI_MISMATCH => c"Built for another version of the interface",
        Error::EVENT => c"An event is waiting",
        Error::CANCELED => c"Canceled",
        Error::WOULD_BLOCK => c"This call would have to wait, which this phase of nginx does not allow: give it a timeout of 0, or make it in a timer (ngx.timer.at)",
        code => Code(code).text(),
    }
}

fn meaning(code: i32) -> Meaning {
    // Ours are the caller's mistakes, or its objects' ends: there is nothing to try again.
    Code(code).meaning().unwrap_or_default()
}

/// Whether trying the same again later may help: 1 or 0, also for an unknown
/// number. For a broker's code it is what Kafka's protocol says. Does not block.
#[no_mangle]
pub extern "C" fn kafka_err_is_retriable(code: i32) -> i32 {
    meaning(code).retriable.into()
}

/// Whether a client that has this code in an error cannot go on: 1 or 0. The field fatal
/// of an error or event that came with it knows better. Does not block.
#[no_mangle]
pub extern "C" fn kafka_err_is_fatal(code: i32) -> i32 {
    meaning(code).fatal.into()
}

/// Whether a transaction in which a call or a message fails with this code must be aborted:
/// 1 or 0. The field txn_requires_abort of an error that came with it knows better. Does not
/// block.
#[no_mangle]
pub extern "C" fn kafka_err_txn_requires_abort(code: i32) -> i32 {
    meaning(code).txn_requires_abort.into()
}

/// The errno of a code, as this platform numbers them.
///
/// 0 for success, ENOBUFS for a full queue, EMSGSIZE for a message that is too
/// large, ENOENT for an unknown topic, ESRCH for an unknown partition, EINVAL
/// for a bad argument, EACCES where something is not allowed, ECANCELED for a
/// client with a fatal error, ENOEXEC where the client's state forbids it, EBADF for
/// a closed or forked object, EIO for anything else. Does not block.
#[no_mangle]
pub extern "C" fn kafka_err_errno(code: i32) -> i32 {
    match code {
        Error::INVALID_ARGUMENT => libc::EINVAL,
        Error::CLOSED | Error::FORKED => libc::EBADF,
        _ => match Code(code) {
            Code::NO_ERROR => 0,
            Code::QUEUE_FULL => libc::ENOBUFS,
            Code::MSG_SIZE_TOO_LARGE => libc::EMSGSIZE,
            Code::UNKNOWN_TOPIC | Code::UNKNOWN_TOPIC_OR_PART => libc::ENOENT,
            Code::UNKNOWN_PARTITION => libc::ESRCH,
            Code::INVALID_ARG | Code::TOPIC_EXCEPTION => libc::EINVAL,
            Code::TOPIC_AUTHORIZATION_FAILED => libc::EACCES,
            Code::FATAL => libc::ECANCELED,
            Code::STATE => libc::ENOEXEC,
            _ => libc::EIO,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_numbers_are_the_cores() {
        assert_eq!(kafka_err::InvalidArgument as i32, Error::INVALID_ARGUMENT);
        assert_eq!(kafka_err::Panic as i32, Error::PANIC);
        assert_eq!(kafka_err::Forked as i32, Error::FORKED);
        assert_eq!(kafka_err::Closed as i32, Error::CLOSED);
        assert_eq!(kafka_err::AbiMismatch as i32, Error::ABI_MISMATCH);
        assert_eq!(kafka_err::Event as i32, Error::EVENT);
        assert_eq!(kafka_err::WouldBlock as i32, Error::WOULD_BLOCK);
        assert_eq!(kafka_err::Canceled as i32, Error::CANCELED);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut err = kafka_error::default();
        err.fill(&Error::invalid("é".repeat(KAFKA_ERROR_MESSAGE_SIZE)));
        let text = err.text();
        assert_eq!(text.len(), 510);
        assert!(text.chars().all(|c| c == 'é'));
    }
}
