/* Runtime of AI-COMPILER: a unit's process, one thread a lane, each walking its part of the time table. */
#define _GNU_SOURCE
#include "aic_job.h"
#include "aic_run.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#ifndef AIC_CPU_CODE /* what the kernels of CPUs are made of, for the log */
#define AIC_CPU_CODE "C"
#endif

typedef struct lane_task {
    aic_run *run;
    const aic_lane *lane;
    aic_lane_log *log;
    aic_device *device; /* NULL: host code */
    aic_worker *workers;   /* per entry of the node; those of this lane are open */
    bool *opened;
    pthread_t thread;
} lane_task;

uint64_t aic_job_limit(const aic_run *run, const aic_entry *entry) {
    return run->options->periods * entry->jobs + entry->extra_jobs;
}

static bool open_entry(lane_task *task, uint32_t index) {
    const aic_entry *entry = task->run->node->entries[index];
    aic_worker *worker = &task->workers[index];
    char why[1024];
    if (task->opened[index]) {
        return true;
    }
    if (!aic_worker_open(worker, task->run->node, entry, task->run->region, task->run->options->record)) {
        return false;
    }
    task->opened[index] = true;
    if (task->device != NULL && (entry->opencl != NULL || entry->circuit != NULL)) {
        worker->program = aic_device_prepare(task->device, entry, why, sizeof why);
        if (worker->program == NULL) {
            aic_stop(task->run->region, "%s: %s", entry->id, why);
            return false;
        }
    }
    return true;
}

static bool run_slot(lane_task *task, const aic_slot *slot, uint64_t round) {
    const aic_run *run = task->run;
    const aic_entry *entry = run->node->entries[slot->entry];
    uint64_t job = round * entry->jobs + slot->job;
    if (job >= aic_job_limit(run, entry)) {
        return true;
    }
    int64_t origin = atomic_load(&run->region->origin_ns);
    int64_t model = slot->start_ns + (int64_t)round * run->node->hyperperiod_ns;
    if (!run->options->free_run &&
        !aic_sleep_until(run->region, origin + (int64_t)((double)model * run->options->stretch))) {
        return false;
    }
    aic_job_times times;
    bool recorded = job < run->options->periods * entry->jobs;
    if (!aic_worker_run(&task->workers[slot->entry], job, recorded, &times)) {
        return false;
    }
    uint64_t count = atomic_load(&task->log->count);
    task->log->records[count] =
        (aic_record){slot->entry, job, model, times.start_ns - origin, times.end_ns - origin, times.busy_ns};
    atomic_store(&task->log->count, count + 1);
    return true;
}

/* The table repeats: passes go on until every entry of the lane has run its last job. */
static uint64_t last_pass(const lane_task *task) {
    uint64_t last = 0;
    for (uint32_t i = 0; !task->lane->once && i < task->lane->slot_count; i++) {
        const aic_slot *slot = &task->lane->slots[i];
        const aic_entry *entry = task->run->node->entries[slot->entry];
        uint64_t pass = aic_job_limit(task->run, entry) / entry->jobs + slot->round;
        last = pass > last ? pass : last;
    }
    return last;
}

static void *walk(void *argument) {
    lane_task *task = argument;
    bool running = aic_start_line(task->run->region, task->run->node->system_lanes);
    uint64_t last = last_pass(task);
    for (uint64_t pass = 0; running && pass <= last; pass++) {
        for (uint32_t i = 0; running && i < task->lane->slot_count; i++) {
            const aic_slot *slot = &task->lane->slots[i];
            running = pass < slot->round || run_slot(task, slot, pass - slot->round);
        }
    }
    for (uint32_t i = 0; i < task->run->node->entry_count; i++) {
        if (task->opened[i]) {
            aic_worker_close(&task->workers[i]);
        }
    }
    return NULL;
}

static void describe_host(aic_unit_status *status, const aic_unit *unit, const char *code) {
    struct utsname host;
    uname(&host);
    snprintf(status->device, sizeof status->device, "host %.100s", host.machine);
    snprintf(status->driver, sizeof status->driver, "%.60s %.60s", host.sysname, host.release);
    status->stand_in = unit->kind != AIC_CPU;
    snprintf(status->note, sizeof status->note, "%s", code);
}

