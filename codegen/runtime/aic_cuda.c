/* Runtime of AI-COMPILER: see aic_cuda.h.  Everything lives until its process ends. */
#define _GNU_SOURCE
#include "aic_cuda.h"

#include "aic_cuda_api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STATES 256

#define MEMBER(result, name, arguments) result(*name) arguments;

/* One attribute on the device; entries of one component share it. */
typedef struct state_buffer {
    void *storage;
    size_t bytes;
    aic_cu_memory memory;
} state_buffer;

struct aic_cuda {
    AIC_CU_FUNCTIONS(MEMBER)
    AIC_NVRTC_FUNCTIONS(MEMBER)
    aic_cu_context context;
    int major, minor; /* compute capability */
    state_buffer states[MAX_STATES];
    uint32_t state_count;
};

struct aic_cuda_program {
    aic_cuda *cuda;
    const aic_entry *entry;
    aic_cu_function *kernels; /* one a launch */
    aic_cu_memory *buffers;   /* per parameter and temporary; 0 for values */
    void **values;            /* room for the arguments of one launch */
};

/* dlsym gives an object pointer; ISO C knows no conversion to a function pointer. */
static bool look_up(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

#define LOOK_UP(result, name, arguments) complete = look_up(library, #name, &cuda->name) && complete;

static bool load_driver(aic_cuda *cuda, void *library) {
    bool complete = true;
    AIC_CU_FUNCTIONS(LOOK_UP)
    return complete;
}

static bool load_compiler(aic_cuda *cuda, char *why, size_t why_bytes) {
    static const char *const usual[] = {"libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12",
                                        "/usr/local/cuda/lib64/libnvrtc.so"};
    const char *chosen = getenv("AIC_NVRTC_LIB");
    void *library = chosen != NULL ? dlopen(chosen, RTLD_NOW | RTLD_LOCAL) : NULL;
    for (size_t i = 0; chosen == NULL && library == NULL && i < sizeof usual / sizeof *usual; i++) {
        library = dlopen(usual[i], RTLD_NOW | RTLD_LOCAL);
    }
    bool complete = library != NULL;
    if (complete) {
        AIC_NVRTC_FUNCTIONS(LOOK_UP)
    }
    if (!complete) {
        snprintf(why, why_bytes, "no CUDA compiler: %s; build with nvcc, or set AIC_NVRTC_LIB",
                 library == NULL ? "no libnvrtc can be opened" : "this libnvrtc is older than 11.2");
    }
    return complete;
}

static bool choose_device(aic_cuda *cuda, aic_cuda_info *info, char *why, size_t why_bytes) {
    int count = 0, version = 0, error = cuda->cuInit(0);
    aic_cu_device device = 0;
    if (error != AIC_CU_SUCCESS || (error = cuda->cuDeviceGetCount(&count)) != AIC_CU_SUCCESS || count == 0) {
        snprintf(why, why_bytes, "CUDA has no device (error %d)", error);
        return false;
    }
    if ((error = cuda->cuDeviceGet(&device, 0)) != AIC_CU_SUCCESS ||
        (error = cuda->cuDeviceGetName(info->name, sizeof info->name, device)) != AIC_CU_SUCCESS ||
        (error = cuda->cuDeviceGetAttribute(&cuda->major, AIC_CU_COMPUTE_CAPABILITY_MAJOR, device)) !=
            AIC_CU_SUCCESS ||
        (error = cuda->cuDeviceGetAttribute(&cuda->minor, AIC_CU_COMPUTE_CAPABILITY_MINOR, device)) !=
            AIC_CU_SUCCESS ||
        (error = cuda->cuDevicePrimaryCtxRetain(&cuda->context, device)) != AIC_CU_SUCCESS ||
        (error = cuda->cuCtxSetCurrent(cuda->context)) != AIC_CU_SUCCESS) {
        snprintf(why, why_bytes, "the CUDA device cannot be used (error %d)", error);
        return false;
    }
    cuda->cuDriverGetVersion(&version);
    snprintf(info->driver, sizeof info->driver, "CUDA %d.%d, compute capability %d.%d", version / 1000,
             version % 1000 / 10, cuda->major, cuda->minor);
    return true;
}

aic_cuda *aic_cuda_open(aic_cuda_info *info, char *why, size_t why_bytes) {
    const char *chosen = getenv("AIC_CUDA_LIB");
    const char *path = chosen != NULL ? chosen : "libcuda.so.1";
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    memset(info, 0, sizeof *info);
    if (library == NULL) {
        snprintf(why, why_bytes, "no CUDA driver %s can be opened", path);
        return NULL;
    }
    aic_cuda *cuda = calloc(1, sizeof *cuda);
    if (cuda == NULL) {
        snprintf(why, why_bytes, "out of memory");
    } else if (!load_driver(cuda, library)) {
        snprintf(why, why_bytes, "%s is no CUDA driver", path);
    } else if (choose_device(cuda, info, why, why_bytes)) {
        return cuda;
    }
    free(cuda);
    return NULL; /* the library stays open: drivers rarely survive being unloaded */
}

/* The machine code of a source, to be freed; NULL with a sentence in `why`. */
static char *compile_source(aic_cuda *cuda, const char *source, char *why, size_t why_bytes) {
    char architecture[64];
    snprintf(architecture, sizeof architecture, "--gpu-architecture=sm_%d%d", cuda->major, cuda->minor);
    const char *const options[] = {architecture, "--fmad=false", "--std=c++17"};
    aic_nvrtc_program program = NULL;
    size_t bytes = 0;
    char *code = NULL;
    int error = cuda->nvrtcCreateProgram(&program, source, "kernel.cu", 0, NULL, NULL);
    if (error != AIC_CU_SUCCESS) {
        snprintf(why, why_bytes, "NVRTC refuses the program (error %d)", error);
        return NULL;
    }
    if ((error = cuda->nvrtcCompileProgram(program, 3, options)) != AIC_CU_SUCCESS) {
        int used = snprintf(why, why_bytes, "NVRTC cannot compile the program (error %d): ", error);
        cuda->nvrtcGetProgramLogSize(program, &bytes);
        char *text = calloc(1, bytes + 1);
        if (text != NULL && cuda->nvrtcGetProgramLog(program, text) == AIC_CU_SUCCESS && used > 0) {
            snprintf(why + used, why_bytes - (size_t)used, "%s", text);
        }
        free(text);
    } else if (cuda->nvrtcGetCUBINSize(program, &bytes) != AIC_CU_SUCCESS ||
               (code = calloc(1, bytes + 1)) == NULL ||
               cuda->nvrtcGetCUBIN(program, code) != AIC_CU_SUCCESS) {
        snprintf(why, why_bytes, "NVRTC gives no code for %s", architecture);
        free(code);
        code = NULL;
    }
    cuda->nvrtcDestroyProgram(&program);
    return code;
}

static bool load_kernels(aic_cuda_program *program, char *why, size_t why_bytes) {
    aic_cuda *cuda = program->cuda;
    const aic_opencl_plan *plan = program->entry->opencl;
    uint32_t magic = 0;
    memcpy(&magic, plan->cuda, sizeof magic);
    char *compiled = NULL;
    if (magic != AIC_CU_FATBIN_MAGIC) { /* text: there was no nvcc */
        if (!load_compiler(cuda, why, why_bytes) ||
            (compiled = compile_source(cuda, plan->cuda, why, why_bytes)) == NULL) {
            return false;
        }
    }
    aic_cu_module module = NULL;
    int error = cuda->cuModuleLoadData(&module, compiled != NULL ? compiled : plan->cuda);
    free(compiled);
    if (error != AIC_CU_SUCCESS) {
        snprintf(why, why_bytes, "CUDA cannot load the kernels (error %d); for another GPU than that of the build, "
                 "set AIC_CUDA_ARCH=all-major", error);
        return false;
    }
    for (uint32_t i = 0; i < plan->launch_count; i++) {
        error = cuda->cuModuleGetFunction(&program->kernels[i], module, plan->launches[i].kernel);
        if (error != AIC_CU_SUCCESS) {
            snprintf(why, why_bytes, "CUDA has no kernel %s (error %d)", plan->launches[i].kernel, error);
            return false;
        }
    }
    return true;
}

static size_t parameter_bytes(const aic_parameter *parameter) {
    return parameter->count * aic_type_bytes(parameter->type);
}

static aic_cu_memory state_memory(aic_cuda *cuda, const aic_parameter *parameter, size_t bytes) {
    for (uint32_t i = 0; i < cuda->state_count; i++) {
        if (cuda->states[i].storage == parameter->storage) {
            return cuda->states[i].memory;
        }
    }
    aic_cu_memory memory = 0;
    if (cuda->state_count == MAX_STATES || cuda->cuMemAlloc_v2(&memory, bytes) != AIC_CU_SUCCESS ||
        cuda->cuMemcpyHtoD_v2(memory, parameter->storage, bytes) != AIC_CU_SUCCESS) {
        return 0;
    }
    cuda->states[cuda->state_count++] = (state_buffer){parameter->storage, bytes, memory};
    return memory;
}

static bool allocate(aic_cuda_program *program, char *why, size_t why_bytes) {
    aic_cuda *cuda = program->cuda;
    const aic_entry *entry = program->entry;
    uint32_t total = entry->parameter_count + entry->opencl->temporary_count;
    for (uint32_t i = 0; i < total; i++) {
        const aic_parameter *parameter = i < entry->parameter_count ? &entry->parameters[i] : NULL;
        if (parameter != NULL && parameter->by_value) {
            continue;
        }
        size_t bytes = parameter != NULL ? parameter_bytes(parameter)
                                         : entry->opencl->temporary_bytes[i - entry->parameter_count];
        if (parameter != NULL && parameter->direction == AIC_STATE) {
            program->buffers[i] = state_memory(cuda, parameter, bytes);
        } else if (cuda->cuMemAlloc_v2(&program->buffers[i], bytes) != AIC_CU_SUCCESS) {
            program->buffers[i] = 0;
        }
        if (program->buffers[i] == 0) {
            snprintf(why, why_bytes, "CUDA cannot hold argument %u of %s (%zu bytes)", i, entry->id, bytes);
            return false;
        }
    }
    return true;
}

static uint32_t most_arguments(const aic_opencl_plan *plan) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < plan->launch_count; i++) {
        most = plan->launches[i].argument_count > most ? plan->launches[i].argument_count : most;
    }
    return most;
}

