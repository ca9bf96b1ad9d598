/* A broker that counts what is produced and drops it, for clients of any age: one that only speaks the protocol and the
 * message sets of Kafka 0.8, and one that wants record batches. It costs next to nothing, so that the clients are measured.
 *
 *   sink PORT [PARTITIONS]    how many each topic has, 4 by default; answers on stdout to lines on stdin:
 *     count TOPIC   how many records it has had
 *     down          closes all connections, and accepts none
 *     up            accepts again */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRODUCE = 0, FETCH = 1, METADATA = 3, FIND_COORDINATOR = 10, API_VERSIONS = 18 };
enum { PARTITIONS_MAX = 1024, TOPICS = 64, CONNECTIONS = 256, NODE = 1, UNSUPPORTED_VERSION = 35 };

/* Those before the protocol's compact ("flexible") encoding. Clients look at Fetch and FindCoordinator to know which
 * compressions there are, and never ask for them. */
static const int16_t versions[][3] = {
    {PRODUCE, 0, 7}, {FETCH, 0, 11}, {METADATA, 0, 4}, {FIND_COORDINATOR, 0, 1}, {API_VERSIONS, 0, 2}};

static int partition_count = 4;

static struct topic {
  char name[250];
  int64_t records[PARTITIONS_MAX];
} topics[TOPICS];

struct connection {
  uint8_t *data;
  size_t used, room;
};

/* What is left of a request. Reading beyond its end gives zeros. */
struct reader {
  const uint8_t *at, *end;
};

/* The clients are known, and so is what they ask: an answer that does not fit is a mistake in here. */
static uint8_t answer[1 << 16];
static size_t length;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static const uint8_t *skip(struct reader *from, int64_t size) {
  static const uint8_t zeros[8];
  const uint8_t *at = from->at;
  if (size < 0 || from->end - at < size) {
    from->at = from->end;
    return zeros;
  }
  from->at += size;
  return at;
}

static int64_t number(const uint8_t *at, int size) {
  int64_t value = (int8_t)*at;
  while (--size > 0)
    value = (int64_t)((uint64_t)value << 8 | *++at);
  return value;
}

static int64_t get(struct reader *from, int size) { return number(skip(from, size), size); }

/* A string or bytes, as something to read; null is empty. */
static struct reader get_text(struct reader *from, int size_of_length) {
  int64_t size = get(from, size_of_length);
  if (size < 0 || from->end - from->at < size)
    size = 0;
  const uint8_t *at = skip(from, size);
  return (struct reader){at, at + size};
}

static void put(int64_t value, int size) {
  if (length + (size_t)size > sizeof answer)
    exit(1);
  while (size-- > 0)
    answer[length++] = (uint8_t)(value >> 8 * size);
}

static void put_text(const char *text) {
  put((int64_t)strlen(text), 2);
  while (*text)
    put(*text++, 1);
}

static struct topic *find_topic(struct reader name) {
  size_t size = (size_t)(name.end - name.at);
  for (struct topic *topic = topics; topic < topics + TOPICS && size < sizeof topic->name; topic++) {
    if (!*topic->name)
      memcpy(topic->name, name.at, size);
    if (strlen(topic->name) == size && memcmp(topic->name, name.at, size) == 0)
      return topic;
  }
  exit(1);
}

/* Of a message set: single messages, or batches that know how many are in them. Both have their length at 8 and the
 * format's number at 16. */
static int64_t count_records(struct reader set) {
  int64_t records = 0;
  while (set.end - set.at >= 17) {
    struct reader entry = set;
    skip(&set, 12 + (uint32_t)number(set.at + 8, 4));
    records += set.at - entry.at > 61 && entry.at[16] == 2 ? number(entry.at + 57, 4) : 1;
  }
  return records;
}

static void api_versions(void) {
  put(sizeof versions / sizeof *versions, 4);
  for (size_t at = 0; at < sizeof versions / sizeof *versions; at++)
    for (int field = 0; field < 3; field++)
      put(versions[at][field], 2);
}

static void metadata(struct reader from, int version, int port) {
  if (version >= 3)
    put(0, 4); /* throttle time */
  put(1, 4);
  put(NODE, 4);
  put_text("127.0.0.1");
  put(port, 4);
  if (version >= 1)
    put(-1, 2); /* rack */
  if (version >= 2)
    put_text("sink");
  if (version >= 1)
    put(NODE, 4); /* controller */
  int32_t count = (int32_t)get(&from, 4);
  put(count < 0 ? 0 : count, 4);
  while (count-- > 0) {
    struct topic *topic = find_topic(get_text(&from, 2));
    put(0, 2);
    put_text(topic->name);
    if (version >= 1)
      put(0, 1); /* is internal */
    put(partition_count, 4);
    for (int partition = 0; partition < partition_count; partition++) {
      put(0, 2);
      put(partition, 4);
      put(NODE, 4);
      for (int list = 0; list < 2; list++) { /* replicas; those in sync */
        put(1, 4);
        put(NODE, 4);
      }
    }
  }
}

