/* Runtime of AI-COMPILER: host side of a GPU through CUDA; the same jobs as through OpenCL (aic_opencl.h). */
#ifndef AIC_CUDA_H
#define AIC_CUDA_H

#include "aic_table.h"

typedef struct aic_cuda aic_cuda;
typedef struct aic_cuda_program aic_cuda_program;

/* The device that is used. */
typedef struct aic_cuda_info {
    char name[128];
    char driver[128];
} aic_cuda_info;

/* Opens the first device of $AIC_CUDA_LIB, by default libcuda.so.1.  NULL: `why` says what is missing. */
aic_cuda *aic_cuda_open(aic_cuda_info *info, char *why, size_t why_bytes);

/* Loads an entry's image, or compiles its source with $AIC_NVRTC_LIB or an installed NVRTC, and uploads the
 * initial state.  NULL: `why` says what failed. */
aic_cuda_program *aic_cuda_prepare(aic_cuda *cuda, const aic_entry *entry, char *why, size_t why_bytes);

/* Runs one job with the parameters at `arguments`; outputs are there when it returns.  NULL, or what failed. */
const char *aic_cuda_run(aic_cuda_program *program, void *const *arguments);

/* Moves the state from the device to the attributes' storage, or back.  NULL, or what failed. */
const char *aic_cuda_download_state(aic_cuda_program *program);
const char *aic_cuda_upload_state(aic_cuda_program *program);

#endif