aic_cuda_program *aic_cuda_prepare(aic_cuda *cuda, const aic_entry *entry, char *why, size_t why_bytes) {
    const aic_opencl_plan *plan = entry->opencl;
    aic_cuda_program *program = calloc(1, sizeof *program);
    aic_cu_function *kernels = calloc(plan->launch_count + 1, sizeof(aic_cu_function));
    aic_cu_memory *buffers = calloc(entry->parameter_count + plan->temporary_count + 1, sizeof(aic_cu_memory));
    void **values = calloc(most_arguments(plan) + 1, sizeof(void *));
    if (program == NULL || kernels == NULL || buffers == NULL || values == NULL) {
        snprintf(why, why_bytes, "out of memory");
        free(program);
        free(kernels);
        free(buffers);
        free(values);
        return NULL;
    }
    *program = (aic_cuda_program){cuda, entry, kernels, buffers, values};
    if (cuda->cuCtxSetCurrent(cuda->context) != AIC_CU_SUCCESS) {
        snprintf(why, why_bytes, "CUDA refuses its context");
        return NULL;
    }
    return load_kernels(program, why, why_bytes) && allocate(program, why, why_bytes) ? program : NULL;
}

/* Inputs and zeroed outputs go to the device; values go with the launches. */
static bool send(const aic_cuda_program *program, void *const *arguments) {
    for (uint32_t i = 0; i < program->entry->parameter_count; i++) {
        const aic_parameter *parameter = &program->entry->parameters[i];
        if (!parameter->by_value && parameter->direction != AIC_STATE &&
            program->cuda->cuMemcpyHtoD_v2(program->buffers[i], arguments[i], parameter_bytes(parameter)) !=
                AIC_CU_SUCCESS) {
            return false;
        }
    }
    return true;
}

