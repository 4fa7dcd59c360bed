/* Runtime of AI-COMPILER: host side of a GPU, through whatever OpenCL library this machine has. */
#ifndef AIC_OPENCL_H
#define AIC_OPENCL_H

#include "aic_table.h"

typedef struct aic_opencl aic_opencl;
typedef struct aic_opencl_program aic_opencl_program;

/* The device that is used. */
typedef struct aic_opencl_info {
    char name[128];
    char driver[128];
    bool is_gpu; /* false: some other device stands in for a GPU */
} aic_opencl_info;

/* Opens the first usable of $AIC_OPENCL_LIB (alone, if set), libOpenCL.so.1 and $AIC_OPENCL_FALLBACK (whose
 * driver $AIC_OPENCL_FALLBACK_ICD names): a GPU if there is one, else any device.
 * NULL: `why` says in a sentence what is missing. */
aic_opencl *aic_opencl_open(aic_opencl_info *info, char *why, size_t why_bytes);

/* Compiles an entry's plan and uploads the initial state.  NULL: `why` says what failed. */
aic_opencl_program *aic_opencl_prepare(aic_opencl *opencl, const aic_entry *entry, char *why, size_t why_bytes);

/* Runs one job with the parameters at `arguments`; outputs are there when it returns.  NULL, or what failed. */
const char *aic_opencl_run(aic_opencl_program *program, void *const *arguments);

/* Moves the state from the device to the attributes' storage, or back.  NULL, or what failed. */
const char *aic_opencl_download_state(aic_opencl_program *program);
const char *aic_opencl_upload_state(aic_opencl_program *program);

#endif
