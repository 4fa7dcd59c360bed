// Test only: runs a CUDA kernel as it was written on the CPU, one fiber a thread of a block, so that barriers hold.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __constant__ static const
#define __shared__ static
#define __launch_bounds__(threads)
#define __syncthreads() shim_barrier()

using std::max;
using std::min;

struct shim_index {
    unsigned x, y, z;
};
static shim_index threadIdx, blockIdx, blockDim, gridDim;

struct shim_fiber {
    ucontext_t context;
    std::vector<char> stack;
    shim_index thread;
    bool done = false;
};
static std::vector<shim_fiber> shim_fibers;
static ucontext_t shim_main;
static size_t shim_current;
static void (*shim_body)();

static void shim_barrier() { swapcontext(&shim_fibers[shim_current].context, &shim_main); }

static void shim_entry() {
    shim_body();
    shim_fibers[shim_current].done = true;
}

// All threads up to the next barrier (or their end), again and again; true if some waited while others ended.
static bool shim_block(unsigned threads) {
    shim_fibers.assign(threads, {});
    for (unsigned t = 0; t < threads; ++t) {
        shim_fiber &fiber = shim_fibers[t];
        fiber.stack.resize(1 << 16);
        fiber.thread = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = fiber.stack.size();
        fiber.context.uc_link = &shim_main;
        makecontext(&fiber.context, shim_entry, 0);
    }
    for (;;) {
        size_t ended = 0;
        for (shim_current = 0; shim_current < threads; ++shim_current) {
            threadIdx = shim_fibers[shim_current].thread;
            swapcontext(&shim_main, &shim_fibers[shim_current].context);
            ended += shim_fibers[shim_current].done;
        }
        if (ended == threads) return false;
        if (ended != 0) return true;
    }
}

template <class... A> struct shim_call {
    static void (*kernel)(A...);
    static void **arguments;
    template <size_t... I> static void apply(std::index_sequence<I...>) {
        kernel(*static_cast<std::remove_reference_t<A> *>(arguments[I])...);
    }
    static void body() { apply(std::index_sequence_for<A...>{}); }
};
template <class... A> void (*shim_call<A...>::kernel)(A...);
template <class... A> void **shim_call<A...>::arguments;

template <class... A>
static int shim_launch(void (*kernel)(A...), const unsigned *grid, const unsigned *block, void **arguments) {
    shim_call<A...>::kernel = kernel;
    shim_call<A...>::arguments = arguments;
    shim_body = shim_call<A...>::body;
    blockDim = {block[0], block[1], block[2]};
    gridDim = {grid[0], grid[1], grid[2]};
    for (unsigned b = 0; b < grid[0] * grid[1] * grid[2]; ++b) {
        blockIdx = {b % grid[0], b / grid[0] % grid[1], b / grid[0] / grid[1]};
        if (shim_block(block[0] * block[1] * block[2])) return 1;
    }
    return 0;
}

#define SHIM_ORIGINAL(symbol, name)                                                                            \
    extern "C" int symbol(const unsigned *grid, const unsigned *block, void **arguments) {                     \
        return shim_launch(name, grid, block, arguments);                                                      \
    }