static void describe_device(aic_unit_status *status, const aic_device_info *info) {
    memcpy(status->device, info->name, sizeof info->name);
    memcpy(status->driver, info->driver, sizeof info->driver);
    memcpy(status->note, info->note, sizeof info->note);
    status->stand_in = !info->as_modelled;
}

static aic_device *find_gpu(aic_run *run, const aic_unit *unit, aic_unit_status *status, bool *failed) {
    aic_device_info info;
    char why[512] = "no OpenCL library was found";
    aic_device *device = aic_device_open(NULL, &info, why, sizeof why);
    if (device != NULL) {
        describe_device(status, &info);
    } else if (run->options->host_fallback) {
        describe_host(status, unit, "C in the place of OpenCL");
    } else {
        *failed = true;
        atomic_store(&status->unavailable, 1);
        atomic_store(&run->region->unavailable, 1);
        aic_stop(run->region, "%s is unavailable: %s; --allow-host-fallback runs its C code instead", unit->id, why);
    }
    return device;
}

static aic_device *find_fpga(const aic_unit *unit, aic_unit_status *status) {
#ifdef AIC_WITH_XRT
    aic_device_info info;
    char why[192], code[256];
    aic_device *device = aic_device_open("xrt", &info, why, sizeof why);
    if (device != NULL) {
        describe_device(status, &info);
        return device;
    }
    snprintf(code, sizeof code, "C simulation of the circuits; %s", why);
    describe_host(status, unit, code);
#else
    describe_host(status, unit, "C simulation of the circuits");
#endif
    return NULL;
}

/* Finds the device; NULL with *failed unset: host code runs. */
static aic_device *find_device(aic_run *run, const aic_unit *unit, aic_unit_status *status, bool *failed) {
    aic_device *device = NULL;
    if (unit->kind == AIC_GPU) {
        device = find_gpu(run, unit, status, failed);
    } else if (unit->kind == AIC_FPGA) {
        device = find_fpga(unit, status);
    } else {
        describe_host(status, unit, AIC_CPU_CODE);
    }
    atomic_store(&status->known, 1);
    return device;
}

static bool prepare(lane_task *task) {
    uint32_t entries = task->run->node->entry_count;
    task->workers = calloc(entries + 1, sizeof *task->workers);
    task->opened = calloc(entries + 1, sizeof *task->opened);
    if (task->workers == NULL || task->opened == NULL) {
        aic_stop(task->run->region, "out of memory");
        return false;
    }
    for (uint32_t i = 0; i < task->lane->slot_count; i++) {
        if (!open_entry(task, task->lane->slots[i].entry)) {
            return false;
        }
    }
    return true;
}

int aic_unit_main(aic_run *run, uint32_t index) {
    const aic_unit *unit = &run->node->units[index];
    aic_lane_log *log = run->lanes;
    for (uint32_t i = 0; i < index; i++) {
        log += run->node->units[i].lane_count;
    }
    bool failed = false;
    aic_device *device = find_device(run, unit, &run->units[index], &failed);
    lane_task *tasks = calloc(unit->lane_count + 1, sizeof *tasks);
    if (failed || tasks == NULL) {
        free(tasks);
        return AIC_FAILED;
    }
    for (uint32_t i = 0; i < unit->lane_count; i++) {
        tasks[i] = (lane_task){.run = run, .lane = &unit->lanes[i], .log = &log[i], .device = device};
        if (!prepare(&tasks[i])) {
            return AIC_FAILED;
        }
    }
    for (uint32_t i = 0; i < unit->lane_count; i++) {
        if (pthread_create(&tasks[i].thread, NULL, walk, &tasks[i]) != 0) {
            aic_stop(run->region, "%s: cannot start a thread", unit->id);
            return AIC_FAILED;
        }
    }
    for (uint32_t i = 0; i < unit->lane_count; i++) {
        pthread_join(tasks[i].thread, NULL);
        free(tasks[i].workers);
        free(tasks[i].opened);
    }
    free(tasks);
    return aic_stopped(run->region) ? AIC_FAILED : AIC_OK;
}
