/* Runtime of AI-COMPILER: a device beside the CPU: a GPU through CUDA, where the program was built with it and
 * finds one, else through OpenCL; an FPGA through XRT, where the program was built with it. */
#ifndef AIC_DEVICE_H
#define AIC_DEVICE_H

#include "aic_table.h"

typedef struct aic_device aic_device;
typedef struct aic_device_program aic_device_program;

/* The device that is used. */
typedef struct aic_device_info {
    char name[128];
    char driver[128];
    char note[256];   /* the interface, and why not a better one */
    bool as_modelled; /* false: some other device stands in for a GPU */
} aic_device_info;

/* Opens a device; `interface` is "cuda", "opencl" or "xrt" alone, NULL for a GPU through $AIC_GPU_INTERFACE,
 * which if not set means the better one.  NULL: `why` says in a sentence what is missing. */
aic_device *aic_device_open(const char *interface, aic_device_info *info, char *why, size_t why_bytes);

/* As in aic_opencl.h, aic_cuda.h and aic_xrt.h, whichever it is. */
aic_device_program *aic_device_prepare(aic_device *device, const aic_entry *entry, char *why, size_t why_bytes);
const char *aic_device_run(aic_device_program *program, void *const *arguments);
const char *aic_device_download_state(aic_device_program *program);
const char *aic_device_upload_state(aic_device_program *program);

#endif
