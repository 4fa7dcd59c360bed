/* Runtime of AI-COMPILER: the part of the OpenCL 1.2 interface that it calls, declared from the published
 * specification.  The library is opened when the program runs, so building needs no OpenCL at all. */
#ifndef AIC_CL_API_H
#define AIC_CL_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct aic_cl_platform *aic_cl_platform;
typedef struct aic_cl_device *aic_cl_device;
typedef struct aic_cl_context *aic_cl_context;
typedef struct aic_cl_queue *aic_cl_queue;
typedef struct aic_cl_memory *aic_cl_memory;
typedef struct aic_cl_program *aic_cl_program;
typedef struct aic_cl_kernel *aic_cl_kernel;

enum {
    AIC_CL_SUCCESS = 0,
    AIC_CL_TRUE = 1,
    AIC_CL_DEVICE_TYPE_GPU = 1 << 2,
    AIC_CL_MEM_READ_WRITE = 1 << 0,
    AIC_CL_DEVICE_TYPE = 0x1000,
    AIC_CL_DEVICE_SINGLE_FP_CONFIG = 0x101B,
    AIC_CL_DEVICE_NAME = 0x102B,
    AIC_CL_DRIVER_VERSION = 0x102D,
    AIC_CL_PROGRAM_BUILD_LOG = 0x1183,
    AIC_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT = 1 << 7
};

#define AIC_CL_DEVICE_TYPE_ALL 0xFFFFFFFFu

/* AIC_CL(result, name, arguments): every function used, once; expanded to members and to look-ups. */
#define AIC_CL_FUNCTIONS(AIC_CL)                                                                              \
    AIC_CL(int32_t, clGetPlatformIDs, (uint32_t, aic_cl_platform *, uint32_t *))                              \
    AIC_CL(int32_t, clGetDeviceIDs, (aic_cl_platform, uint64_t, uint32_t, aic_cl_device *, uint32_t *))       \
    AIC_CL(int32_t, clGetDeviceInfo, (aic_cl_device, uint32_t, size_t, void *, size_t *))                     \
    AIC_CL(aic_cl_context, clCreateContext,                                                                   \
           (const intptr_t *, uint32_t, const aic_cl_device *,                                                \
            void (*)(const char *, const void *, size_t, void *), void *, int32_t *))                         \
    AIC_CL(aic_cl_queue, clCreateCommandQueue, (aic_cl_context, aic_cl_device, uint64_t, int32_t *))          \
    AIC_CL(aic_cl_memory, clCreateBuffer, (aic_cl_context, uint64_t, size_t, void *, int32_t *))              \
    AIC_CL(aic_cl_program, clCreateProgramWithSource,                                                         \
           (aic_cl_context, uint32_t, const char **, const size_t *, int32_t *))                              \
    AIC_CL(int32_t, clBuildProgram,                                                                           \
           (aic_cl_program, uint32_t, const aic_cl_device *, const char *, void (*)(aic_cl_program, void *),  \
            void *))                                                                                          \
    AIC_CL(int32_t, clGetProgramBuildInfo,                                                                    \
           (aic_cl_program, aic_cl_device, uint32_t, size_t, void *, size_t *))                               \
    AIC_CL(aic_cl_kernel, clCreateKernel, (aic_cl_program, const char *, int32_t *))                          \
    AIC_CL(int32_t, clSetKernelArg, (aic_cl_kernel, uint32_t, size_t, const void *))                          \
    AIC_CL(int32_t, clEnqueueWriteBuffer,                                                                     \
           (aic_cl_queue, aic_cl_memory, uint32_t, size_t, size_t, const void *, uint32_t, const void *,      \
            void *))                                                                                          \
    AIC_CL(int32_t, clEnqueueReadBuffer,                                                                      \
           (aic_cl_queue, aic_cl_memory, uint32_t, size_t, size_t, void *, uint32_t, const void *, void *))   \
    AIC_CL(int32_t, clEnqueueNDRangeKernel,                                                                   \
           (aic_cl_queue, aic_cl_kernel, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t,  \
            const void *, void *))                                                                            \
    AIC_CL(int32_t, clFinish, (aic_cl_queue))

#endif
