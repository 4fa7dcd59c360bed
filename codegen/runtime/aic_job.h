/* Runtime of AI-COMPILER: one job = read all inputs, run once, publish outputs and state in one commit. */
#ifndef AIC_JOB_H
#define AIC_JOB_H

#include "aic_device.h"
#include "aic_table.h"

#include <stdio.h>

/* An entry made ready to run in one thread. */
typedef struct aic_worker {
    const aic_entry *entry;
    aic_region *region;
    aic_device_program *program; /* NULL: `step` runs on the host */
    aic_end **ends;              /* per parameter, its channels' ends */
    void **arguments;            /* per parameter, what the kernel gets */
    void **owned;                /* per parameter, buffers of this worker */
    FILE **records;              /* per parameter, where its values are kept; NULL: nowhere */
} aic_worker;

/* When a job did what, on the monotonic clock; `busy_ns` leaves out waiting for other processes. */
typedef struct aic_job_times {
    int64_t start_ns, end_ns, busy_ns;
} aic_job_times;

/* Opens channels, buffers and records (in folder `record_dir`, NULL: none).  Stops the run with a message
 * and returns false if that fails. */
bool aic_worker_open(aic_worker *worker, const aic_node *node, const aic_entry *entry, aic_region *region,
                     const char *record_dir);

/* Runs job `job`; `recorded` says whether its outputs belong to the record.  False if the run is stopped. */
bool aic_worker_run(aic_worker *worker, uint64_t job, bool recorded, aic_job_times *times);

/* Tells the writers that no job follows, and frees everything. */
void aic_worker_close(aic_worker *worker);

#endif
