/* Runtime of AI-COMPILER: one run of a node, shared by its supervisor, its units' processes and the log. */
#ifndef AIC_RUN_H
#define AIC_RUN_H

#include "aic_table.h"

#include <stdio.h>

/* Exit statuses of a node's executable. */
enum { AIC_OK = 0, AIC_FAILED = 1, AIC_USAGE = 2, AIC_OVERFLOW = 3, AIC_UNAVAILABLE = 4, AIC_INTERRUPTED = 130 };

typedef struct aic_options {
    uint64_t periods;   /* hyperperiods */
    double stretch;     /* host nanoseconds for one of model time */
    bool free_run;      /* as fast as dependencies allow, slots only give the order */
    bool host_fallback; /* without OpenCL, the C kernel runs in the GPU's place */
    const char *record; /* folder for the outputs of the system; NULL: none */
    const char *log;    /* file; NULL: none */
    const char *shared; /* file that holds the channels; needed with several nodes */
} aic_options;

/* What one job did, relative to model time 0 on the host's clock. */
typedef struct aic_record {
    uint32_t entry;
    uint64_t job;
    int64_t slot_start_ns; /* model time */
    int64_t start_ns, end_ns, busy_ns;
} aic_record;

/* Records of one lane; `count` of them are complete. */
typedef struct aic_lane_log {
    _Atomic uint64_t count;
    aic_record *records;
} aic_lane_log;

/* What a unit's process says about the device it found. */
typedef struct aic_unit_status {
    _Atomic uint32_t known;
    _Atomic uint32_t unavailable;
    bool stand_in; /* the model names another kind of device */
    char device[128];
    char driver[128];
    char note[256];
} aic_unit_status;

typedef struct aic_run {
    const aic_node *node;
    const aic_options *options;
    aic_region *region;
    aic_unit_status *units; /* shared, one a unit */
    aic_lane_log *lanes;    /* shared, of all units in order */
} aic_run;

/* Jobs that an entry runs in this run. */
uint64_t aic_job_limit(const aic_run *run, const aic_entry *entry);

/* Body of a unit's process; returns its exit status. */
int aic_unit_main(aic_run *run, uint32_t unit);

/* Writes the log as JSON lines and counts what a verdict needs. */
typedef struct aic_summary {
    uint64_t jobs, deadline_misses, overflows;
} aic_summary;

aic_summary aic_write_log(const aic_run *run, FILE *out, int status);

/* Main function of a node's executable. */
int aic_node_main(const aic_node *node, int argc, char **argv);

#endif
