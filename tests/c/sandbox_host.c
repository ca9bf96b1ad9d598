/* A sandbox host: it embeds LuaJIT, offers read_message and update_checkpoint, hands a pointer
 * along with each message, and wants it back when the message has been delivered. */
#include "check.h"

#include <sys/mman.h>

#ifdef __cplusplus
extern "C" {
#endif
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#ifdef __cplusplus
}
#endif

#define LUA_TCDATA 10
#define CHECKPOINT_MAX 4096

static const char *servers;
static kafka_mock_cluster *cluster;

/* The message that the sandbox is working on, as a host would hold it. */
static const char *payload;
static size_t payload_len;
static int read_count;
static char payload_elsewhere[1];

/* What came back. */
static void *checkpoints[CHECKPOINT_MAX];
static int checkpoint_types[CHECKPOINT_MAX];
static int checkpoint_count;
static int64_t failure_count;
static int refuse_checkpoints;

static int read_message(lua_State *lua)
{
    const char *field = luaL_checkstring(lua, 1);
    read_count++;
    if (strcmp(field, "raw") == 0) {
        /* {"raw", nil, nil, true}: holes are arguments too. */
        CHECK(lua_gettop(lua) == 1 ||
              (lua_gettop(lua) == 4 && lua_isnil(lua, 2) && lua_isnil(lua, 3) &&
               lua_isboolean(lua, 4) && lua_toboolean(lua, 4)));
        if (payload == NULL) {
            lua_pushnil(lua);
        } else {
            lua_pushlstring(lua, payload, payload_len);
        }
        return 1;
    }
    if (strcmp(field, "Fields[counter]") == 0) {
        CHECK_INT(lua_gettop(lua), 3);
        CHECK_INT(lua_type(lua, 2), LUA_TNUMBER);
        CHECK_INT(lua_type(lua, 3), LUA_TNUMBER);
        lua_pushfstring(lua, "counter %d %d", (int)lua_tointeger(lua, 2),
                        (int)lua_tointeger(lua, 3));
        return 1;
    }
    if (strcmp(field, "empty") == 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (strcmp(field, "nil") == 0) {
        lua_pushnil(lua);
        return 1;
    }
    CHECK_TEXT(field, "nothing");
    return 0;
}

static int update_checkpoint(lua_State *lua)
{
    if (refuse_checkpoints) {
        return luaL_error(lua, "the host refuses");
    }
    CHECK_INT(lua_gettop(lua), 2);
    CHECK_INT(lua_type(lua, 2), LUA_TNUMBER);
    CHECK(checkpoint_count < CHECKPOINT_MAX);
    checkpoint_types[checkpoint_count] = lua_type(lua, 1);
    if (lua_type(lua, 1) == LUA_TCDATA) {
        memcpy(&checkpoints[checkpoint_count], lua_topointer(lua, 1), sizeof(void *));
    } else if (!lua_isnil(lua, 1)) {
        CHECK(lua_islightuserdata(lua, 1));
        checkpoints[checkpoint_count] = lua_touserdata(lua, 1);
    }
    checkpoint_count++;
    failure_count += (int64_t)lua_tonumber(lua, 2);
    return 0;
}

static void lua_ok(lua_State *lua, int status)
{
    if (status != 0) {
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        exit(1);
    }
}

static lua_State *open_sandbox(const char *script)
{
    lua_State *lua = luaL_newstate();
    CHECK(lua != NULL);
    luaL_openlibs(lua);
    lua_pushcfunction(lua, read_message);
    lua_setglobal(lua, "read_message");
    lua_pushcfunction(lua, update_checkpoint);
    lua_setglobal(lua, "update_checkpoint");
    lua_pushstring(lua, servers);
    lua_setglobal(lua, "brokers");
    payload = NULL;
    checkpoint_count = read_count = 0;
    failure_count = 0;
    lua_ok(lua, luaL_loadfile(lua, script) || lua_pcall(lua, 0, 0, 0));
    return lua;
}

/* One message for the sandbox; what process_message returned. */
static int process_message(lua_State *lua, void *sequence_id, const char *kind, const char *bytes,
                           size_t len)
{
    int result;
    payload = bytes;
    payload_len = len;
    lua_getglobal(lua, "process_message");
    lua_pushlightuserdata(lua, sequence_id);
    lua_pushstring(lua, kind);
    lua_ok(lua, lua_pcall(lua, 2, 1, 0));
    CHECK_INT(lua_type(lua, -1), LUA_TNUMBER);
    result = (int)lua_tointeger(lua, -1);
    lua_pop(lua, 1);
    payload = NULL;
    return result;
}

static void timer_event(lua_State *lua)
{
    lua_getglobal(lua, "timer_event");
    lua_pushnumber(lua, 0);
    lua_ok(lua, lua_pcall(lua, 1, 0, 0));
}

static void await_checkpoint(lua_State *lua, void *sequence_id)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    while (checkpoint_count == 0 || checkpoints[checkpoint_count - 1] != sequence_id) {
        CHECK(now_ms() < deadline);
        timer_event(lua);
        sleep_ms(1);
    }
}

