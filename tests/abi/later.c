/* Stands in for a later library: kafka_record and kafka_header have a field there in what is reserved now. It comes to see
 * the records of a program (linked with --wrap) before this library does, with the later header's layout. */
#include "kafka.h"

/* What the later library would do with its field; a program that does not know it must not ask for that. */
#define LATER_CODE 12345

int32_t __real_kafka_producer_produce(kafka_producer *, kafka_topic *, const kafka_record *, kafka_error *);
int32_t __real_kafka_producer_produce_batch(kafka_producer *, kafka_topic *, const kafka_record *, size_t,
                                            int32_t *, size_t *, kafka_error *);
int32_t __wrap_kafka_producer_produce(kafka_producer *, kafka_topic *, const kafka_record *, kafka_error *);
int32_t __wrap_kafka_producer_produce_batch(kafka_producer *, kafka_topic *, const kafka_record *, size_t,
                                            int32_t *, size_t *, kafka_error *);

static int asks_for_it(const kafka_record *records, size_t count)
{
    size_t record, header;
    for (record = 0; record < count; record++) {
        if (records[record].later != 0) {
            return 1;
        }
        for (header = 0; header < records[record].header_count; header++) {
            if (records[record].headers[header].later != 0) {
                return 1;
            }
        }
    }
    return 0;
}

int32_t __wrap_kafka_producer_produce(kafka_producer *producer, kafka_topic *topic,
                                      const kafka_record *record, kafka_error *err)
{
    if (asks_for_it(record, 1)) {
        return LATER_CODE;
    }
    return __real_kafka_producer_produce(producer, topic, record, err);
}

int32_t __wrap_kafka_producer_produce_batch(kafka_producer *producer, kafka_topic *topic,
                                            const kafka_record *records, size_t record_count,
                                            int32_t *codes, size_t *queued_count, kafka_error *err)
{
    if (asks_for_it(records, record_count)) {
        return LATER_CODE;
    }
    return __real_kafka_producer_produce_batch(producer, topic, records, record_count, codes,
                                               queued_count, err);
}
