/* Runtime of AI-COMPILER: see aic_opencl.h.  Everything lives until its process ends. */
#define _GNU_SOURCE
#include "aic_opencl.h"

#include "aic_cl_api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PLATFORMS 16
#define MAX_STATES 256

#define MEMBER(result, name, arguments) result(*name) arguments;

/* One attribute on the device; entries of one component share it. */
typedef struct state_buffer {
    void *storage;
    size_t bytes;
    aic_cl_memory memory;
} state_buffer;

struct aic_opencl {
    AIC_CL_FUNCTIONS(MEMBER)
    aic_cl_device device;
    aic_cl_context context;
    aic_cl_queue queue;
    bool exact_division;
    state_buffer states[MAX_STATES];
    uint32_t state_count;
};

struct aic_opencl_program {
    aic_opencl *opencl;
    const aic_entry *entry;
    aic_cl_kernel *kernels; /* one a launch */
    aic_cl_memory *buffers; /* per parameter and temporary; NULL for values */
};

/* dlsym gives an object pointer; ISO C knows no conversion to a function pointer. */
static void look_up(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
}

static bool load_functions(aic_opencl *opencl, void *library) {
    bool complete = true;
#define LOOK_UP(result, name, arguments)                                                                      \
    look_up(library, #name, &opencl->name);                                                                   \
    complete = complete && opencl->name != NULL;
    AIC_CL_FUNCTIONS(LOOK_UP)
    return complete;
}

static bool choose_device(aic_opencl *opencl, uint64_t type) {
    aic_cl_platform platforms[MAX_PLATFORMS];
    uint32_t count = 0;
    if (opencl->clGetPlatformIDs(MAX_PLATFORMS, platforms, &count) != AIC_CL_SUCCESS) {
        return false;
    }
    for (uint32_t i = 0; i < count && i < MAX_PLATFORMS; i++) {
        uint32_t devices = 0;
        if (opencl->clGetDeviceIDs(platforms[i], type, 1, &opencl->device, &devices) == AIC_CL_SUCCESS &&
            devices != 0) {
            return true;
        }
    }
    return false;
}

static void describe(aic_opencl *opencl, aic_opencl_info *info) {
    uint64_t type = 0, config = 0;
    memset(info, 0, sizeof *info);
    opencl->clGetDeviceInfo(opencl->device, AIC_CL_DEVICE_NAME, sizeof info->name - 1, info->name, NULL);
    opencl->clGetDeviceInfo(opencl->device, AIC_CL_DRIVER_VERSION, sizeof info->driver - 1, info->driver, NULL);
    opencl->clGetDeviceInfo(opencl->device, AIC_CL_DEVICE_TYPE, sizeof type, &type, NULL);
    opencl->clGetDeviceInfo(opencl->device, AIC_CL_DEVICE_SINGLE_FP_CONFIG, sizeof config, &config, NULL);
    info->is_gpu = (type & AIC_CL_DEVICE_TYPE_GPU) != 0;
    opencl->exact_division = (config & AIC_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
}

/* Tries one library; false with a sentence in `why`. */
static bool try_library(aic_opencl *opencl, const char *path, char *why, size_t why_bytes) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(why, why_bytes, "no OpenCL library %s can be opened", path);
        return false;
    }
    int32_t error = AIC_CL_SUCCESS;
    if (!load_functions(opencl, library)) {
        snprintf(why, why_bytes, "%s is no OpenCL 1.2 library", path);
    } else if (!choose_device(opencl, AIC_CL_DEVICE_TYPE_GPU) && !choose_device(opencl, AIC_CL_DEVICE_TYPE_ALL)) {
        snprintf(why, why_bytes, "the OpenCL library %s has no device", path);
    } else if ((opencl->context = opencl->clCreateContext(NULL, 1, &opencl->device, NULL, NULL, &error)) == NULL ||
               (opencl->queue = opencl->clCreateCommandQueue(opencl->context, opencl->device, 0, &error)) == NULL) {
        snprintf(why, why_bytes, "the OpenCL device of %s refuses a context or queue (error %d)", path, error);
    } else {
        return true;
    }
    return false; /* the library stays open: drivers rarely survive being unloaded */
}

static bool try_fallback(aic_opencl *opencl, char *why, size_t why_bytes) {
    const char *path = getenv("AIC_OPENCL_FALLBACK");
    const char *driver = getenv("AIC_OPENCL_FALLBACK_ICD");
    if (path == NULL) {
        return false;
    }
    if (driver != NULL) {
        setenv("OCL_ICD_VENDORS", driver, 0);
    }
    return try_library(opencl, path, why, why_bytes);
}