/* The scenario that the module was first written for. */
static void the_seeds_scenario(const char *script)
{
    kafka_consumer *reader = reader_of(servers, "test", 1);
    lua_State *lua = open_sandbox(script);
    CHECK_INT(process_message(lua, (void *)1, "", "one", 3), 0);
    CHECK_INT(process_message(lua, (void *)2, "", "unused", 6), 0);
    CHECK_INT(process_message(lua, (void *)3, "", "unused", 6), 0);
    await_checkpoint(lua, (void *)3);
    CHECK_INT(failure_count, 0);
    lua_close(lua);
    expect_text(reader, "one");
    expect_text(reader, "two");
    expect_text(reader, "three");
    kafka_consumer_free(reader);
}

static void every_pointer_comes_back(lua_State *lua, kafka_consumer *reader)
{
    /* The least, the largest that user space has, and everything a host allocates. */
    void *pointers[] = {(void *)0x1,        NULL,
                        (void *)0xffffffff, (void *)UINT64_C(0x100000000),
                        (void *)payload_elsewhere, (void *)UINT64_C(0x7fffffffffff),
                        malloc(10),         malloc(10000000),
                        pointers,           (void *)&servers,
                        NULL};
    char text[32];
    size_t count = sizeof pointers / sizeof *pointers, i;
    void *high = mmap((void *)UINT64_C(0x7ffe00000000), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    CHECK(high != MAP_FAILED);
    pointers[count - 1] = high;

    for (i = 0; i < count; i++) {
        int before = checkpoint_count;
        snprintf(text, sizeof text, "pointer %lu", (unsigned long)i);
        CHECK_INT(process_message(lua, pointers[i], "raw", text, strlen(text)), 0);
        while (checkpoint_count == before) {
            timer_event(lua);
            sleep_ms(1);
        }
        CHECK_INT(checkpoint_count, before + 1);
        CHECK_INT(checkpoint_types[before], LUA_TLIGHTUSERDATA);
        CHECK(checkpoints[before] == pointers[i]);
        expect_text(reader, text);
    }
    free(pointers[6]);
    free(pointers[7]);
    CHECK_INT(munmap(high, 4096), 0);
    CHECK_INT(failure_count, 0);

    /* A pointer cdata stays one, and keeps every bit. */
    CHECK_INT(process_message(lua, (void *)1, "cdata", NULL, 0), 0);
    await_checkpoint(lua, (void *)(uintptr_t)UINT64_C(0xfedcba9876543210));
    CHECK_INT(checkpoint_types[checkpoint_count - 1], LUA_TCDATA);
    expect_text(reader, "cdata");
    /* Without a sequence id a report is a report all the same. */
    CHECK_INT(process_message(lua, (void *)1, "without id", NULL, 0), 0);
    await_checkpoint(lua, NULL);
    CHECK_INT(checkpoint_types[checkpoint_count - 1], LUA_TNIL);
    expect_text(reader, "without id");
}

static void many_at_once_come_back_in_order(lua_State *lua, kafka_consumer *reader)
{
    static char sequence[1000];
    char text[32];
    int i, first = checkpoint_count;
    for (i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "many %d", i);
        CHECK_INT(process_message(lua, &sequence[i], "raw", text, strlen(text)), 0);
        if (i % 7 == 0) {
            timer_event(lua);
        }
    }
    await_checkpoint(lua, &sequence[999]);
    for (i = first + 1; i < checkpoint_count; i++) {
        CHECK((char *)checkpoints[i] > (char *)checkpoints[i - 1]);
    }
    CHECK((char *)checkpoints[first] >= sequence);
    CHECK_INT(failure_count, 0);
    for (i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "many %d", i);
        expect_text(reader, text);
    }
}

