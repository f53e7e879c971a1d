/* SPDX-License-Identifier: MIT
 * httpload: keeps one request under way on each of its connections to a web server on 127.0.0.1, in a closed loop, and
 * checks every answer. The requests are those of a file, one after the other and over again, each ending with a NUL.
 * What it prints is worth nothing unless it ends with 0. One thread, so that it takes little from the server.
 */
#include "tests/load/httpload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"

enum { CONNECTIONS_MAX = 1024, READ_SIZE = 64 * 1024, EVENTS = 64, WAIT_MS = 20, PATIENCE_S = 30 };

static const char usage[] =
    "usage: httpload --port P --requests FILE (--answer FILE | --statuses 401,429) [--connections 16]\n"
    "                [--seconds 4] [--warm 1] [--cpu N]\n"
    "FILE has whole requests, each with a NUL behind it; an answer must be FILE's, or have one of the "
    "statuses.\n";

struct conn {
    int fd;
    uint64_t sent_ns; /* 0: nothing is under way */
    struct buf in;
};

struct load {
    struct sockaddr_in to;
    long connections, cpu;
    double seconds, warm;
    struct wanted wanted;
    struct buf requests, answer;
    struct str rest; /* of the requests */
    int epoll;
    struct conn *conn;
    uint64_t begin_ns, end_ns;        /* of what is measured */
    uint64_t answers;                 /* in that time */
    uint64_t status[HTTP_STATUS_MAX]; /* in all */
    struct buf times;                 /* uint32_t, us, of the measured ones */
};

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "httpload: %s%s%s\n", what, why ? ": " : "", why ? why : "");
    exit(2);
}

/* A wrong answer: the figures are worth nothing, so there are none. */
static _Noreturn void wrong(const char *what, struct str got)
{
    struct buf out = { 0 };

    buf_text(&out, "{\"wrong\":");
    buf_json(&out, str_of(what));
    buf_text(&out, "}\n");
    fputs(buf_ok(&out) ? out.data : "{}", stdout);
    fprintf(stderr, "httpload: %s\n%.*s\n", what, (int)(got.n < 2000 ? got.n : 2000), got.n ? got.p : "");
    exit(1);
}

/* ---- options ---- */

static void file_read(struct buf *b, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t n = 0;
    char *room;

    if (!file)
        give_up(path, strerror(errno));
    do {
        room = buf_room(b, READ_SIZE);
        n = room ? fread(room, 1, READ_SIZE, file) : 0;
        b->len += n;
    } while (n);
    fclose(file);
    if (!buf_ok(b) || !b->len)
        give_up(path, "it cannot be read, or is empty");
}

static double number(const char *text, double least, double most)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end || !(v >= least && v <= most))
        give_up(text, "no such number is taken there");
    return v;
}

static void statuses_read(struct wanted *w, const char *list)
{
    struct str rest = str_of(list), one;
    uint64_t status;

    while (str_next(&rest, ',', &one)) {
        if (!str_to_u64(one, &status) || status >= HTTP_STATUS_MAX)
            give_up(list, "statuses are 200,404 or the like");
        w->status[status] = true;
    }
}

static void option_take(struct load *l, int option)
{
    switch (option) {
    case 'p':
        l->to.sin_port = htons((uint16_t)number(optarg, 1, 65535));
        break;
    case 'r':
        file_read(&l->requests, optarg);
        break;
    case 'a':
        file_read(&l->answer, optarg);
        l->wanted.answer = buf_all(&l->answer);
        break;
    case 's':
        statuses_read(&l->wanted, optarg);
        break;
    case 'c':
        l->connections = (long)number(optarg, 1, CONNECTIONS_MAX);
        break;
    case 't':
        l->seconds = number(optarg, 0.1, 600);
        break;
    case 'w':
        l->warm = number(optarg, 0, 60);
        break;
    case 'u':
        l->cpu = (long)number(optarg, 0, CPU_SETSIZE - 1);
        break;
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static void options_read(struct load *l, int argc, char **argv)
{
    static const struct option options[] = {
        { "port", required_argument, NULL, 'p' },
        { "requests", required_argument, NULL, 'r' },
        { "answer", required_argument, NULL, 'a' },
        { "statuses", required_argument, NULL, 's' },
        { "connections", required_argument, NULL, 'c' },
        { "seconds", required_argument, NULL, 't' },
        { "warm", required_argument, NULL, 'w' },
        { "cpu", required_argument, NULL, 'u' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int option;

    *l = (struct load){ .connections = 16, .cpu = -1, .seconds = 4, .warm = 1 };
    l->to.sin_family = AF_INET;
    l->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        option_take(l, option);
    if (optind != argc || !l->to.sin_port || !l->requests.len) {
        fputs(usage, stderr);
        exit(2);
    }
    if (l->requests.data[l->requests.len - 1])
        give_up("a NUL must stand behind each request", NULL);
}

static void stay_on(long cpu)
{
    cpu_set_t set;

    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        give_up("--cpu", strerror(errno));
}

/* ---- connections ---- */

static void conn_open(struct load *l, struct conn *c)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    int yes = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&l->to, sizeof l->to))
        give_up("no connection", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event))
        give_up("epoll", strerror(errno));
}

