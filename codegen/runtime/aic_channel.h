/* Runtime of AI-COMPILER: typed bounded channels.
 *
 * One writer, one reader, in any two threads or processes that share the region. What a reader's job gets
 * depends on its number and on the rules below alone, never on speed:
 *   QUEUE   job j consumes the values j*consume ... j*consume + consume - 1 and waits until they are there;
 *           a writer that meets `capacity` unconsumed values waits; in a paced run that is counted as an
 *           overflow. No value is ever lost.
 *   SAMPLE  job j, released at model time r, reads the value of the writer's last job whose deadline is not
 *           after r (waiting for it where the host is late), or the initial value if there is none. */
#ifndef AIC_CHANNEL_H
#define AIC_CHANNEL_H

#include "aic_region.h"

typedef enum aic_type {
    AIC_BOOL, AIC_I8, AIC_I16, AIC_I32, AIC_I64, AIC_U8, AIC_U16, AIC_U32, AIC_U64, AIC_F32, AIC_F64
} aic_type;

typedef enum aic_protocol { AIC_QUEUE, AIC_SAMPLE } aic_protocol;

/* One channel as the generator describes it; times are model time. */
typedef struct aic_channel {
    const char *id;
    aic_type type;
    uint32_t count; /* elements of one value */
    aic_protocol protocol;
    uint32_t slots;    /* values the ring holds; a multiple of `consume` */
    uint32_t capacity; /* QUEUE: unconsumed values the model allows */
    uint32_t consume;  /* QUEUE: values a job of the reader takes */
    int64_t writer_deadline_ns, writer_period_ns; /* SAMPLE: deadline of the writer's job 0 */
    int64_t reader_release_ns, reader_period_ns;  /* SAMPLE: release of the reader's job 0 */
    const void *initial; /* SAMPLE: the value before the first one */
} aic_channel;

/* A channel's part of the shared memory, without the values. */
typedef struct aic_channel_state {
    _Atomic uint32_t event;       /* counts what happened, for those who wait */
    _Atomic uint32_t reader_done; /* 1: the reader has run its last job */
    _Atomic uint64_t written;     /* values committed */
    _Atomic uint64_t jobs_ended;  /* jobs of the reader that need their values no more */
    _Atomic uint64_t overflows;   /* times the writer met a full queue in a paced run */
} aic_channel_state;

/* The end that one thread writes or reads. */
typedef struct aic_end {
    const aic_channel *channel;
    aic_region *region;
    aic_channel_state *state;
    unsigned char *values;
    int64_t waited_ns; /* time spent waiting at this end */
} aic_end;

size_t aic_type_bytes(aic_type type);

/* Bytes of one value. */
size_t aic_value_bytes(const aic_channel *channel);

/* Shared memory that a region with these channels needs. */
size_t aic_region_bytes(const aic_channel *channels, uint32_t count);

/* Attaches to channel `index`; false if the port's type or number of elements is not the channel's. */
bool aic_open(aic_end *end, aic_region *region, const aic_channel *channels, uint32_t index, aic_type type,
              uint32_t count);

/* Where the next value goes; NULL if the run is stopped. */
void *aic_write_acquire(aic_end *end);

/* The value written to where aic_write_acquire pointed is now there for the reader. */
void aic_write_commit(aic_end *end);

/* What job number `job` of the reader reads (`consume` values in a row); NULL if the run is stopped. */
const void *aic_read_acquire(aic_end *end, uint64_t job);

/* Job number `job` has ended: the writer may use the room of what no later job needs. */
void aic_read_commit(aic_end *end, uint64_t job);

/* The reader has run its last job: the writer waits for it no more. */
void aic_read_close(aic_end *end);

#endif