aic_opencl *aic_opencl_open(aic_opencl_info *info, char *why, size_t why_bytes) {
    aic_opencl *opencl = calloc(1, sizeof *opencl);
    if (opencl == NULL) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
    const char *chosen = getenv("AIC_OPENCL_LIB");
    if (chosen != NULL && chosen[0] != '\0') {
        if (!try_library(opencl, chosen, why, why_bytes)) {
            free(opencl);
            return NULL;
        }
    } else if (!try_library(opencl, "libOpenCL.so.1", why, why_bytes) && !try_fallback(opencl, why, why_bytes)) {
        free(opencl);
        return NULL;
    }
    describe(opencl, info);
    return opencl;
}

static const char *build_options(const aic_opencl *opencl) {
    return opencl->exact_division ? "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt" : "-cl-std=CL1.2";
}

static bool compile(aic_opencl_program *program, char *why, size_t why_bytes) {
    aic_opencl *cl = program->opencl;
    const aic_opencl_plan *plan = program->entry->opencl;
    int32_t error = AIC_CL_SUCCESS;
    static const char no_contraction[] = "#pragma OPENCL FP_CONTRACT OFF\n";
    const char *sources[] = {no_contraction, plan->source};
    const size_t lengths[] = {sizeof no_contraction - 1, (size_t)(plan->source_end - plan->source)};
    aic_cl_program built = cl->clCreateProgramWithSource(cl->context, 2, sources, lengths, &error);
    if (built == NULL) {
        snprintf(why, why_bytes, "OpenCL refuses the program (error %d)", error);
        return false;
    }
    if ((error = cl->clBuildProgram(built, 1, &cl->device, build_options(cl), NULL, NULL)) != AIC_CL_SUCCESS) {
        int used = snprintf(why, why_bytes, "OpenCL cannot compile the program (error %d): ", error);
        if (used > 0 && (size_t)used < why_bytes) {
            cl->clGetProgramBuildInfo(built, cl->device, AIC_CL_PROGRAM_BUILD_LOG, why_bytes - (size_t)used - 1,
                                      why + used, NULL);
        }
        return false;
    }
    for (uint32_t i = 0; i < plan->launch_count; i++) {
        program->kernels[i] = cl->clCreateKernel(built, plan->launches[i].kernel, &error);
        if (program->kernels[i] == NULL) {
            snprintf(why, why_bytes, "OpenCL has no kernel %s (error %d)", plan->launches[i].kernel, error);
            return false;
        }
    }
    return true;
}

static aic_cl_memory state_memory(aic_opencl *cl, const aic_parameter *parameter, size_t bytes) {
    for (uint32_t i = 0; i < cl->state_count; i++) {
        if (cl->states[i].storage == parameter->storage) {
            return cl->states[i].memory;
        }
    }
    int32_t error = AIC_CL_SUCCESS;
    aic_cl_memory memory = cl->clCreateBuffer(cl->context, AIC_CL_MEM_READ_WRITE, bytes, NULL, &error);
    if (memory != NULL && cl->state_count < MAX_STATES) {
        cl->states[cl->state_count++] = (state_buffer){parameter->storage, bytes, memory};
        error = cl->clEnqueueWriteBuffer(cl->queue, memory, AIC_CL_TRUE, 0, bytes, parameter->storage, 0, NULL, NULL);
        return error == AIC_CL_SUCCESS ? memory : NULL;
    }
    return NULL;
}

static size_t parameter_bytes(const aic_parameter *parameter) {
    return parameter->count * aic_type_bytes(parameter->type);
}

/* Sets argument `number` (a parameter or temporary) wherever a launch uses it. */
static bool set_argument(aic_opencl_program *program, uint32_t number, size_t bytes, const void *value) {
    const aic_opencl_plan *plan = program->entry->opencl;
    for (uint32_t l = 0; l < plan->launch_count; l++) {
        for (uint32_t a = 0; a < plan->launches[l].argument_count; a++) {
            if (plan->launches[l].arguments[a] == number &&
                program->opencl->clSetKernelArg(program->kernels[l], a, bytes, value) != AIC_CL_SUCCESS) {
                return false;
            }
        }
    }
    return true;
}

static bool allocate(aic_opencl_program *program, char *why, size_t why_bytes) {
    aic_opencl *cl = program->opencl;
    const aic_entry *entry = program->entry;
    uint32_t total = entry->parameter_count + entry->opencl->temporary_count;
    for (uint32_t i = 0; i < total; i++) {
        const aic_parameter *parameter = i < entry->parameter_count ? &entry->parameters[i] : NULL;
        if (parameter != NULL && parameter->by_value) {
            continue;
        }
        size_t bytes = parameter != NULL ? parameter_bytes(parameter)
                                         : entry->opencl->temporary_bytes[i - entry->parameter_count];
        int32_t error = AIC_CL_SUCCESS;
        program->buffers[i] = parameter != NULL && parameter->direction == AIC_STATE
                                  ? state_memory(cl, parameter, bytes)
                                  : cl->clCreateBuffer(cl->context, AIC_CL_MEM_READ_WRITE, bytes, NULL, &error);
        if (program->buffers[i] == NULL ||
            !set_argument(program, i, sizeof program->buffers[i], &program->buffers[i])) {
            snprintf(why, why_bytes, "OpenCL cannot hold argument %u of %s (%zu bytes, error %d)", i, entry->id,
                     bytes, error);
            return false;
        }
    }
    return true;
}

