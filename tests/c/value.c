/* Structured data: building and reading it, kinds that do not fit, and what belongs to what. */
#include "check.h"

static int32_t kind_of(const kafka_value *value)
{
    int32_t kind = UNTOUCHED;
    OK(kafka_value_kind(value, &kind, &err));
    return kind;
}

static void single_values(void)
{
    static const int64_t numbers[] = {0, -1, INT64_MIN, INT64_MAX};
    kafka_value *value = NULL;
    const char *text = NULL;
    size_t text_len = UNTOUCHED, i;
    int64_t number = UNTOUCHED;

    OK(kafka_value_new_null(&value, &err));
    CHECK_INT(kind_of(value), KAFKA_VALUE_NULL);
    kafka_value_free(value);
    for (i = 0; i < 3; i++) {
        OK(kafka_value_new_bool((int32_t)i - 1, &value, &err));
        CHECK_INT(kind_of(value), KAFKA_VALUE_BOOL);
        OK(kafka_value_int(value, &number, &err));
        CHECK_INT(number, i != 1);
        kafka_value_free(value);
    }
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        value = new_int(numbers[i]);
        CHECK_INT(kind_of(value), KAFKA_VALUE_INT);
        OK(kafka_value_int(value, &number, &err));
        CHECK_INT(number, numbers[i]);
        kafka_value_free(value);
    }
    value = new_text("a\0b", 3);
    CHECK_INT(kind_of(value), KAFKA_VALUE_TEXT);
    OK(kafka_value_text(value, &text, &text_len, &err));
    CHECK_BYTES(text, text_len + 1, "a\0b", 4);
    OK(kafka_value_text(value, &text, NULL, &err));
    kafka_value_free(value);
    value = new_text(NULL, 0);
    OK(kafka_value_text(value, &text, &text_len, &err));
    CHECK_TEXT(text, "");
    CHECK_INT(text_len, 0);
    kafka_value_free(value);
    FAILS(kafka_value_new_text("x", SIZE_MAX, &value, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_value_free(NULL);
}

static void lists_and_maps(void)
{
    kafka_value *list = NULL, *map = NULL, *item;
    const kafka_value *found = NULL;
    const char *name = NULL, *text = NULL;
    char key[16];
    size_t item_count = UNTOUCHED, i;
    int64_t number = 0;

    OK(kafka_value_new_list(&list, &err));
    CHECK_INT(kind_of(list), KAFKA_VALUE_LIST);
    OK(kafka_value_count(list, &item_count, &err));
    CHECK_INT(item_count, 0);
    for (i = 0; i < 100; i++) {
        OK(kafka_value_append(list, new_int((int64_t)i), &err));
    }
    OK(kafka_value_count(list, &item_count, &err));
    CHECK_INT(item_count, 100);
    name = "untouched";
    OK(kafka_value_item(list, 99, &name, &found, &err));
    CHECK(name == NULL);
    OK(kafka_value_int(found, &number, &err));
    CHECK_INT(number, 99);
    FAILS(kafka_value_item(list, 100, &name, &found, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_value_item(list, SIZE_MAX, NULL, &found, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "index is 18446744073709551615, of 100 items");

    OK(kafka_value_new_map(&map, &err));
    CHECK_INT(kind_of(map), KAFKA_VALUE_MAP);
    for (i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%d", (int)(99 - i));
        OK(kafka_value_set(map, key, new_int((int64_t)i), &err));
    }
    /* In place of the one of that name, where that was. */
    OK(kafka_value_set(map, "99", new_text("replaced", 8), &err));
    OK(kafka_value_count(map, &item_count, &err));
    CHECK_INT(item_count, 100);
    OK(kafka_value_item(map, 0, &name, &found, &err));
    CHECK_TEXT(name, "99");
    OK(kafka_value_text(found, &text, NULL, &err));
    CHECK_TEXT(text, "replaced");
    OK(kafka_value_item(map, 99, &name, &found, &err));
    CHECK_TEXT(name, "0");
    OK(kafka_value_get(map, "1", &found, &err));
    OK(kafka_value_int(found, &number, &err));
    CHECK_INT(number, 98);
    FAILS(kafka_value_get(map, "100", &found, &err), KAFKA_ERR_NOENT);
    CHECK(strstr(err.message, "\"100\"") != NULL);

    /* One inside the other, as deep as one likes. */
    OK(kafka_value_set(map, "list", list, &err));
    for (i = 0; i < 50; i++) {
        item = map;
        OK(kafka_value_new_list(&map, &err));
        OK(kafka_value_append(map, item, &err));
    }
    found = map;
    for (i = 0; i < 50; i++) {
        OK(kafka_value_item(found, 0, NULL, &found, &err));
    }
    OK(kafka_value_get(found, "list", &found, &err));
    OK(kafka_value_count(found, &item_count, &err));
    CHECK_INT(item_count, 100);
    kafka_value_free(map);
}

/* What does not fit says what it is, changes nothing, and leaves the item to the caller. */
static void kinds_that_do_not_fit(void)
{
    kafka_value *list = NULL, *map = NULL, *item = new_int(1);
    const kafka_value *found = (const kafka_value *)(intptr_t)UNTOUCHED;
    const char *text = (const char *)(intptr_t)UNTOUCHED;
    size_t count = UNTOUCHED;
    int64_t number = UNTOUCHED;

    OK(kafka_value_new_list(&list, &err));
    OK(kafka_value_new_map(&map, &err));
    FAILS(kafka_value_append(map, item, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "a list is needed, not a map");
    FAILS(kafka_value_append(item, map, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_value_set(list, "x", item, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "a map is needed, not a list");
    FAILS(kafka_value_count(item, &count, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_value_item(item, 0, NULL, &found, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_value_get(list, "x", &found, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_value_int(list, &number, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "an integer or a boolean is needed, not a list");
    FAILS(kafka_value_text(item, &text, &count, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "a text is needed, not an integer");
    CHECK(found == (const kafka_value *)(intptr_t)UNTOUCHED);
    CHECK(text == (const char *)(intptr_t)UNTOUCHED);
    CHECK_INT(count, UNTOUCHED);
    CHECK_INT(number, UNTOUCHED);
    /* Still the caller's, and still whole. */
    OK(kafka_value_int(item, &number, &err));
    CHECK_INT(number, 1);
    OK(kafka_value_append(list, item, &err));
    OK(kafka_value_count(list, &count, &err));
    CHECK_INT(count, 1);
    kafka_value_free(list);
    kafka_value_free(map);
}

int main(void)
{
    single_values();
    lists_and_maps();
    kinds_that_do_not_fit();
    return 0;
}
