/* Runtime of AI-COMPILER: a GPU through CUDA, where the program was built with it and finds a device, else
 * through OpenCL. */
#ifndef AIC_GPU_H
#define AIC_GPU_H

#include "aic_table.h"

typedef struct aic_gpu aic_gpu;
typedef struct aic_gpu_program aic_gpu_program;

/* The device that is used. */
typedef struct aic_gpu_info {
    char name[128];
    char driver[128];
    char note[256]; /* the interface, and why not a better one */
    bool is_gpu;    /* false: some other device stands in for a GPU */
} aic_gpu_info;

/* Opens a device; `interface` is "cuda" or "opencl" alone, NULL for $AIC_GPU_INTERFACE, which if not set means
 * the better one.  NULL: `why` says in a sentence what is missing. */
aic_gpu *aic_gpu_open(const char *interface, aic_gpu_info *info, char *why, size_t why_bytes);

/* As in aic_opencl.h and aic_cuda.h, whichever it is. */
aic_gpu_program *aic_gpu_prepare(aic_gpu *gpu, const aic_entry *entry, char *why, size_t why_bytes);
const char *aic_gpu_run(aic_gpu_program *program, void *const *arguments);
const char *aic_gpu_download_state(aic_gpu_program *program);
const char *aic_gpu_upload_state(aic_gpu_program *program);

#endif