static void produce(struct reader from, int version) {
  if (version >= 3)
    get_text(&from, 2); /* transactional id */
  skip(&from, 6);       /* acks, timeout */
  int32_t count = (int32_t)get(&from, 4);
  put(count, 4);
  while (count-- > 0) {
    struct topic *topic = find_topic(get_text(&from, 2));
    int32_t partitions = (int32_t)get(&from, 4);
    put_text(topic->name);
    put(partitions, 4);
    while (partitions-- > 0) {
      int32_t partition = (int32_t)get(&from, 4);
      int64_t *records = &topic->records[partition & (PARTITIONS_MAX - 1)];
      put(partition, 4);
      put(0, 2);
      put(*records, 8);
      *records += count_records(get_text(&from, 4));
      if (version >= 2)
        put(-1, 8); /* time of append */
      if (version >= 5)
        put(0, 8); /* first offset */
    }
  }
  if (version >= 1)
    put(0, 4); /* throttle time */
}

/* Leaves the answer to a request in `answer`. */
static void serve(struct reader from, int port) {
  int key = (int)get(&from, 2), version = (int)get(&from, 2);
  length = 4;
  put(get(&from, 4), 4); /* correlation id */
  get_text(&from, 2);    /* client id */
  if (key == PRODUCE) {
    produce(from, version);
  } else if (key == METADATA) {
    metadata(from, version, port);
  } else {
    /* A request of a newer version is answered in version 0, and the client asks again. */
    int known = version <= 2;
    put(known ? 0 : UNSUPPORTED_VERSION, 2);
    api_versions();
    if (known && version >= 1)
      put(0, 4); /* throttle time */
  }
  size_t size = length;
  length = 0;
  put((int64_t)size - 4, 4);
  length = size;
}

/* Serves all requests that are there. False at the connection's end. */
static int receive(int fd, struct connection *of, int port) {
  if (of->room - of->used < 1 << 16)
    of->data = realloc(of->data, of->room += 1 << 20);
  if (!of->data)
    fail("memory");
  ssize_t got = read(fd, of->data + of->used, of->room - of->used);
  if (got <= 0)
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  of->used += (size_t)got;
  size_t done = 0;
  while (of->used - done >= 4) {
    size_t size = (size_t)number(of->data + done, 4);
    if (of->used - done - 4 < size)
      break;
    const uint8_t *request = of->data + done + 4;
    serve((struct reader){request, request + size}, port);
    /* Answers are short and read at once: what cannot be written is the end of a connection. */
    if (write(fd, answer, length) != (ssize_t)length)
      return 0;
    done += 4 + size;
  }
  memmove(of->data, of->data + done, of->used -= done);
  return 1;
}

static int listen_on(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 64))
    fail("listen");
  return fd;
}

int main(int argc, char **argv) {
  /* stdin, the listener (-1 while down, which poll passes over), the connections */
  static struct pollfd fds[2 + CONNECTIONS];
  static struct connection connections[2 + CONNECTIONS];
  int port = argc > 1 ? atoi(argv[1]) : 0;
  if (argc > 2)
    partition_count = atoi(argv[2]);
  if (partition_count < 1 || partition_count > PARTITIONS_MAX)
    return 1;
  nfds_t count = 2;
  char line[300];
  fds[0] = (struct pollfd){.fd = 0, .events = POLLIN};
  fds[1] = (struct pollfd){.fd = listen_on(port), .events = POLLIN};
  setvbuf(stdin, NULL, _IONBF, 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  while (poll(fds, count, -1) >= 0 || errno == EINTR) {
    for (nfds_t at = count; at-- > 2;)
      if (fds[at].revents && !receive(fds[at].fd, &connections[at], port)) {
        close(fds[at].fd);
        free(connections[at].data);
        fds[at] = fds[--count];
        connections[at] = connections[count];
        connections[count] = (struct connection){0};
      }
    if (fds[1].revents && count < 2 + CONNECTIONS) {
      int fd = accept(fds[1].fd, NULL, NULL), yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      fcntl(fd, F_SETFL, O_NONBLOCK);
      fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    if (!fds[0].revents)
      continue;
    if (!fgets(line, sizeof line, stdin))
      break;
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "down") == 0) {
      close(fds[1].fd);
      fds[1].fd = -1;
      while (count > 2) {
        close(fds[--count].fd);
        free(connections[count].data);
        connections[count] = (struct connection){0};
      }
      puts("down");
    } else if (strcmp(line, "up") == 0) {
      fds[1].fd = listen_on(port);
      puts("up");
    } else if (strncmp(line, "count ", 6) == 0) {
      const uint8_t *name = (const uint8_t *)line + 6;
      struct topic *topic = find_topic((struct reader){name, name + strlen(line + 6)});
      int64_t sum = 0;
      for (int partition = 0; partition < partition_count; partition++)
        sum += topic->records[partition];
      printf("%lld\n", (long long)sum);
    }
  }
  return 0;
}
