/* SPDX-License-Identifier: MIT
 * wsload: opens many WebSockets of one loopback server, publishes from some of them, and checks everything
 * that all of them get. What it prints is worth nothing unless it ends with 0: any message lost, repeated,
 * out of order or of another room ends it with 1. tests/load/bench runs it; tests/load/README.md says what is
 * measured.
 */
#include "tests/load/wsload.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

#define INPUT_TAG UINT64_MAX /* epoll's word for standard input; else it is a connection's index */

enum { EVENTS = 512, OPEN_SECONDS_MAX = 120, FILES_BESIDES = 32 };

enum option_kind { OPTION_COUNT, OPTION_SECONDS, OPTION_TEXT, OPTION_FLAG };

/* One row makes the parser and the usage. */
static const struct option_row {
    const char *name;
    enum option_kind kind;
    size_t at;
    double least, most;
    const char *what;
} option_rows[] = {
#define AT(member) offsetof(struct options, member)
    { "connections", OPTION_COUNT, AT(connections), 1, LOAD_CONNS_MAX, "sockets (100)" },
    { "rooms", OPTION_COUNT, AT(rooms), 1, LOAD_CONNS_MAX, "rooms; connection i is in room i % rooms (1)" },
    { "publishers", OPTION_COUNT, AT(publishers), 0, LOAD_CONNS_MAX, "publisher j is in room j % rooms (0)" },
    { "window", OPTION_COUNT, AT(window), 1, LOAD_WINDOW_MAX, "messages of a publisher under way (1)" },
    { "message", OPTION_TEXT, AT(message), 0, 0, "what is published; needs {m} (the event send)" },
    { "size", OPTION_COUNT, AT(size), 0, LOAD_SIZE_MAX, "bytes that {pad} fills a message up to (0)" },
    { "open", OPTION_TEXT, AT(open), 0, 0, "sent after the upgrade" },
    { "ready", OPTION_TEXT, AT(ready), 0, 0, "how the message begins with which a connection is open" },
    { "seq", OPTION_TEXT, AT(seq), 0, 0, "rises: seq must rise by 1; read: only looked at, for equal work" },
    { "header", OPTION_TEXT, AT(header), 0, 0, "one more line of the upgrade request" },
    { "opening", OPTION_COUNT, AT(opening), 1, 4096, "connections being opened at once (128)" },
    { "settle", OPTION_SECONDS, AT(settle), 0, 60, "pause after opening (0.5)" },
    { "warm", OPTION_SECONDS, AT(warm), 0, 60, "load before it is measured (1)" },
    { "seconds", OPTION_SECONDS, AT(seconds), 0.1, LOAD_SECONDS_MAX, "load that is measured (5)" },
    { "drain", OPTION_SECONDS, AT(drain), 0, 60, "longest wait for what is missing (10)" },
    { "cpu", OPTION_COUNT, AT(cpu), 0, 1023, "run on this CPU alone" },
    { "hold", OPTION_FLAG, AT(hold), 0, 0, "once open say so and stay until standard input ends" },
#undef AT
};

enum { OPTION_ROWS = sizeof option_rows / sizeof *option_rows };

