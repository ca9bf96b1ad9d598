/* Codes, their names and texts, and the struct that carries them; versions. */
#include "check.h"

static void names_texts_and_errnos(void)
{
    int32_t code;
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_NO_ERROR), "NO_ERROR");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_TIMED_OUT), "TIMED_OUT");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_QUEUE_FULL), "QUEUE_FULL");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_UNKNOWN_TOPIC_OR_PART), "UNKNOWN_TOPIC_OR_PART");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_INVALID_ARGUMENT), "INVALID_ARGUMENT");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_PANIC), "PANIC");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_FORKED), "FORKED");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_CLOSED), "CLOSED");
    CHECK_TEXT(kafka_err_name(KAFKA_ERR_ABI_MISMATCH), "ABI_MISMATCH");
    CHECK_TEXT(kafka_err_text(KAFKA_ERR_TIMED_OUT), "Local: Timed out");
    CHECK_TEXT(kafka_err_text(KAFKA_ERR_MSG_SIZE_TOO_LARGE), "Broker: Message size too large");

    CHECK_INT(kafka_err_errno(KAFKA_ERR_NO_ERROR), 0);
    CHECK_INT(kafka_err_errno(KAFKA_ERR_QUEUE_FULL), ENOBUFS);
    CHECK_INT(kafka_err_errno(KAFKA_ERR_MSG_SIZE_TOO_LARGE), EMSGSIZE);
    CHECK_INT(kafka_err_errno(KAFKA_ERR_UNKNOWN_TOPIC), ENOENT);
    CHECK_INT(kafka_err_errno(KAFKA_ERR_UNKNOWN_TOPIC_OR_PART), ENOENT);
    CHECK_INT(kafka_err_errno(KAFKA_ERR_UNKNOWN_PARTITION), ESRCH);

    /* Every number has a name, a text and an errno, the ones of ours too. */
    for (code = -1200; code <= 400; code++) {
        CHECK(kafka_err_name(code) != NULL && kafka_err_name(code)[0] != '\0');
        CHECK(kafka_err_text(code) != NULL && kafka_err_text(code)[0] != '\0');
        CHECK((kafka_err_errno(code) == 0) == (code == 0));
    }
    CHECK(kafka_err_name(INT32_MIN) != NULL && kafka_err_text(INT32_MIN) != NULL);
    CHECK(kafka_err_name(INT32_MAX) != NULL && kafka_err_text(INT32_MAX) != NULL);
}

static void what_to_do(void)
{
    int32_t code;
    CHECK_INT(kafka_err_is_retriable(KAFKA_ERR_TIMED_OUT), 1);
    CHECK_INT(kafka_err_is_retriable(KAFKA_ERR_QUEUE_FULL), 1);
    CHECK_INT(kafka_err_is_retriable(KAFKA_ERR_NOT_LEADER_FOR_PARTITION), 1);
    CHECK_INT(kafka_err_is_retriable(KAFKA_ERR_CONCURRENT_TRANSACTIONS), 1);
    CHECK_INT(kafka_err_is_retriable(KAFKA_ERR_MSG_SIZE_TOO_LARGE), 0);
    CHECK_INT(kafka_err_is_retriable(KAFKA_ERR_SASL_AUTHENTICATION_FAILED), 0);
    CHECK_INT(kafka_err_is_fatal(KAFKA_ERR_FENCED), 1);
    CHECK_INT(kafka_err_is_fatal(KAFKA_ERR_PRODUCER_FENCED), 1);
    CHECK_INT(kafka_err_is_fatal(KAFKA_ERR_ALL_BROKERS_DOWN), 0);
    CHECK_INT(kafka_err_txn_requires_abort(KAFKA_ERR_UNKNOWN_MEMBER_ID), 1);
    CHECK_INT(kafka_err_txn_requires_abort(KAFKA_ERR_MSG_TIMED_OUT), 1);
    CHECK_INT(kafka_err_txn_requires_abort(KAFKA_ERR_TIMED_OUT), 0);
    /* What is fatal is not to be tried again, and leaves nothing to abort. */
    for (code = -1200; code <= 400; code++) {
        if (code <= KAFKA_ERR_INVALID_ARGUMENT || code == 0 || kafka_err_is_fatal(code)) {
            CHECK_INT(kafka_err_is_retriable(code), 0);
            CHECK_INT(kafka_err_txn_requires_abort(code), 0);
        }
    }
    CHECK_INT(kafka_err_is_retriable(INT32_MIN) + kafka_err_is_fatal(INT32_MAX), 0);
}

static void the_struct_is_filled_in_on_failure_only(void)
{
    kafka_error before;
    kafka_conf *conf = NULL;
    char *long_name = (char *)malloc(100001);

    memset(&err, 0x7f, sizeof err);
    memcpy(&before, &err, sizeof err);
    OK(kafka_conf_new(&conf, &err));
    CHECK(memcmp(&before, &err, sizeof err) == 0);

    FAILS(kafka_conf_set(conf, "nothing", "1", &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_INT(err.retriable, 0);
    CHECK_INT(err.fatal, 0);
    CHECK_INT(err.txn_requires_abort, 0);
    CHECK_INT(err.reserved, 0);

    /* Too long for the struct: cut off, terminated. */
    memset(long_name, 'n', 100000);
    long_name[100000] = '\0';
    FAILS(kafka_conf_set(conf, long_name, "1", &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK(memchr(err.message, '\0', sizeof err.message) != NULL);
    CHECK(strlen(err.message) > 400);
    FAILS(kafka_conf_set(conf, "client.id", NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "value") != NULL);

    /* No caller has to take it. */
    CHECK_INT(kafka_conf_set(conf, "nothing", "1", NULL), KAFKA_ERR_INVALID_ARGUMENT);
    free(long_name);
    kafka_conf_free(conf);
}

static void versions(void)
{
    CHECK_INT(kafka_abi_version(), KAFKA_ABI_VERSION);
    CHECK_TEXT(kafka_version(), KAFKA_VERSION);
    CHECK_INT(strspn(kafka_librdkafka_version(), "0123456789."),
              strlen(kafka_librdkafka_version()));
    CHECK(strncmp(kafka_librdkafka_version(), "2.", 2) == 0);
}

int main(void)
{
    names_texts_and_errnos();
    what_to_do();
    the_struct_is_filled_in_on_failure_only();
    versions();
    return 0;
}
