// Test only: a circuit is a function NAME_launch of the library.
#pragma once
#include <map>

#include "xrt_bo.h"

enum ert_cmd_state { ERT_CMD_STATE_COMPLETED = 4, ERT_CMD_STATE_ERROR = 5 };

namespace xrt {

using launcher = void (*)(const unsigned *, const unsigned *, void **);

class kernel {
  public:
    kernel(const device &, const uuid &circuits, const std::string &name)
        : function(reinterpret_cast<launcher>(dlsym(circuits.library, (name + "_launch").c_str()))) {
        if (function == nullptr) {
            throw std::runtime_error("no such circuit");
        }
    }
    int group_id(int) const { return 0; }
    launcher function;
};

class run {
  public:
    explicit run(const kernel &k) : function(k.function) {}
    void set_arg(int number, const void *value, size_t bytes) {
        const char *from = static_cast<const char *>(value);
        values[number].assign(from, from + bytes);
    }
    void set_arg(int number, bo &buffer) {
        void *pointer = buffer.on_device();
        set_arg(number, &pointer, sizeof pointer);
    }
    void start() {
        const unsigned one[] = {1, 1, 1};
        std::vector<void *> arguments(values.size());
        for (auto &[number, bytes] : values) {
            arguments.at(static_cast<size_t>(number)) = bytes.data();
        }
        function(one, one, arguments.data());
    }
    ert_cmd_state wait() { return ERT_CMD_STATE_COMPLETED; }

  private:
    launcher function;
    std::map<int, std::vector<char>> values;
};

} // namespace xrt