_Noreturn void load_give_up(const char *fmt, ...)
{
    va_list ap;

    fputs("wsload: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(2);
}

void load_wrong(struct load *l, enum wrong w, const char *fmt, ...)
{
    va_list ap;

    l->wrong[w]++;
    if (l->first_wrong[0])
        return;
    va_start(ap, fmt);
    vsnprintf(l->first_wrong, sizeof l->first_wrong, fmt, ap);
    va_end(ap);
}

/* ---- options ---- */

static void usage(FILE *to)
{
    fputs("usage: wsload [options] ws://127.0.0.1:PORT/PATH | ws+unix:SOCKET:/PATH\n"
          "PATH, open and ready may have {i} (connection) and {r} (room) in them, message {i} (publisher),\n"
          "{m} (the mark that is checked) and {pad}.\n",
          to);
    for (size_t i = 0; i < OPTION_ROWS; i++)
        fprintf(to, "  --%-12s %s\n", option_rows[i].name, option_rows[i].what);
}

static void option_set(struct options *o, const struct option_row *row, const char *value)
{
    void *at = (char *)o + row->at;
    char *end;
    double v = 0;

    if (row->kind == OPTION_COUNT || row->kind == OPTION_SECONDS) {
        v = strtod(value, &end);
        if (end == value || *end || !(v >= row->least && v <= row->most))
            load_give_up("--%s takes %g to %g", row->name, row->least, row->most);
    }
    if (row->kind == OPTION_COUNT)
        *(long *)at = (long)v;
    else if (row->kind == OPTION_SECONDS)
        *(double *)at = v;
    else if (row->kind == OPTION_TEXT)
        *(const char **)at = value;
    else
        *(bool *)at = true;
}

static void options_check(struct load *l)
{
    const struct options *o = &l->o;

    if (o->rooms > o->connections || o->publishers > o->connections)
        load_give_up("there are more rooms or publishers than connections");
    if (!text_parse(&l->message, o->message) || !text_parse(&l->open, o->open ? o->open : "") ||
        !text_parse(&l->ready, o->ready ? o->ready : ""))
        load_give_up("a template has too many parts");
    if (!text_has_mark(&l->message))
        load_give_up("the message needs {m}");
    if (o->seq && strcmp(o->seq, "rises") && strcmp(o->seq, "read"))
        load_give_up("--seq takes rises or read");
    l->seq_use = !o->seq ? SEQ_IGNORE : o->seq[2] == 'a' ? SEQ_READ : SEQ_RISES;
}

/* Returns the URL. */
static const char *options_read(struct load *l, int argc, char **argv)
{
    struct option longs[OPTION_ROWS + 2] = { [OPTION_ROWS] = { "help", no_argument, NULL, 'h' } };
    int k, row;

    l->o = (struct options){ .connections = 100,
                             .rooms = 1,
                             .window = 1,
                             .message = "{\"event_type\":\"send\",\"msg\":\"{m}{pad}\"}",
                             .opening = 128,
                             .cpu = -1,
                             .settle = 0.5,
                             .warm = 1,
                             .seconds = 5,
                             .drain = 10 };
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        longs[i].name = option_rows[i].name;
        longs[i].has_arg = option_rows[i].kind == OPTION_FLAG ? no_argument : required_argument;
    }
    while ((k = getopt_long(argc, argv, "h", longs, &row)) != -1) {
        if (k) {
            usage(k == 'h' ? stdout : stderr);
            exit(k == 'h' ? 0 : 2);
        }
        option_set(&l->o, &option_rows[row], optarg);
    }
    if (optind != argc - 1) {
        usage(stderr);
        exit(2);
    }
    options_check(l);
    return argv[optind];
}

/* ---- start ---- */

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    if (!p)
        load_give_up("out of memory");
    return p;
}

static void files_raise(const struct load *l)
{
    rlim_t need = (rlim_t)l->o.connections + FILES_BESIDES;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= need)
        return;
    files.rlim_cur = need;
    if (files.rlim_max < need)
        files.rlim_max = need;
    if (setrlimit(RLIMIT_NOFILE, &files))
        load_give_up("%lu open files are needed: %s", (unsigned long)need, strerror(errno));
}

static void cpu_pin(long cpu)
{
    cpu_set_t set;

    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        load_give_up("CPU %ld: %s", cpu, strerror(errno));
}

/* Publishers are spread evenly over the members of their room. */
static void load_arrange(struct load *l)
{
    long rooms = l->o.rooms, members = l->o.connections / rooms, stride;

    l->share = (uint32_t)((l->o.publishers + rooms - 1) / rooms);
    stride = l->share && members > (long)l->share ? members / (long)l->share : 1;
    l->conn = zeroed((size_t)l->o.connections, sizeof *l->conn);
    l->publisher = zeroed((size_t)l->o.publishers, sizeof *l->publisher);
    l->due = zeroed((size_t)l->o.publishers, sizeof *l->due);
    l->expected = zeroed((size_t)l->o.connections * (l->share ? l->share : 1), sizeof *l->expected);
    for (long i = 0; i < l->o.connections; i++)
        l->conn[i] = (struct conn){ .fd = -1, .index = (uint32_t)i, .room = (uint32_t)(i % rooms) };
    for (long j = 0; j < l->o.publishers; j++) {
        l->publisher[j].conn = &l->conn[j / rooms * stride * rooms + j % rooms];
        l->publisher[j].conn->publisher = &l->publisher[j];
    }
}

/* ---- the loop ---- */

static uint64_t after(double seconds)
{
    return clock_mono_ns() + (uint64_t)(seconds * 1e9);
}

