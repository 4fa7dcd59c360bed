/* Runtime of AI-COMPILER: one kernel by itself, against the interpreter's vectors or against its C code. */
#ifndef AIC_SELFCHECK_H
#define AIC_SELFCHECK_H

#include "aic_table.h"

/* ctest counts this exit status as a skipped test. */
#define AIC_SKIPPED 77

typedef void aic_step(void *const *arguments);

/* One kernel in all its languages; a language that is NULL was not generated. */
typedef struct aic_subject {
    const aic_entry *entry; /* its `step` is the C code, or the object of LLVM that is built in its place */
    aic_step *hls;
    aic_step *reference; /* where `step` is an object: the C code */
    int64_t low, high; /* values of random inputs: within what the kernel is defined for */
} aic_subject;

/* `c|opencl|hls VECTORS`: jobs one after the other, each from the recorded inputs and state, must give the
 * recorded outputs and state.  `llvm|opencl|hls`: some jobs on random inputs must give what the C code
 * gives.
 * Integers exactly; floats to 1e-5 (f32) and 1e-13 (f64) of the value, the tolerance of a sum of one term. */
int aic_selfcheck_main(const aic_subject *subject, int argc, char **argv);

#endif