/* Requests are short: what a fresh socket buffer does not take at once is no load, but a fault. */
static void conn_send(struct load *l, struct conn *c)
{
    struct str request;

    if (!l->rest.n)
        l->rest = (struct str){ l->requests.data, l->requests.len };
    str_next(&l->rest, '\0', &request);
    c->sent_ns = clock_mono_ns();
    if (send(c->fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
        wrong("a request could not be sent", request);
}

static void count_answer(struct load *l, const struct conn *c, int status)
{
    uint64_t now = clock_mono_ns();
    uint32_t us = (uint32_t)((now - c->sent_ns) / 1000);

    l->status[status]++;
    if (now < l->begin_ns || now >= l->end_ns)
        return;
    l->answers++;
    buf_bytes(&l->times, &us, sizeof us);
}

/* False: the answer is not all there yet. */
static bool take_answer(struct load *l, struct conn *c, bool *closes)
{
    struct str got = buf_all(&c->in);
    struct answer a;

    if (!answer_read(&a, got))
        wrong("this is no answer", got);
    if (!a.length)
        return false;
    if (a.length != got.n)
        wrong("more came than one answer", got);
    if (l->wanted.answer.p ? !answer_same(l->wanted.answer, got) : !l->wanted.status[a.status])
        wrong("a wrong answer", got);
    count_answer(l, c, a.status);
    buf_clear(&c->in);
    c->sent_ns = 0;
    *closes = a.closes;
    return true;
}

static void conn_read(struct load *l, struct conn *c)
{
    char *room = buf_room(&c->in, READ_SIZE);
    ssize_t n = room ? recv(c->fd, room, READ_SIZE, 0) : -1;
    bool closes;

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0 && !c->sent_ns) { /* it has done its work, and others have not */
        close(c->fd);
        return;
    }
    if (n <= 0) {
        fprintf(stderr, "httpload: after %.3f s, with %s\n", (double)(clock_mono_ns() - c->sent_ns) / 1e9,
                n ? strerror(errno) : "nothing more to come");
        wrong("a connection ended before its answer", buf_all(&c->in));
    }
    c->in.len += (size_t)n;
    if (!take_answer(l, c, &closes))
        return;
    if (closes) { /* a web server keeps none for ever */
        close(c->fd);
        conn_open(l, c);
    }
    if (clock_mono_ns() < l->end_ns)
        conn_send(l, c);
}

static bool under_way(const struct load *l)
{
    for (long i = 0; i < l->connections; i++)
        if (l->conn[i].sent_ns)
            return true;
    return false;
}

static void run(struct load *l)
{
    struct epoll_event events[EVENTS];

    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->conn = calloc((size_t)l->connections, sizeof *l->conn);
    if (l->epoll < 0 || !l->conn)
        give_up("no memory", NULL);
    for (long i = 0; i < l->connections; i++)
        conn_open(l, &l->conn[i]);
    l->begin_ns = clock_mono_ns() + (uint64_t)(l->warm * 1e9);
    l->end_ns = l->begin_ns + (uint64_t)(l->seconds * 1e9);
    for (long i = 0; i < l->connections; i++)
        conn_send(l, &l->conn[i]);
    while (under_way(l)) {
        int n = epoll_wait(l->epoll, events, EVENTS, WAIT_MS);

        for (int i = 0; i < n; i++)
            conn_read(l, events[i].data.ptr);
        if (clock_mono_ns() > l->end_ns + PATIENCE_S * UINT64_C(1000000000))
            wrong("an answer never came", (struct str){ 0 });
    }
}

/* ---- figures ---- */

static int compare_us(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void report(struct load *l)
{
    uint32_t *us = (void *)l->times.data;
    struct buf out = { 0 };
    const char *comma = "";
    size_t n = l->answers;

    if (!n || !buf_ok(&l->times))
        wrong("nothing was answered", (struct str){ 0 });
    qsort(us, n, sizeof *us, compare_us);
    buf_format(&out,
               "{\"answers_per_s\":%.1f,\"latency_us\":{\"p50\":%u,\"p99\":%u,\"max\":%u},\"statuses\":{",
               (double)n / l->seconds, us[n / 2], us[n * 99 / 100], us[n - 1]);
    for (int i = 0; i < HTTP_STATUS_MAX; i++) {
        if (!l->status[i])
            continue;
        buf_format(&out, "%s\"%d\":%llu", comma, i, (unsigned long long)l->status[i]);
        comma = ",";
    }
    buf_text(&out, "}}\n");
    fputs(buf_ok(&out) ? out.data : "{}", stdout);
    buf_free(&out);
}

int main(int argc, char **argv)
{
    static struct load load;

    options_read(&load, argc, argv);
    stay_on(load.cpu);
    run(&load);
    report(&load);
    for (long i = 0; i < load.connections; i++) {
        close(load.conn[i].fd);
        buf_free(&load.conn[i].in);
    }
    free(load.conn);
    buf_free(&load.requests);
    buf_free(&load.answer);
    buf_free(&load.times);
    return 0;
}
