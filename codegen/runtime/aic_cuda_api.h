/* Runtime of AI-COMPILER: the part of the CUDA driver and NVRTC interfaces that it calls, declared from their
 * published manuals.  Both libraries are opened when the program runs: building needs nothing of CUDA. */
#ifndef AIC_CUDA_API_H
#define AIC_CUDA_API_H

#include <stddef.h>
#include <stdint.h>

typedef int aic_cu_device;
typedef struct aic_cu_context *aic_cu_context;
typedef struct aic_cu_module *aic_cu_module;
typedef struct aic_cu_function *aic_cu_function;
typedef uint64_t aic_cu_memory;
typedef struct aic_nvrtc_program *aic_nvrtc_program;

enum {
    AIC_CU_SUCCESS = 0,
    AIC_CU_COMPUTE_CAPABILITY_MAJOR = 75,
    AIC_CU_COMPUTE_CAPABILITY_MINOR = 76
};

#define AIC_CU_FATBIN_MAGIC 0xBA55ED50u

/* AIC_CU(result, name, arguments): every function used, once; expanded to members and to look-ups. */
#define AIC_CU_FUNCTIONS(AIC_CU)                                                                              \
    AIC_CU(int, cuInit, (unsigned))                                                                           \
    AIC_CU(int, cuDriverGetVersion, (int *))                                                                  \
    AIC_CU(int, cuDeviceGetCount, (int *))                                                                    \
    AIC_CU(int, cuDeviceGet, (aic_cu_device *, int))                                                          \
    AIC_CU(int, cuDeviceGetName, (char *, int, aic_cu_device))                                                \
    AIC_CU(int, cuDeviceGetAttribute, (int *, int, aic_cu_device))                                            \
    AIC_CU(int, cuDevicePrimaryCtxRetain, (aic_cu_context *, aic_cu_device))                                  \
    AIC_CU(int, cuCtxSetCurrent, (aic_cu_context))                                                            \
    AIC_CU(int, cuCtxSynchronize, (void))                                                                     \
    AIC_CU(int, cuModuleLoadData, (aic_cu_module *, const void *))                                            \
    AIC_CU(int, cuModuleGetFunction, (aic_cu_function *, aic_cu_module, const char *))                        \
    AIC_CU(int, cuMemAlloc_v2, (aic_cu_memory *, size_t))                                                     \
    AIC_CU(int, cuMemcpyHtoD_v2, (aic_cu_memory, const void *, size_t))                                       \
    AIC_CU(int, cuMemcpyDtoH_v2, (void *, aic_cu_memory, size_t))                                             \
    AIC_CU(int, cuLaunchKernel,                                                                               \
           (aic_cu_function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,    \
            void **, void **))

#define AIC_NVRTC_FUNCTIONS(AIC_CU)                                                                           \
    AIC_CU(int, nvrtcCreateProgram,                                                                           \
           (aic_nvrtc_program *, const char *, const char *, int, const char *const *, const char *const *))  \
    AIC_CU(int, nvrtcDestroyProgram, (aic_nvrtc_program *))                                                   \
    AIC_CU(int, nvrtcCompileProgram, (aic_nvrtc_program, int, const char *const *))                           \
    AIC_CU(int, nvrtcGetProgramLogSize, (aic_nvrtc_program, size_t *))                                        \
    AIC_CU(int, nvrtcGetProgramLog, (aic_nvrtc_program, char *))                                              \
    AIC_CU(int, nvrtcGetCUBINSize, (aic_nvrtc_program, size_t *))                                             \
    AIC_CU(int, nvrtcGetCUBIN, (aic_nvrtc_program, char *))

#endif
