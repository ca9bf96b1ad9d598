/* Lists of partitions. */
#include "check.h"

int main(void)
{
    kafka_partitions *partitions = NULL;
    char topic[32];
    int i;

    OK(kafka_partitions_new(&partitions, &err));
    for (i = 0; i < 1000; i++) {
        snprintf(topic, sizeof topic, "topic-%d", i);
        OK(kafka_partitions_add(partitions, topic, i, i, &err));
    }
    OK(kafka_partitions_add(partitions, "t", -1, KAFKA_OFFSET_INVALID, &err));
    OK(kafka_partitions_add(partitions, "t", INT32_MAX, KAFKA_OFFSET_STORED, &err));
    OK(kafka_partitions_add(partitions, "t", 0, KAFKA_OFFSET_BEGINNING, &err));
    OK(kafka_partitions_add(partitions, "t", 1, KAFKA_OFFSET_END, &err));
    OK(kafka_partitions_add(partitions, "t", 2, INT64_MAX, &err));

    FAILS(kafka_partitions_add(partitions, "", 0, 0, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_partitions_add(partitions, "t", -2, 0, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_partitions_add(partitions, NULL, 0, 0, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_partitions_free(partitions);
    kafka_partitions_free(NULL);
    return 0;
}
