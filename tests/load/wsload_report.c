/* SPDX-License-Identifier: MIT
 * wsload's figures: the histogram of times, samples of the counters, and the JSON line at the end.
 */
#include "tests/load/wsload.h"

#include <stdio.h>
#include <sys/resource.h>

#include "common/clock.h"

void histogram_add(struct histogram *h, uint64_t ns)
{
    unsigned power;

    h->n++;
    if (ns > h->most)
        h->most = ns;
    if (ns < 64) {
        h->count[ns]++;
        return;
    }
    power = 63u - (unsigned)__builtin_clzll(ns); /* 6 or more: the 64 steps between two powers of two */
    h->count[(power - 5) * 64 + (ns >> (power - 6) & 63)]++;
}

/* The middle of a step. */
static uint64_t step_value(unsigned i)
{
    unsigned power = i / 64 + 5;

    if (i < 64)
        return i;
    return 1ull << power | (uint64_t)(i & 63) << (power - 6) | 1ull << (power - 6) >> 1;
}

/* In microseconds, what the part p of all does not exceed. */
static double histogram_us(const struct histogram *h, double p)
{
    uint64_t want = (uint64_t)((double)h->n * p), sum = 0, v = h->most;

    for (unsigned i = 0; i < 64 * 64; i++) {
        sum += h->count[i];
        if (sum > want) {
            v = step_value(i);
            break;
        }
    }
    return (double)(v < h->most ? v : h->most) / 1e3;
}

struct sample sample_take(const struct load *l)
{
    struct rusage u;
    struct sample s = { .at = clock_mono_ns(),
                        .deliveries = l->deliveries,
                        .frames = l->frames,
                        .frame_bytes = l->frame_bytes,
                        .reads = l->reads };

    getrusage(RUSAGE_SELF, &u);
    s.cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
            (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    for (long j = 0; j < l->o.publishers; j++)
        s.sent += l->publisher[j].sent;
    return s;
}

static double per(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void report_times(struct buf *out, const char *name, const struct histogram *h)
{
    buf_format(out, ",\"%s\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name,
               histogram_us(h, .5), histogram_us(h, .9), histogram_us(h, .99), histogram_us(h, .999),
               (double)h->most / 1e3);
}

static void report_load(struct buf *out, const struct load *l, const struct sample *from,
                        const struct sample *to)
{
    double seconds = (double)(to->at - from->at) / 1e9;
    double deliveries = (double)(to->deliveries - from->deliveries);

    buf_format(out, ",\"seconds\":%.3f,\"messages_per_s\":%.1f,\"deliveries_per_s\":%.1f", seconds,
               per((double)(to->sent - from->sent), seconds), per(deliveries, seconds));
    buf_format(out, ",\"frame_bytes\":%.2f,\"frames_per_read\":%.2f,\"cpu_percent\":%.1f",
               per((double)(to->frame_bytes - from->frame_bytes), deliveries),
               per((double)(to->frames - from->frames), (double)(to->reads - from->reads)),
               per((to->cpu - from->cpu) * 100, seconds));
    report_times(out, "latency_us", &l->latency);
}

static bool report_wrong(struct buf *out, const struct load *l)
{
    static const char *const names[WRONG_COUNT] = { "connect", "upgrade", "lost", "protocol", "refused",
                                                    "gap",     "repeat",  "room", "seq",      "missing" };
    bool good = true;

    for (size_t i = 0; i < WRONG_COUNT; i++) {
        buf_format(out, "%s\"%s\":%llu", i ? "," : ",\"wrong\":{", names[i], (unsigned long long)l->wrong[i]);
        good = good && !l->wrong[i];
    }
    buf_text(out, ",\"first\":");
    buf_json(out, str_of(l->first_wrong));
    buf_char(out, '}');
    return good;
}

bool report(const struct load *l, const struct sample *from, const struct sample *to, double open_seconds)
{
    struct sample now = sample_take(l);
    struct buf out = { 0 };
    bool good;

    buf_format(&out,
               "{\"connections\":%u,\"rooms\":%ld,\"publishers\":%ld,\"window\":%ld,\"open_seconds\":%.3f",
               l->opened, l->o.rooms, l->o.publishers, l->o.window, open_seconds);
    report_times(&out, "open_us", &l->open_time);
    if (l->o.publishers)
        report_load(&out, l, from, to);
    buf_format(&out, ",\"sent_in_all\":%llu,\"deliveries_in_all\":%llu", (unsigned long long)now.sent,
               (unsigned long long)now.deliveries);
    good = report_wrong(&out, l);
    buf_text(&out, "}\n");
    if (!buf_ok(&out))
        load_give_up("out of memory");
    fputs(out.data, stdout);
    buf_free(&out);
    return good;
}
