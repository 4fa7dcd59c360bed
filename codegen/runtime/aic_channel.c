/* Runtime of AI-COMPILER: channels as rings in memory that the processes of a host share. */
#include "aic_channel.h"

#define ALIGNMENT 64

static size_t aligned(size_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t channel_bytes(const aic_channel *channel) {
    return aligned(sizeof(aic_channel_state)) + aligned(channel->slots * aic_value_bytes(channel));
}

size_t aic_type_bytes(aic_type type) {
    static const unsigned char bytes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
    return bytes[type];
}

size_t aic_value_bytes(const aic_channel *channel) {
    return channel->count * aic_type_bytes(channel->type);
}

size_t aic_region_bytes(const aic_channel *channels, uint32_t count) {
    size_t bytes = aligned(sizeof(aic_region));
    for (uint32_t i = 0; i < count; i++) {
        bytes += channel_bytes(&channels[i]);
    }
    return bytes;
}

bool aic_open(aic_end *end, aic_region *region, const aic_channel *channels, uint32_t index, aic_type type,
              uint32_t count) {
    const aic_channel *channel = &channels[index];
    unsigned char *begin = (unsigned char *)region + aic_region_bytes(channels, index);
    *end = (aic_end){channel, region, (aic_channel_state *)(void *)begin,
                     begin + aligned(sizeof(aic_channel_state)), 0};
    return channel->type == type && channel->count == count;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* SAMPLE: the number of the value that the reader's job reads; negative: the initial value. */
static int64_t sample_number(const aic_channel *channel, uint64_t job) {
    int64_t release = channel->reader_release_ns + (int64_t)job * channel->reader_period_ns;
    return floor_div(release - channel->writer_deadline_ns, channel->writer_period_ns);
}

/* The first value that the reader's job or a later one reads. */
static uint64_t needed_by(const aic_channel *channel, uint64_t job) {
    if (channel->protocol == AIC_QUEUE) {
        return job * channel->consume;
    }
    int64_t number = sample_number(channel, job);
    return number < 0 ? 0 : (uint64_t)number;
}

static void announce(aic_end *end) {
    atomic_fetch_add(&end->state->event, 1);
    aic_wake(&end->state->event);
}

static bool has_room(const aic_end *end, uint64_t number) {
    const aic_channel *channel = end->channel;
    uint32_t room = channel->protocol == AIC_QUEUE ? channel->capacity : channel->slots;
    uint64_t needed = needed_by(channel, atomic_load(&end->state->jobs_ended));
    /* A SAMPLE reader may be ahead: it needs values that are not written yet. */
    return needed >= number || number - needed < room || atomic_load(&end->state->reader_done) != 0;
}

static bool is_written(const aic_end *end, uint64_t number) {
    return atomic_load(&end->state->written) > number;
}

/* Waits until `holds(end, number)`; false if the run is stopped. */
static bool wait_for(aic_end *end, bool (*holds)(const aic_end *, uint64_t), uint64_t number) {
    int64_t begin = 0;
    for (;;) {
        uint32_t seen = atomic_load(&end->state->event);
        if (holds(end, number)) {
            end->waited_ns += begin != 0 ? aic_now_ns() - begin : 0;
            return true;
        }
        if (aic_stopped(end->region)) {
            return false;
        }
        if (begin == 0) {
            begin = aic_now_ns();
        }
        aic_wait(&end->state->event, seen);
    }
}

void *aic_write_acquire(aic_end *end) {
    uint64_t number = atomic_load(&end->state->written);
    if (!has_room(end, number)) {
        if (end->channel->protocol == AIC_QUEUE && atomic_load(&end->region->paced) != 0) {
            atomic_fetch_add(&end->state->overflows, 1);
        }
        if (!wait_for(end, has_room, number)) {
            return NULL;
        }
    }
    return end->values + number % end->channel->slots * aic_value_bytes(end->channel);
}

void aic_write_commit(aic_end *end) {
    atomic_fetch_add(&end->state->written, 1);
    announce(end);
}

const void *aic_read_acquire(aic_end *end, uint64_t job) {
    const aic_channel *channel = end->channel;
    uint64_t first = job * channel->consume;
    uint64_t last = first + channel->consume - 1;
    if (channel->protocol == AIC_SAMPLE) {
        int64_t number = sample_number(channel, job);
        if (number < 0) {
            return channel->initial;
        }
        first = last = (uint64_t)number;
    }
    if (!wait_for(end, is_written, last)) {
        return NULL;
    }
    return end->values + first % channel->slots * aic_value_bytes(channel);
}

void aic_read_commit(aic_end *end, uint64_t job) {
    atomic_store(&end->state->jobs_ended, job + 1);
    announce(end);
}

void aic_read_close(aic_end *end) {
    atomic_store(&end->state->reader_done, 1);
    announce(end);
}
