/* Runtime of AI-COMPILER: see aic_xrt.h.  Everything lives until its process ends. */
#include "aic_xrt.h"

#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct aic_xrt {
    xrt::device device;
    xrt::uuid circuits;
};

struct aic_xrt_program {
    std::vector<aic_xrt_argument> arguments;
    xrt::kernel kernel;
    std::map<size_t, xrt::bo> buffers; /* by the argument's number; values have none */
};

aic_xrt *aic_xrt_open(aic_xrt_info *info, char *why, size_t why_bytes) {
    const char *number = std::getenv("AIC_XRT_DEVICE"), *path = std::getenv("AIC_XCLBIN");
    const std::string binary = path != nullptr ? path : "circuits.xclbin";
    try {
        xrt::device device(number != nullptr ? static_cast<unsigned>(std::atoi(number)) : 0U);
        xrt::uuid circuits = device.load_xclbin(binary);
        std::snprintf(info->name, sizeof info->name, "%s", device.get_info<xrt::info::device::name>().c_str());
        std::snprintf(info->binary, sizeof info->binary, "%s", binary.c_str());
        return new aic_xrt{device, circuits};
    } catch (const std::exception &problem) {
        std::snprintf(why, why_bytes, "no FPGA with the circuits %s: %s", binary.c_str(), problem.what());
        return nullptr;
    }
}

/* Every circuit has its own copy of a state: the entries that share one are one component, which has one
 * process and runs one job at a time, so that moving it around each job keeps all copies the same. */
static void move_state(aic_xrt_program &program, bool to_device) {
    for (auto &[i, buffer] : program.buffers) {
        const aic_xrt_argument &argument = program.arguments[i];
        if (argument.kind != AIC_XRT_STATE) {
            continue;
        }
        if (to_device) {
            buffer.write(argument.storage);
            buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
        } else {
            buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
            buffer.read(argument.storage);
        }
    }
}

aic_xrt_program *aic_xrt_find(aic_xrt *xrt, const char *circuit, const aic_xrt_argument *arguments, uint32_t count,
                              char *why, size_t why_bytes) {
    try {
        auto program = std::make_unique<aic_xrt_program>(aic_xrt_program{
            {arguments, arguments + count}, xrt::kernel(xrt->device, xrt->circuits, circuit), {}});
        for (size_t i = 0; i < count; i++) {
            if (arguments[i].kind != AIC_XRT_VALUE) {
                const auto bank = program->kernel.group_id(static_cast<int>(i));
                program->buffers.emplace(i, xrt::bo(xrt->device, arguments[i].bytes, bank));
            }
        }
        return program.release();
    } catch (const std::exception &problem) {
        std::snprintf(why, why_bytes, "the FPGA cannot run circuit %s: %s", circuit, problem.what());
        return nullptr;
    }
}

static void run_job(aic_xrt_program &program, void *const *values) {
    xrt::run run(program.kernel);
    for (size_t i = 0; i < program.arguments.size(); i++) {
        const aic_xrt_argument &argument = program.arguments[i];
        if (argument.kind == AIC_XRT_VALUE) {
            run.set_arg(static_cast<int>(i), values[i], argument.bytes);
            continue;
        }
        xrt::bo &buffer = program.buffers.at(i);
        if (argument.kind != AIC_XRT_STATE) { /* outputs too: what a job does not write is zero */
            buffer.write(values[i]);
            buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
        }
        run.set_arg(static_cast<int>(i), buffer);
    }
    move_state(program, true);
    run.start();
    if (run.wait() != ERT_CMD_STATE_COMPLETED) {
        throw std::runtime_error("the circuit did not complete");
    }
    move_state(program, false);
    for (auto &[i, buffer] : program.buffers) {
        if (program.arguments[i].kind == AIC_XRT_OUT) {
            buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
            buffer.read(values[i]);
        }
    }
}

const char *aic_xrt_run(aic_xrt_program *program, void *const *arguments) {
    static thread_local std::string text;
    try {
        run_job(*program, arguments);
        return nullptr;
    } catch (const std::exception &problem) {
        text = std::string("the FPGA failed: ") + problem.what();
        return text.c_str();
    }
}

const char *aic_xrt_download_state(aic_xrt_program *) {
    return nullptr; /* after each job the state is on the host */
}

const char *aic_xrt_upload_state(aic_xrt_program *) {
    return nullptr; /* before each job it goes to the device */
}
