/* Runtime of AI-COMPILER: see aic_job.h. */
#include "aic_job.h"

#include <stdlib.h>
#include <string.h>

static size_t parameter_bytes(const aic_parameter *parameter) {
    return parameter->count * aic_type_bytes(parameter->type);
}

/* An in-port holds all values that a job consumes, in order, or one: the newest of them. */
static uint32_t values_held(const aic_parameter *parameter, const aic_channel *channel) {
    bool all = parameter->direction == AIC_IN && parameter->count == channel->count * channel->consume;
    return all ? channel->consume : 1;
}

static bool open_ends(aic_worker *worker, const aic_node *node, uint32_t i) {
    const aic_parameter *parameter = &worker->entry->parameters[i];
    worker->ends[i] = calloc(parameter->channel_count + 1, sizeof **worker->ends);
    if (worker->ends[i] == NULL) {
        return false;
    }
    for (uint32_t c = 0; c < parameter->channel_count; c++) {
        const aic_channel *channel = &node->channels[parameter->channels[c]];
        if (!aic_open(&worker->ends[i][c], worker->region, node->channels, parameter->channels[c],
                      parameter->type, parameter->count / values_held(parameter, channel))) {
            aic_stop(worker->region, "%s: port %s does not have the type of channel %s", worker->entry->id,
                     parameter->name, channel->id);
            return false;
        }
    }
    return true;
}

static bool open_record(aic_worker *worker, uint32_t i, const char *folder) {
    const char *name = worker->entry->parameters[i].record;
    if (name == NULL || folder == NULL) {
        return true;
    }
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path || (worker->records[i] = fopen(path, "wb")) == NULL) {
        aic_stop(worker->region, "cannot write %s in the folder given by --record", name);
        return false;
    }
    return true;
}

bool aic_worker_open(aic_worker *worker, const aic_node *node, const aic_entry *entry, aic_region *region,
                     const char *record_dir) {
    size_t n = entry->parameter_count;
    *worker = (aic_worker){.entry = entry, .region = region};
    worker->ends = calloc(n + 1, sizeof *worker->ends);
    worker->arguments = calloc(n + 1, sizeof *worker->arguments);
    worker->owned = calloc(n + 1, sizeof *worker->owned);
    worker->records = calloc(n + 1, sizeof *worker->records);
    bool ready = worker->ends && worker->arguments && worker->owned && worker->records;
    for (uint32_t i = 0; ready && i < n; i++) {
        const aic_parameter *parameter = &entry->parameters[i];
        if (parameter->direction != AIC_STATE) {
            worker->owned[i] = calloc(1, parameter_bytes(parameter));
        }
        worker->arguments[i] = parameter->direction == AIC_STATE ? parameter->storage : worker->owned[i];
        ready = worker->arguments[i] != NULL && open_ends(worker, node, i) && open_record(worker, i, record_dir);
    }
    if (!ready) {
        aic_stop(region, "%s: out of memory", entry->id); /* keeps a message that is there already */
    }
    return ready;
}

static bool read_inputs(aic_worker *worker, uint64_t job) {
    for (uint32_t i = 0; i < worker->entry->parameter_count; i++) {
        const aic_parameter *parameter = &worker->entry->parameters[i];
        if (parameter->direction != AIC_IN || parameter->channel_count == 0) {
            continue;
        }
        const aic_channel *channel = worker->ends[i]->channel;
        const unsigned char *value = aic_read_acquire(worker->ends[i], job);
        if (value == NULL) {
            return false;
        }
        value += (channel->consume - values_held(parameter, channel)) * aic_value_bytes(channel);
        worker->arguments[i] = (void *)(uintptr_t)value; /* kernels take inputs through const pointers */
    }
    return true;
}

static bool compute(aic_worker *worker) {
    for (uint32_t i = 0; i < worker->entry->parameter_count; i++) {
        const aic_parameter *parameter = &worker->entry->parameters[i];
        if (parameter->direction == AIC_OUT) { /* what a job does not write is zero, whatever ran before */
            memset(worker->owned[i], 0, parameter_bytes(parameter));
        }
    }
    if (worker->program == NULL) {
        worker->entry->step(worker->arguments);
        return true;
    }
    const char *problem = aic_device_run(worker->program, worker->arguments);
    if (problem != NULL) {
        aic_stop(worker->region, "%s: %s", worker->entry->id, problem);
    }
    return problem == NULL;
}

/* Publishes one output; adds the time spent waiting for readers to *waited_ns. */
static bool publish(aic_worker *worker, uint32_t i, bool recorded, int64_t *waited_ns) {
    const aic_parameter *parameter = &worker->entry->parameters[i];
    for (uint32_t c = 0; c < parameter->channel_count; c++) {
        aic_end *end = &worker->ends[i][c];
        int64_t before = end->waited_ns;
        void *room = aic_write_acquire(end);
        if (room == NULL) {
            return false;
        }
        memcpy(room, worker->owned[i], parameter_bytes(parameter));
        aic_write_commit(end);
        *waited_ns += end->waited_ns - before;
    }
    if (recorded && worker->records[i] != NULL &&
        fwrite(worker->owned[i], parameter_bytes(parameter), 1, worker->records[i]) != 1) {
        aic_stop(worker->region, "cannot write %s: is the disk full?", parameter->record);
        return false;
    }
    return true;
}

bool aic_worker_run(aic_worker *worker, uint64_t job, bool recorded, aic_job_times *times) {
    if (!read_inputs(worker, job)) {
        return false;
    }
    times->start_ns = aic_now_ns();
    if (!compute(worker)) {
        return false;
    }
    int64_t waited = 0;
    for (uint32_t i = 0; i < worker->entry->parameter_count; i++) {
        if (worker->entry->parameters[i].direction == AIC_OUT && !publish(worker, i, recorded, &waited)) {
            return false;
        }
    }
    times->end_ns = aic_now_ns();
    times->busy_ns = times->end_ns - times->start_ns - waited;
    for (uint32_t i = 0; i < worker->entry->parameter_count; i++) {
        const aic_parameter *parameter = &worker->entry->parameters[i];
        if (parameter->direction == AIC_IN && parameter->channel_count != 0) {
            aic_read_commit(worker->ends[i], job);
        }
    }
    return true;
}

void aic_worker_close(aic_worker *worker) {
    for (uint32_t i = 0; worker->ends != NULL && i < worker->entry->parameter_count; i++) {
        const aic_parameter *parameter = &worker->entry->parameters[i];
        if (worker->ends[i] != NULL && parameter->direction == AIC_IN && parameter->channel_count != 0) {
            aic_read_close(worker->ends[i]);
        }
        free(worker->ends[i]);
        free(worker->owned[i]);
        if (worker->records[i] != NULL && fclose(worker->records[i]) != 0) {
            aic_stop(worker->region, "cannot write %s: is the disk full?", parameter->record);
        }
    }
    free(worker->ends);
    free(worker->arguments);
    free(worker->owned);
    free(worker->records);
}