aic_opencl_program *aic_opencl_prepare(aic_opencl *opencl, const aic_entry *entry, char *why, size_t why_bytes) {
    aic_opencl_program *program = calloc(1, sizeof *program);
    aic_cl_kernel *kernels = calloc(entry->opencl->launch_count + 1, sizeof(aic_cl_kernel));
    aic_cl_memory *buffers =
        calloc(entry->parameter_count + entry->opencl->temporary_count + 1, sizeof(aic_cl_memory));
    if (program == NULL || kernels == NULL || buffers == NULL) {
        snprintf(why, why_bytes, "out of memory");
        free(program);
        free(kernels);
        free(buffers);
        return NULL;
    }
    *program = (aic_opencl_program){opencl, entry, kernels, buffers};
    return compile(program, why, why_bytes) && allocate(program, why, why_bytes) ? program : NULL;
}

/* Inputs and zeroed outputs go to the device; values go to the kernels' arguments. */
static bool send(aic_opencl_program *program, void *const *arguments) {
    aic_opencl *cl = program->opencl;
    for (uint32_t i = 0; i < program->entry->parameter_count; i++) {
        const aic_parameter *parameter = &program->entry->parameters[i];
        size_t bytes = parameter_bytes(parameter);
        if (parameter->by_value && !set_argument(program, i, bytes, arguments[i])) {
            return false;
        }
        if (!parameter->by_value && parameter->direction != AIC_STATE &&
            cl->clEnqueueWriteBuffer(cl->queue, program->buffers[i], 0, 0, bytes, arguments[i], 0, NULL, NULL) !=
                AIC_CL_SUCCESS) {
            return false;
        }
    }
    return true;
}

static bool receive(aic_opencl_program *program, void *const *arguments) {
    aic_opencl *cl = program->opencl;
    for (uint32_t i = 0; i < program->entry->parameter_count; i++) {
        const aic_parameter *parameter = &program->entry->parameters[i];
        if (parameter->direction == AIC_OUT &&
            cl->clEnqueueReadBuffer(cl->queue, program->buffers[i], 0, 0, parameter_bytes(parameter), arguments[i],
                                    0, NULL, NULL) != AIC_CL_SUCCESS) {
            return false;
        }
    }
    return cl->clFinish(cl->queue) == AIC_CL_SUCCESS;
}

const char *aic_opencl_run(aic_opencl_program *program, void *const *arguments) {
    aic_opencl *cl = program->opencl;
    const aic_opencl_plan *plan = program->entry->opencl;
    if (!send(program, arguments)) {
        return "OpenCL cannot move the inputs to the device";
    }
    for (uint32_t l = 0; l < plan->launch_count; l++) { /* the queue runs them in order */
        const aic_launch *launch = &plan->launches[l];
        if (cl->clEnqueueNDRangeKernel(cl->queue, program->kernels[l], launch->dimensions, NULL, launch->global,
                                       launch->local, 0, NULL, NULL) != AIC_CL_SUCCESS) {
            return "OpenCL cannot launch the kernel";
        }
    }
    return receive(program, arguments) ? NULL : "OpenCL cannot move the outputs from the device";
}

const char *aic_opencl_download_state(aic_opencl_program *program) {
    aic_opencl *cl = program->opencl;
    for (uint32_t i = 0; i < cl->state_count; i++) {
        const state_buffer *state = &cl->states[i];
        if (cl->clEnqueueReadBuffer(cl->queue, state->memory, AIC_CL_TRUE, 0, state->bytes, state->storage, 0, NULL,
                                    NULL) != AIC_CL_SUCCESS) {
            return "OpenCL cannot move the state from the device";
        }
    }
    return NULL;
}

const char *aic_opencl_upload_state(aic_opencl_program *program) {
    aic_opencl *cl = program->opencl;
    for (uint32_t i = 0; i < cl->state_count; i++) {
        const state_buffer *state = &cl->states[i];
        if (cl->clEnqueueWriteBuffer(cl->queue, state->memory, AIC_CL_TRUE, 0, state->bytes, state->storage, 0, NULL,
                                     NULL) != AIC_CL_SUCCESS) {
            return "OpenCL cannot move the state to the device";
        }
    }
    return NULL;
}