static void what_read_message_answers_is_sent(lua_State *lua, kafka_consumer *reader)
{
    char bytes[512];
    int i, before = checkpoint_count;
    for (i = 0; i < 512; i++) {
        bytes[i] = (char)(i * 7);
    }
    read_count = 0;
    CHECK_INT(process_message(lua, (void *)10, "raw", bytes, sizeof bytes), 0);
    CHECK_INT(process_message(lua, (void *)11, "with holes", bytes, 1), 0);
    CHECK_INT(process_message(lua, (void *)12, "counter", NULL, 0), 0);
    CHECK_INT(read_count, 3);
    await_checkpoint(lua, (void *)12);

    /* Nothing to send is no failure, and nothing comes back for it. */
    before = checkpoint_count;
    CHECK_INT(process_message(lua, (void *)13, "empty", NULL, 0), 0);
    CHECK_INT(process_message(lua, (void *)14, "nil", NULL, 0), 0);
    CHECK_INT(process_message(lua, (void *)15, "nothing", NULL, 0), 0);
    CHECK_INT(read_count, 6);
    for (i = 0; i < 50; i++) {
        timer_event(lua);
        sleep_ms(1);
    }
    CHECK_INT(checkpoint_count, before);

    CHECK_INT(process_message(lua, (void *)16, "raw", "last", 4), 0);
    await_checkpoint(lua, (void *)16);
    expect_message(reader, bytes, sizeof bytes);
    expect_message(reader, bytes, 1);
    expect_text(reader, "counter 1 2");
    expect_text(reader, "last");
    CHECK_INT(failure_count, 0);
}

static void failures_are_counted(lua_State *lua, kafka_consumer *reader)
{
    int i;
    /* A partition that is not there: refused at once, or reported as failed. */
    int refused = process_message(lua, (void *)20, "unknown partition", "x", 1);
    if (refused == 0) {
        await_checkpoint(lua, (void *)20);
        CHECK_INT(failure_count, 1);
        refused = process_message(lua, (void *)21, "unknown partition", "x", 1);
    }
    CHECK_INT(refused, ESRCH);
    failure_count = 0;

    OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
    for (i = 0; i < 5; i++) {
        CHECK_INT(process_message(lua, (void *)(uintptr_t)(30 + i), "impatient", "x", 1), 0);
    }
    await_checkpoint(lua, (void *)34);
    CHECK_INT(failure_count, 5);
    OK(kafka_mock_cluster_broker_up(cluster, 1, &err));
    CHECK_INT(process_message(lua, (void *)40, "raw", "back", 4), 0);
    await_checkpoint(lua, (void *)40);
    CHECK_INT(failure_count, 5);
    expect_text(reader, "back");
}

static void a_host_that_fails_gets_an_error(lua_State *lua)
{
    int status = 0;
    int64_t deadline = now_ms() + PATIENCE_MS;
    refuse_checkpoints = 1;
    CHECK_INT(process_message(lua, (void *)50, "raw", "x", 1), 0);
    while (status == 0) {
        CHECK(now_ms() < deadline);
        sleep_ms(1);
        lua_getglobal(lua, "timer_event");
        lua_pushnumber(lua, 0);
        status = lua_pcall(lua, 1, 0, 0);
    }
    CHECK(strstr(lua_tostring(lua, -1), "the host refuses") != NULL);
    lua_pop(lua, 1);
    refuse_checkpoints = 0;
    CHECK_INT(process_message(lua, (void *)51, "raw", "x", 1), 0);
    await_checkpoint(lua, (void *)51);
}

int main(int argument_count, char **arguments)
{
    kafka_consumer *reader;
    lua_State *lua;

    CHECK_INT(argument_count, 3);
    cluster = cluster_with("test", 1, &servers);
    OK(kafka_mock_cluster_create_topic(cluster, "sandbox", 1, 1, &err));
    the_seeds_scenario(arguments[1]);

    reader = reader_of(servers, "sandbox", 1);
    lua = open_sandbox(arguments[2]);
    every_pointer_comes_back(lua, reader);
    many_at_once_come_back_in_order(lua, reader);
    what_read_message_answers_is_sent(lua, reader);
    failures_are_counted(lua, reader);
    a_host_that_fails_gets_an_error(lua);
    lua_close(lua);
    kafka_consumer_free(reader);
    kafka_mock_cluster_free(cluster);
    return 0;
}
