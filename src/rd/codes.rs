//! What a program can do about an error, as far as its code alone says.
//!
//! For brokers' codes "retriable" is the column of that name in Kafka's own table of error codes.

use super::error::Code;

/// What a code means for a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The same may succeed at another time.
    pub retriable: bool,
    /// A client that gets this cannot go on.
    pub fatal: bool,
    /// A transaction in which this happens has to be aborted.
    pub txn_requires_abort: bool,
}

const RETRIABLE: Meaning = Meaning {
    retriable: true,
    fatal: false,
    txn_requires_abort: false,
};

const FATAL: Meaning = Meaning {
    retriable: false,
    fatal: true,
    txn_requires_abort: false,
};

const ABORT: Meaning = Meaning {
    retriable: false,
    fatal: false,
    txn_requires_abort: true,
};

/// Neither of these: the request, the configuration or the program has to change.
const PERMANENT: Meaning = Meaning {
    retriable: false,
    fatal: false,
    txn_requires_abort: false,
};

impl Code {
    /// What it means; `None` for a code that is not known here.
    pub fn meaning(self) -> Option<Meaning> {
        Some(match self.0 {
            // Local: TRANSPORT, RESOLVE, ALL_BROKERS_DOWN, TIMED_OUT, QUEUE_FULL, ISR_INSUFF.
            -195 | -193 | -187 | -185 | -184 | -183 => RETRIABLE,
            // WAIT_COORD, IN_PROGRESS, PREV_IN_PROGRESS, TIMED_OUT_QUEUE, WAIT_CACHE, INTR, RETRY.
            -180 | -178 | -177 | -166 | -164 | -163 | -153 => RETRIABLE,
            // MSG_TIMED_OUT: the message is missing in its transaction.
            -192 => Meaning {
                retriable: true,
                ..ABORT
            },
            // FATAL, GAPLESS_GUARANTEE, FENCED.
            -150 | -148 | -144 => FATAL,
            // PURGE_QUEUE, PURGE_INFLIGHT, INVALID_DIFFERENT_RECORD: as MSG_TIMED_OUT.
            -152 | -151 | -138 => ABORT,
            -199..=-137 => PERMANENT,

            // INVALID_MSG (a checksum), UNKNOWN_TOPIC_OR_PART, LEADER_NOT_AVAILABLE,
            // NOT_LEADER_FOR_PARTITION, REQUEST_TIMED_OUT, REPLICA_NOT_AVAILABLE.
            2 | 3 | 5 | 6 | 7 | 9 => RETRIABLE,
            // NETWORK_EXCEPTION, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
            // NOT_COORDINATOR, NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND, NOT_CONTROLLER.
            13..=16 | 19 | 20 | 41 => RETRIABLE,
            // CONCURRENT_TRANSACTIONS, KAFKA_STORAGE_ERROR, FETCH_SESSION_ID_NOT_FOUND,
            // INVALID_FETCH_SESSION_EPOCH, LISTENER_NOT_FOUND, FENCED_LEADER_EPOCH,
            // UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE.
            51 | 56 | 70..=72 | 74 | 75 | 78 => RETRIABLE,
            // PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE, ELECTION_NOT_NEEDED,
            // UNSTABLE_OFFSET_COMMIT, THROTTLING_QUOTA_EXCEEDED, UNKNOWN_TOPIC_ID,
            // INCONSISTENT_TOPIC_ID, FETCH_SESSION_TOPIC_ID_ERROR.
            80 | 83 | 84 | 88 | 89 | 100 | 103 | 106 => RETRIABLE,
            // INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, INVALID_TRANSACTION_TIMEOUT,
            // TRANSACTIONAL_ID_AUTHORIZATION_FAILED, FENCED_INSTANCE_ID, PRODUCER_FENCED.
            47 | 48 | 50 | 53 | 82 | 90 => FATAL,
            // ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, TOPIC_AUTHORIZATION_FAILED,
            // GROUP_AUTHORIZATION_FAILED, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_ID_MAPPING,
            // OPERATION_NOT_ATTEMPTED, UNKNOWN_PRODUCER_ID, TRANSACTION_ABORTABLE.
            22 | 25 | 27 | 29 | 30 | 45 | 49 | 55 | 59 | 120 => ABORT,
            // MSG_SIZE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP, POLICY_VIOLATION,
            // INVALID_RECORD: the message is missing in its transaction.
            10 | 18 | 32 | 44 | 87 => ABORT,
            -1..=129 => PERMANENT,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_has_a_name_has_a_meaning() {
        let named = (-300..=300)
            .map(Code)
            .filter(|code| !code.name().to_string_lossy().contains('?'));
        let missing: Vec<Code> = named.filter(|code| code.meaning().is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(Code(-136).meaning(), None);
        assert_eq!(Code(1000).meaning(), None);
    }

    #[test]
    fn success_asks_for_nothing() {
        assert_eq!(Code::NO_ERROR.meaning(), Some(PERMANENT));
    }
}
