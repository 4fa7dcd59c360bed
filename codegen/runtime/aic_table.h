/* Runtime of AI-COMPILER: what the generator says about a system and its deployment, as constant tables. */
#ifndef AIC_TABLE_H
#define AIC_TABLE_H

#include "aic_channel.h"

typedef enum aic_direction { AIC_IN, AIC_OUT, AIC_STATE } aic_direction;
typedef enum aic_unit_kind { AIC_CPU, AIC_GPU, AIC_FPGA } aic_unit_kind;

/* One parameter of a kernel: a port or an attribute. */
typedef struct aic_parameter {
    const char *id; /* of the port or attribute in the model */
    const char *name;
    aic_direction direction;
    aic_type type;
    uint32_t count; /* elements */
    bool by_value;  /* IN scalars */
    void *storage;  /* STATE: where the attribute lives, with its initial value */
    const uint32_t *channels; /* IN, OUT: indices into the system's channels */
    uint32_t channel_count;   /* IN: at most 1; an IN without a channel reads zeros */
    const char *record;       /* OUT: name of the file that gets every value; NULL: none */
} aic_parameter;

/* One launch of a kernel on a GPU.  Argument a is parameter a of the entry, or after these a temporary. */
typedef struct aic_launch {
    const char *kernel;
    uint32_t dimensions;
    size_t global[3], local[3];
    const uint32_t *arguments;
    uint32_t argument_count;
} aic_launch;

/* What a GPU does for one job: the launches in order. */
typedef struct aic_opencl_plan {
    const char *source;
    const char *source_end;
    const aic_launch *launches;
    uint32_t launch_count;
    const size_t *temporary_bytes;
    uint32_t temporary_count;
    const char *cuda; /* the same kernels for CUDA: an image or source; NULL: built without */
    const char *cuda_end;
} aic_opencl_plan;

/* One entry of a component; times are model time, job k is released at release_ns + k * period_ns. */
typedef struct aic_entry {
    const char *id;
    const aic_parameter *parameters;
    uint32_t parameter_count;
    void (*step)(void *const *arguments); /* on this host; NULL: OpenCL only */
    const aic_opencl_plan *opencl;        /* on the GPU; NULL: host only */
    const char *circuit;                  /* on the FPGA, its name in the file of circuits; NULL: none */
    const char *host_code;                /* what `step` is, for the log */
    int64_t period_ns, release_ns, deadline_ns;
    uint32_t jobs;       /* in one hyperperiod */
    uint32_t extra_jobs; /* after the last hyperperiod: later jobs of others still read their values */
} aic_entry;

/* One job of the time table, which repeats every hyperperiod. */
typedef struct aic_slot {
    uint32_t entry; /* index into the node's entries */
    uint32_t job;
    uint32_t round;   /* hyperperiods between the job's own one and the slot */
    int64_t start_ns; /* from the begin of the job's own hyperperiod */
} aic_slot;

/* What runs its jobs one after the other: a core, a GPU's queue, a circuit. */
typedef struct aic_lane {
    uint32_t core;
    const aic_slot *slots; /* by start modulo the hyperperiod */
    uint32_t slot_count;
    bool once; /* the slots name every job of the run: they are walked once */
} aic_lane;

/* One unit: one process, one thread a lane. */
typedef struct aic_unit {
    const char *id;
    aic_unit_kind kind;
    const aic_lane *lanes;
    uint32_t lane_count;
} aic_unit;

/* One node: one executable. */
typedef struct aic_node {
    const char *id;
    int64_t hyperperiod_ns;
    const aic_unit *units;
    uint32_t unit_count;
    const aic_entry *const *entries;
    uint32_t entry_count;
    const aic_channel *channels; /* of the whole system */
    uint32_t channel_count;
    uint32_t system_lanes; /* lanes of all nodes: they start together */
} aic_node;

#endif