static bool launch(const aic_cuda_program *program, uint32_t number, void *const *arguments) {
    const aic_entry *entry = program->entry;
    const aic_launch *plan = &entry->opencl->launches[number];
    unsigned block[3] = {1, 1, 1}, grid[3] = {1, 1, 1};
    for (uint32_t d = 0; d < plan->dimensions; d++) {
        block[d] = (unsigned)plan->local[d];
        grid[d] = (unsigned)(plan->global[d] / plan->local[d]);
    }
    for (uint32_t a = 0; a < plan->argument_count; a++) {
        uint32_t i = plan->arguments[a];
        bool by_value = i < entry->parameter_count && entry->parameters[i].by_value;
        program->values[a] = by_value ? arguments[i] : (void *)&program->buffers[i];
    }
    return program->cuda->cuLaunchKernel(program->kernels[number], grid[0], grid[1], grid[2], block[0], block[1],
                                         block[2], 0, NULL, program->values, NULL) == AIC_CU_SUCCESS;
}

const char *aic_cuda_run(aic_cuda_program *program, void *const *arguments) {
    aic_cuda *cuda = program->cuda;
    const aic_entry *entry = program->entry;
    if (cuda->cuCtxSetCurrent(cuda->context) != AIC_CU_SUCCESS || !send(program, arguments)) {
        return "CUDA cannot move the inputs to the device";
    }
    for (uint32_t l = 0; l < entry->opencl->launch_count; l++) { /* the default stream runs them in order */
        if (!launch(program, l, arguments)) {
            return "CUDA cannot launch the kernel";
        }
    }
    if (cuda->cuCtxSynchronize() != AIC_CU_SUCCESS) {
        return "the kernel failed on the CUDA device";
    }
    for (uint32_t i = 0; i < entry->parameter_count; i++) {
        const aic_parameter *parameter = &entry->parameters[i];
        if (parameter->direction == AIC_OUT &&
            cuda->cuMemcpyDtoH_v2(arguments[i], program->buffers[i], parameter_bytes(parameter)) !=
                AIC_CU_SUCCESS) {
            return "CUDA cannot move the outputs from the device";
        }
    }
    return NULL;
}

const char *aic_cuda_download_state(aic_cuda_program *program) {
    aic_cuda *cuda = program->cuda;
    bool good = cuda->cuCtxSetCurrent(cuda->context) == AIC_CU_SUCCESS;
    for (uint32_t i = 0; good && i < cuda->state_count; i++) {
        const state_buffer *state = &cuda->states[i];
        good = cuda->cuMemcpyDtoH_v2(state->storage, state->memory, state->bytes) == AIC_CU_SUCCESS;
    }
    return good ? NULL : "CUDA cannot move the state from the device";
}

const char *aic_cuda_upload_state(aic_cuda_program *program) {
    aic_cuda *cuda = program->cuda;
    bool good = cuda->cuCtxSetCurrent(cuda->context) == AIC_CU_SUCCESS;
    for (uint32_t i = 0; good && i < cuda->state_count; i++) {
        const state_buffer *state = &cuda->states[i];
        good = cuda->cuMemcpyHtoD_v2(state->memory, state->storage, state->bytes) == AIC_CU_SUCCESS;
    }
    return good ? NULL : "CUDA cannot move the state to the device";
}
