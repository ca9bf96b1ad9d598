--- The constants of lua-resty-kafka's module of this name: what `list_offset` may be asked for besides a time.

return {
  --- The end of the partition.
  LIST_OFFSET_TIMESTAMP_LAST = -1,
  --- Its first message.
  LIST_OFFSET_TIMESTAMP_FIRST = -2,
  --- Its message with the latest time; needs Kafka 3.0.
  LIST_OFFSET_TIMESTAMP_MAX = -3,
}
