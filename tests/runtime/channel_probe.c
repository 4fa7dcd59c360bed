/* Scenarios on channels between two processes; prints what the test compares. */
#define _GNU_SOURCE
#include "aic_channel.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALUES 200

static const int32_t initial[2] = {-7, -8};

static aic_region *region_for(const aic_channel *channel) {
    aic_region *region = aic_region_map(aic_region_bytes(channel, 1), NULL);
    if (region == NULL) {
        exit(2);
    }
    return region;
}

static aic_end open_end(aic_region *region, const aic_channel *channel) {
    aic_end end;
    if (!aic_open(&end, region, channel, 0, AIC_I32, 2)) {
        exit(3);
    }
    return end;
}

static int write_values(aic_region *region, const aic_channel *channel, int count, int pause_us) {
    aic_end end = open_end(region, channel);
    for (int i = 0; i < count; i++) {
        usleep((useconds_t)pause_us);
        int32_t *room = aic_write_acquire(&end);
        if (room == NULL) {
            return 1;
        }
        room[0] = i;
        room[1] = -i;
        aic_write_commit(&end);
    }
    return 0;
}

/* Checks that each value is whole, and prints the numbers that the jobs got. */
static int read_values(aic_region *region, const aic_channel *channel, int jobs, int pause_us) {
    aic_end end = open_end(region, channel);
    for (int job = 0; job < jobs; job++) {
        const int32_t *values = aic_read_acquire(&end, (uint64_t)job);
        if (values == NULL) {
            return 1;
        }
        usleep((useconds_t)pause_us);
        uint32_t consume = channel->protocol == AIC_QUEUE ? channel->consume : 1;
        for (uint32_t i = 0; i < consume; i++) {
            printf("%d%s", values[2 * i], i + 1 < consume ? "+" : " ");
            if (values[2 * i + 1] != (values[2 * i] == -7 ? -8 : -values[2 * i])) {
                return 4;
            }
        }
        aic_read_commit(&end, (uint64_t)job);
    }
    aic_read_close(&end);
    return 0;
}

static int both(const aic_channel *channel, int values, int jobs, int write_us, int read_us, bool paced) {
    aic_region *region = region_for(channel);
    atomic_store(&region->paced, paced);
    pid_t writer = fork();
    if (writer == 0) {
        _exit(write_values(region, channel, values, write_us));
    }
    int result = read_values(region, channel, jobs, read_us);
    int status = 0;
    waitpid(writer, &status, 0);
    aic_end end = open_end(region, channel);
    printf("\noverflows %d\n", atomic_load(&end.state->overflows) > 0);
    return result != 0 ? result : WEXITSTATUS(status);
}

static int dead_writer(const aic_channel *channel) {
    aic_region *region = region_for(channel);
    pid_t writer = fork();
    if (writer == 0) {
        write_values(region, channel, 1, 0);
        raise(SIGKILL);
    }
    pid_t reader = fork();
    if (reader == 0) {
        _exit(read_values(region, channel, 2, 0) == 1 ? 0 : 1);
    }
    int status = 0;
    waitpid(writer, &status, 0);
    aic_stop(region, "writer %s", "died");
    waitpid(reader, &status, 0);
    printf("%s\n", region->message);
    return WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    aic_channel queue = {"queue", AIC_I32, 2, AIC_QUEUE, 4, 3, 1, 0, 0, 0, 0, NULL};
    aic_channel pairs = {"pairs", AIC_I32, 2, AIC_QUEUE, 4, 4, 2, 0, 0, 0, 0, NULL};
    aic_channel sample = {"sample", AIC_I32, 2, AIC_SAMPLE, 6, 1, 1, 0, 0, 0, 0, initial};
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "queue") == 0) {
        return both(&queue, VALUES, VALUES, 0, 0, false);
    }
    if (strcmp(what, "slow-reader") == 0) {
        return both(&queue, 20, 20, 0, 2000, argc > 2);
    }
    if (strcmp(what, "slow-writer") == 0) {
        return both(&queue, 20, 20, 2000, 0, true);
    }
    if (strcmp(what, "pairs") == 0) {
        return both(&pairs, 20, 10, 0, 0, false);
    }
    if (strcmp(what, "early-end") == 0) {
        return both(&queue, 20, 5, 0, 0, false);
    }
    if (strcmp(what, "dead-writer") == 0) {
        return dead_writer(&queue);
    }
    if (strcmp(what, "sample") == 0 && argc == 9) {
        sample.slots = (uint32_t)atoi(argv[2]);
        sample.writer_deadline_ns = atoll(argv[3]);
        sample.writer_period_ns = atoll(argv[4]);
        sample.reader_release_ns = atoll(argv[5]);
        sample.reader_period_ns = atoll(argv[6]);
        return both(&sample, 100, 20, atoi(argv[7]), atoi(argv[8]), false);
    }
    aic_end end;
    return aic_open(&end, region_for(&queue), &queue, 0, AIC_F32, 2) ? 5 : 0;
}
