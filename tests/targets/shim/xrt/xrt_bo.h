// Test only: a buffer with a host side and a device side.
#pragma once
#include <cstring>
#include <memory>
#include <vector>

#include "xrt_device.h"

enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE, XCL_BO_SYNC_BO_FROM_DEVICE };

namespace xrt {

class bo {
  public:
    bo(const device &, size_t bytes, int) : sides(std::make_shared<Sides>()) {
        sides->host.resize(bytes, '\x5A');
        sides->device.resize(bytes, '\xA5');
    }
    void write(const void *from) { std::memcpy(sides->host.data(), from, sides->host.size()); }
    void read(void *to) { std::memcpy(to, sides->host.data(), sides->host.size()); }
    void sync(xclBOSyncDirection direction) {
        (direction == XCL_BO_SYNC_BO_TO_DEVICE ? sides->device : sides->host) =
            direction == XCL_BO_SYNC_BO_TO_DEVICE ? sides->host : sides->device;
    }
    void *on_device() const { return sides->device.data(); }

  private:
    struct Sides {
        std::vector<char> host, device;
    };
    std::shared_ptr<Sides> sides;
};

} // namespace xrt