/* Closed loop: whoever got an echo of his own sends again, up to his window. */
static void publish_due(struct load *l)
{
    uint64_t now = clock_mono_ns();

    for (size_t i = 0; i < l->due_n; i++) {
        struct publisher *p = &l->publisher[l->due[i]];

        p->due = false;
        if (!l->publishing || p->conn->state != CONN_OPEN)
            continue;
        while (p->sent - p->echoed < (uint32_t)l->o.window)
            conn_publish(l, p, now);
        if (!p->conn->blocked)
            conn_flush(p->conn);
    }
    l->due_n = 0;
}

static void input_read(struct load *l)
{
    char drop[256];

    if (read(STDIN_FILENO, drop, sizeof drop) <= 0)
        l->input_ended = true;
}

/* Waits until something comes, at most until `until`. */
static void turn(struct load *l, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t now = clock_mono_ns(), rest = until > now ? until - now : 0;
    struct timespec wait = { .tv_sec = (time_t)(rest / 1000000000u), .tv_nsec = (long)(rest % 1000000000u) };
    int n = epoll_pwait2(l->epoll, events, EVENTS, &wait, NULL);

    for (int i = 0; i < n; i++)
        if (events[i].data.u64 == INPUT_TAG)
            input_read(l);
        else
            conn_event(l, &l->conn[events[i].data.u64], events[i].events);
    if (l->due_n)
        publish_due(l);
}

/* Once something was wrong there is nothing left to measure. */
static bool right_until(const struct load *l, uint64_t until)
{
    return !l->first_wrong[0] && clock_mono_ns() < until;
}

static void run_for(struct load *l, double seconds)
{
    uint64_t until = after(seconds);

    while (right_until(l, until))
        turn(l, until);
}

/* ---- the run ---- */

static bool open_all(struct load *l)
{
    uint64_t limit = after(OPEN_SECONDS_MAX);
    long next = 0;

    while ((next < l->o.connections || l->under_way) && right_until(l, limit)) {
        while (next < l->o.connections && l->under_way < (uint32_t)l->o.opening)
            conn_start(l, &l->conn[next++]);
        turn(l, after(0.1));
    }
    if (l->under_way && !l->first_wrong[0])
        load_wrong(l, WRONG_UPGRADE, "%u connections were not open after %d s", l->under_way,
                   OPEN_SECONDS_MAX);
    return l->opened == (uint32_t)l->o.connections;
}

/* Somebody else measures meanwhile. */
static void hold(struct load *l)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = INPUT_TAG };

    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev))
        load_give_up("standard input: %s", strerror(errno));
    printf("{\"open\":%u}\n", l->opened);
    fflush(stdout);
    while (!l->input_ended && !l->first_wrong[0])
        turn(l, after(1));
}

static void publish(struct load *l, struct sample *from, struct sample *to)
{
    l->publishing = true;
    for (long j = 0; j < l->o.publishers; j++)
        l->due[l->due_n++] = (uint32_t)j;
    publish_due(l);
    run_for(l, l->o.warm);
    l->measuring = true;
    *from = sample_take(l);
    run_for(l, l->o.seconds);
    *to = sample_take(l);
    l->measuring = l->publishing = false;
}

/* All that was sent must come to all, so that what is measured is also whole. */
static void drain(struct load *l)
{
    uint64_t expected = check_expected(l), limit = after(l->o.drain);

    while (l->deliveries < expected && right_until(l, limit))
        turn(l, after(0.02));
    if (l->deliveries < expected && !l->first_wrong[0]) {
        load_wrong(l, WRONG_MISSING, "%llu deliveries are missing",
                   (unsigned long long)(expected - l->deliveries));
        l->wrong[WRONG_MISSING] = expected - l->deliveries;
    }
}

int main(int argc, char **argv)
{
    static struct load l;
    struct sample from = { 0 }, to = { 0 };
    uint64_t began;
    double open_seconds;

    conn_target(&l, options_read(&l, argc, argv));
    signal(SIGPIPE, SIG_IGN);
    files_raise(&l);
    cpu_pin(l.o.cpu);
    load_arrange(&l);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l.epoll < 0)
        load_give_up("epoll: %s", strerror(errno));

    began = clock_mono_ns();
    if (!open_all(&l)) {
        report(&l, &from, &to, 0);
        return 1;
    }
    open_seconds = (double)(clock_mono_ns() - began) / 1e9;
    run_for(&l, l.o.settle);
    if (l.o.hold)
        hold(&l);
    if (l.o.publishers) {
        publish(&l, &from, &to);
        drain(&l);
    }
    return report(&l, &from, &to, open_seconds) ? 0 : 1;
}
