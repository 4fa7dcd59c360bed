/* Runtime of AI-COMPILER: see aic_gpu.h.  Everything lives until its process ends. */
#define _GNU_SOURCE
#include "aic_gpu.h"

#include "aic_opencl.h"
#ifdef AIC_WITH_CUDA
#include "aic_cuda.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct aic_gpu {
    aic_opencl *opencl; /* one of the two */
#ifdef AIC_WITH_CUDA
    aic_cuda *cuda;
#endif
};

struct aic_gpu_program {
    aic_opencl_program *opencl;
#ifdef AIC_WITH_CUDA
    aic_cuda_program *cuda;
#endif
};

#ifdef AIC_WITH_CUDA
static bool open_cuda(aic_gpu *gpu, aic_gpu_info *info, char *why, size_t why_bytes) {
    aic_cuda_info found;
    gpu->cuda = aic_cuda_open(&found, why, why_bytes);
    if (gpu->cuda != NULL) {
        snprintf(info->name, sizeof info->name, "%s", found.name);
        snprintf(info->driver, sizeof info->driver, "%s", found.driver);
        snprintf(info->note, sizeof info->note, "CUDA");
        info->is_gpu = true;
    }
    return gpu->cuda != NULL;
}
#else
static bool open_cuda(aic_gpu *gpu, aic_gpu_info *info, char *why, size_t why_bytes) {
    (void)gpu;
    (void)info;
    snprintf(why, why_bytes, "this program was built without -DWITH_CUDA=ON");
    return false;
}
#endif

static bool open_opencl(aic_gpu *gpu, aic_gpu_info *info, char *why, size_t why_bytes) {
    aic_opencl_info found;
    gpu->opencl = aic_opencl_open(&found, why, why_bytes);
    if (gpu->opencl != NULL) {
        snprintf(info->name, sizeof info->name, "%s", found.name);
        snprintf(info->driver, sizeof info->driver, "%s", found.driver);
        snprintf(info->note, sizeof info->note, "%s", found.is_gpu ? "OpenCL" : "OpenCL on no GPU");
        info->is_gpu = found.is_gpu;
    }
    return gpu->opencl != NULL;
}

/* The note says why it is not CUDA, if that was an option. */
static bool open_any(aic_gpu *gpu, aic_gpu_info *info, char *why, size_t why_bytes) {
#ifdef AIC_WITH_CUDA
    char problem[128];
    if (open_cuda(gpu, info, problem, sizeof problem)) {
        return true;
    }
    if (!open_opencl(gpu, info, why, why_bytes)) {
        size_t used = strlen(why);
        snprintf(why + used, why_bytes - used, "; %s", problem);
        return false;
    }
    size_t used = strlen(info->note);
    snprintf(info->note + used, sizeof info->note - used, "; %s", problem);
    return true;
#else
    return open_opencl(gpu, info, why, why_bytes);
#endif
}

aic_gpu *aic_gpu_open(const char *interface, aic_gpu_info *info, char *why, size_t why_bytes) {
    aic_gpu *gpu = calloc(1, sizeof *gpu);
    const char *wanted = interface != NULL ? interface : getenv("AIC_GPU_INTERFACE");
    bool opened = false;
    memset(info, 0, sizeof *info);
    if (gpu == NULL) {
        snprintf(why, why_bytes, "out of memory");
    } else if (wanted == NULL || wanted[0] == '\0') {
        opened = open_any(gpu, info, why, why_bytes);
    } else if (strcmp(wanted, "cuda") == 0) {
        opened = open_cuda(gpu, info, why, why_bytes);
    } else if (strcmp(wanted, "opencl") == 0) {
        opened = open_opencl(gpu, info, why, why_bytes);
    } else {
        snprintf(why, why_bytes, "AIC_GPU_INTERFACE is cuda or opencl, not %s", wanted);
    }
    if (!opened) {
        free(gpu);
        return NULL;
    }
    return gpu;
}

aic_gpu_program *aic_gpu_prepare(aic_gpu *gpu, const aic_entry *entry, char *why, size_t why_bytes) {
    aic_gpu_program *program = calloc(1, sizeof *program);
    bool ready = false;
    if (program == NULL) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
#ifdef AIC_WITH_CUDA
    if (gpu->cuda != NULL) {
        program->cuda = aic_cuda_prepare(gpu->cuda, entry, why, why_bytes);
        ready = program->cuda != NULL;
    }
#endif
    if (gpu->opencl != NULL) {
        program->opencl = aic_opencl_prepare(gpu->opencl, entry, why, why_bytes);
        ready = program->opencl != NULL;
    }
    if (!ready) {
        free(program);
        return NULL;
    }
    return program;
}

#ifdef AIC_WITH_CUDA
#define EITHER(function, ...)                                                                                 \
    (program->cuda != NULL ? aic_cuda_##function(program->cuda __VA_ARGS__)                                   \
                           : aic_opencl_##function(program->opencl __VA_ARGS__))
#else
#define EITHER(function, ...) aic_opencl_##function(program->opencl __VA_ARGS__)
#endif

const char *aic_gpu_run(aic_gpu_program *program, void *const *arguments) {
    return EITHER(run, , arguments);
}

const char *aic_gpu_download_state(aic_gpu_program *program) {
    return EITHER(download_state, );
}

const char *aic_gpu_upload_state(aic_gpu_program *program) {
    return EITHER(upload_state, );
}
