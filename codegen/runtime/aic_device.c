/* Runtime of AI-COMPILER: see aic_device.h.  Everything lives until its process ends. */
#define _GNU_SOURCE
#include "aic_device.h"

#include "aic_opencl.h"
#ifdef AIC_WITH_CUDA
#include "aic_cuda.h"
#endif
#ifdef AIC_WITH_XRT
#include "aic_xrt.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One way to reach a device; its own types are behind untyped pointers. */
typedef struct interface {
    void *(*prepare)(void *own, const aic_entry *entry, char *why, size_t why_bytes);
    const char *(*run)(void *program, void *const *arguments);
    const char *(*download_state)(void *program);
    const char *(*upload_state)(void *program);
} interface;

struct aic_device {
    const interface *interface;
    void *own;
};

struct aic_device_program {
    const interface *interface;
    void *own;
};

#define INTERFACE(name)                                                                                       \
    static void *prepare_##name(void *own, const aic_entry *entry, char *why, size_t why_bytes) {             \
        return aic_##name##_prepare(own, entry, why, why_bytes);                                              \
    }                                                                                                         \
    static const char *run_##name(void *program, void *const *arguments) {                                    \
        return aic_##name##_run(program, arguments);                                                          \
    }                                                                                                         \
    static const char *download_##name(void *program) {                                                       \
        return aic_##name##_download_state(program);                                                          \
    }                                                                                                         \
    static const char *upload_##name(void *program) {                                                         \
        return aic_##name##_upload_state(program);                                                            \
    }                                                                                                         \
    static const interface through_##name = {prepare_##name, run_##name, download_##name, upload_##name};

static void describe(aic_device_info *info, const char *name, const char *driver, const char *note) {
    snprintf(info->name, sizeof info->name, "%s", name);
    snprintf(info->driver, sizeof info->driver, "%s", driver);
    snprintf(info->note, sizeof info->note, "%s", note);
}

INTERFACE(opencl)

static bool open_opencl(aic_device *device, aic_device_info *info, char *why, size_t why_bytes) {
    aic_opencl_info found;
    *device = (aic_device){&through_opencl, aic_opencl_open(&found, why, why_bytes)};
    if (device->own != NULL) {
        describe(info, found.name, found.driver, found.is_gpu ? "OpenCL" : "OpenCL on no GPU");
        info->as_modelled = found.is_gpu;
    }
    return device->own != NULL;
}

#ifdef AIC_WITH_CUDA
INTERFACE(cuda)

static bool open_cuda(aic_device *device, aic_device_info *info, char *why, size_t why_bytes) {
    aic_cuda_info found;
    *device = (aic_device){&through_cuda, aic_cuda_open(&found, why, why_bytes)};
    if (device->own != NULL) {
        describe(info, found.name, found.driver, "CUDA");
        info->as_modelled = true;
    }
    return device->own != NULL;
}
#endif

#ifdef AIC_WITH_XRT
static aic_xrt_program *aic_xrt_prepare(aic_xrt *xrt, const aic_entry *entry, char *why, size_t why_bytes) {
    static const aic_xrt_kind kinds[] = {AIC_XRT_IN, AIC_XRT_OUT, AIC_XRT_STATE};
    aic_xrt_argument *arguments = calloc(entry->parameter_count + 1, sizeof *arguments);
    if (arguments == NULL) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
    for (uint32_t i = 0; i < entry->parameter_count; i++) {
        const aic_parameter *parameter = &entry->parameters[i];
        arguments[i] = (aic_xrt_argument){parameter->by_value ? AIC_XRT_VALUE : kinds[parameter->direction],
                                          parameter->count * aic_type_bytes(parameter->type), parameter->storage};
    }
    aic_xrt_program *program = aic_xrt_find(xrt, entry->circuit, arguments, entry->parameter_count, why, why_bytes);
    free(arguments);
    return program;
}

INTERFACE(xrt)

static bool open_xrt(aic_device *device, aic_device_info *info, char *why, size_t why_bytes) {
    aic_xrt_info found;
    *device = (aic_device){&through_xrt, aic_xrt_open(&found, why, why_bytes)};
    if (device->own != NULL) {
        describe(info, found.name, found.binary, "XRT");
        info->as_modelled = true;
    }
    return device->own != NULL;
}
#endif

/* A GPU; the note says why it is not through CUDA, if that was an option. */
static bool open_gpu(aic_device *device, aic_device_info *info, char *why, size_t why_bytes) {
#ifdef AIC_WITH_CUDA
    char problem[128];
    if (open_cuda(device, info, problem, sizeof problem)) {
        return true;
    }
    bool opened = open_opencl(device, info, why, why_bytes);
    char *text = opened ? info->note : why;
    size_t used = strlen(text);
    snprintf(text + used, (opened ? sizeof info->note : why_bytes) - used, "; %s", problem);
    return opened;
#else
    return open_opencl(device, info, why, why_bytes);
#endif
}

static bool open_interface(const char *name, aic_device *device, aic_device_info *info, char *why, size_t why_bytes) {
    if (name == NULL || name[0] == '\0') {
        return open_gpu(device, info, why, why_bytes);
    }
    if (strcmp(name, "opencl") == 0) {
        return open_opencl(device, info, why, why_bytes);
    }
#ifdef AIC_WITH_CUDA
    if (strcmp(name, "cuda") == 0) {
        return open_cuda(device, info, why, why_bytes);
    }
#endif
#ifdef AIC_WITH_XRT
    if (strcmp(name, "xrt") == 0) {
        return open_xrt(device, info, why, why_bytes);
    }
#endif
    snprintf(why, why_bytes, "this program was built without the device interface %s", name);
    return false;
}

aic_device *aic_device_open(const char *interface, aic_device_info *info, char *why, size_t why_bytes) {
    aic_device *device = calloc(1, sizeof *device);
    memset(info, 0, sizeof *info);
    if (device == NULL) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
    const char *wanted = interface != NULL ? interface : getenv("AIC_GPU_INTERFACE");
    if (!open_interface(wanted, device, info, why, why_bytes)) {
        free(device);
        return NULL;
    }
    return device;
}

aic_device_program *aic_device_prepare(aic_device *device, const aic_entry *entry, char *why, size_t why_bytes) {
    aic_device_program *program = calloc(1, sizeof *program);
    if (program == NULL) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
    *program = (aic_device_program){device->interface, device->interface->prepare(device->own, entry, why, why_bytes)};
    if (program->own == NULL) {
        free(program);
        return NULL;
    }
    return program;
}

const char *aic_device_run(aic_device_program *program, void *const *arguments) {
    return program->interface->run(program->own, arguments);
}

const char *aic_device_download_state(aic_device_program *program) {
    return program->interface->download_state(program->own);
}

const char *aic_device_upload_state(aic_device_program *program) {
    return program->interface->upload_state(program->own);
}
