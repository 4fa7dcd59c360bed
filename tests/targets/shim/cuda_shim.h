// Test only: lets g++ compile a .cu file of ours, and runs its grid one thread after the other.
#include <math.h>
#include <string.h>
#include <utility>

#define __global__
#define __device__
#define __constant__
#define __launch_bounds__(threads)

struct shim_index {
    unsigned x, y, z;
};
static shim_index threadIdx, blockIdx, blockDim;

template <class... A, size_t... I>
static void shim_call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    (void)arguments;
    kernel(*static_cast<A *>(arguments[I])...);
}

template <class... A>
static void shim_launch(void (*kernel)(A...), const unsigned *grid, const unsigned *block, void **arguments) {
    blockDim = {block[0], block[1], block[2]};
    for (unsigned b = 0; b < grid[0] * grid[1] * grid[2]; ++b) {
        blockIdx = {b % grid[0], b / grid[0] % grid[1], b / grid[0] / grid[1]};
        for (unsigned t = 0; t < block[0] * block[1] * block[2]; ++t) {
            threadIdx = {t % block[0], t / block[0] % block[1], t / block[0] / block[1]};
            shim_call(kernel, arguments, std::index_sequence_for<A...>{});
        }
    }
}

#define SHIM_KERNEL(name)                                                                                     \
    extern "C" void name##_launch(const unsigned *grid, const unsigned *block, void **arguments) {            \
        shim_launch(name, grid, block, arguments);                                                            \
    }
