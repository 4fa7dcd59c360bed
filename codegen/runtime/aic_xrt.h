/* Runtime of AI-COMPILER: host side of an FPGA through the Xilinx Runtime; the same jobs as elsewhere. */
#ifndef AIC_XRT_H
#define AIC_XRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aic_xrt aic_xrt;
typedef struct aic_xrt_program aic_xrt_program;

/* The device that is used, and the file of circuits that it was given. */
typedef struct aic_xrt_info {
    char name[128];
    char binary[128];
} aic_xrt_info;

/* Opens device $AIC_XRT_DEVICE (a number, by default 0) and loads $AIC_XCLBIN, by default circuits.xclbin.
 * NULL: `why` says what is missing. */
aic_xrt *aic_xrt_open(aic_xrt_info *info, char *why, size_t why_bytes);

/* One argument of a circuit; the runtime's tables are C with atomics, which C++ cannot read. */
typedef enum aic_xrt_kind { AIC_XRT_VALUE, AIC_XRT_IN, AIC_XRT_OUT, AIC_XRT_STATE } aic_xrt_kind;
typedef struct aic_xrt_argument {
    aic_xrt_kind kind;
    size_t bytes;
    void *storage; /* of a state */
} aic_xrt_argument;

/* Finds a circuit and makes buffers for its arguments.  NULL: `why` says what failed. */
aic_xrt_program *aic_xrt_find(aic_xrt *xrt, const char *circuit, const aic_xrt_argument *arguments, uint32_t count,
                              char *why, size_t why_bytes);

/* Runs one job with the parameters at `arguments`; outputs are there when it returns.  NULL, or what failed. */
const char *aic_xrt_run(aic_xrt_program *program, void *const *arguments);

/* Moves the state from the device to the attributes' storage, or back.  NULL, or what failed. */
const char *aic_xrt_download_state(aic_xrt_program *program);
const char *aic_xrt_upload_state(aic_xrt_program *program);

#ifdef __cplusplus
}
#endif

#endif
