/* SPDX-License-Identifier: MIT
 * The trivial FastCGI program: as many threads as it is told, each answering every request with the bytes of one
 * file (Status line, header lines, body). What any FastCGI program can answer at most behind the same web server;
 * tests/load/bench compares GET of a room with it. The listening socket is descriptor 0, as globes.fcgi's is.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcgiapp.h>

#include "common/str.h"

enum { ANSWER_MAX = 64 * 1024, THREADS_MAX = 64, LISTENING = 0 };

struct answer {
    char bytes[ANSWER_MAX];
    int n;
};

static bool answer_read(struct answer *a, const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        return false;
    a->n = (int)fread(a->bytes, 1, sizeof a->bytes, file);
    fclose(file);
    return a->n > 0 && a->n < ANSWER_MAX;
}

static void *work(void *arg)
{
    const struct answer *a = arg;
    FCGX_Request r;

    FCGX_InitRequest(&r, LISTENING, 0);
    while (FCGX_Accept_r(&r) == 0)
        FCGX_PutStr(a->bytes, a->n, r.out);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct answer answer;
    pthread_t thread;
    uint64_t threads = 0;

    if (argc != 3 || !str_to_u64(str_of(argv[2]), &threads) || threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "usage: barefcgi ANSWER THREADS (descriptor 0 is a listening socket)\n");
        return 2;
    }
    if (!answer_read(&answer, argv[1]) || FCGX_Init()) {
        fprintf(stderr, "barefcgi: %s cannot be used\n", argv[1]);
        return 1;
    }
    for (uint64_t i = 1; i < threads; i++)
        if (pthread_create(&thread, NULL, work, &answer))
            return 1;
    work(&answer);
    return 1; /* the listening socket is gone */
}
