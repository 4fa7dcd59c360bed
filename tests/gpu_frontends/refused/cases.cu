=== atomicAdd
__global__ void f(const int *x, int *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N) return;
    atomicAdd(&y[0], x[i]);
}
=== warp shuffle
__global__ void f(const int *x, int *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N) return;
    y[i] = __shfl_down_sync(0xffffffff, x[i], 1);
}
=== vector type
__global__ void f(const int *x, int *y)
{
    float2 v;
    y[0] = 1;
}
=== template
template <typename T>
__global__ void f(const T *x, T *y)
{
}
=== auto
__global__ void f(const int *x, int *y)
{
    auto i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] = x[i];
}
=== dynamic shared memory
// aic: grid_size = 8; block_size = 8
__global__ void f(const int *x, int *y)
{
    extern __shared__ int part[];
    part[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = part[threadIdx.x];
}
=== barrier in a branch
// aic: grid_size = 8; block_size = 8
__global__ void f(const int *x, int *y)
{
    if (threadIdx.x < 4)
        __syncthreads();
    y[blockIdx.x * blockDim.x + threadIdx.x] = 1;
}
=== launch from the device
__global__ void f(const int *x, int *y)
{
    g<<<1, 64>>>(y);
}
=== include
#include <thrust/device_vector.h>
__global__ void f(const int *x, int *y)
{
}
=== __ldg
// aic: global_size = N
__global__ void f(const int *x, int *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] = __ldg(&x[i]);
}
