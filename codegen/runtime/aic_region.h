/* Runtime of AI-COMPILER: memory that all processes of a running system share, and how they wait on it. */
#ifndef AIC_REGION_H
#define AIC_REGION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begin of the shared memory. All zero is its valid initial state, so that no process has to be the first. */
typedef struct aic_region {
    _Atomic uint32_t stop;        /* 1: the run ends early */
    _Atomic uint32_t failed;      /* 1: `message` is taken */
    _Atomic uint32_t unfinished;  /* 1: somebody writes `message` */
    _Atomic uint32_t unavailable; /* 1: a unit's device is not there */
    _Atomic uint32_t crashed;     /* 1: a process was ended by a signal that the run did not send */
    _Atomic uint32_t ready;       /* lanes that wait for the start */
    _Atomic uint32_t paced;       /* 1: jobs keep to their slots, a full queue is an event */
    _Atomic int64_t origin_ns;    /* the monotonic clock at model time 0; 0: not started */
    char message[256];
} aic_region;

/* Monotonic clock, nanoseconds. */
int64_t aic_now_ns(void);

/* Maps `bytes` of zeroed memory that child processes share; of `file` if that is given (several nodes).
 * NULL with errno set when the system refuses. */
aic_region *aic_region_map(size_t bytes, const char *file);

/* Asks every process to end; a `format` that is not NULL says why and makes the run a failed one. */
void aic_stop(aic_region *region, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool aic_stopped(const aic_region *region);

/* Waits until *word differs from `seen`, somebody wakes it, or a short time has passed: callers loop. */
void aic_wait(_Atomic uint32_t *word, uint32_t seen);

/* Wakes all who wait on `word`. */
void aic_wake(_Atomic uint32_t *word);

/* Sleeps until the monotonic clock shows `until_ns`; false if the run is stopped before. */
bool aic_sleep_until(const aic_region *region, int64_t until_ns);

/* Counts the caller in and waits for `lanes` of them; then model time 0 is the same instant for all.
 * False if the run is stopped before. */
bool aic_start_line(aic_region *region, uint32_t lanes);

#endif
