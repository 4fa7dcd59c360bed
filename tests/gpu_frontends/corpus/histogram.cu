// aic: grid_size = GROUPS; block_size = 16
__global__ void histogram(const unsigned char *x, unsigned int *bins, int SIZE, int BINS)
{
    __shared__ unsigned char values[96];
    for (int i = threadIdx.x; i < SIZE; i += blockDim.x)
        values[i] = x[blockIdx.x * SIZE + i] & 15;
    __syncthreads();
    unsigned count = 0;
    for (int i = 0; i < SIZE; i++)
        count += values[i] == threadIdx.x ? 1u : 0u;
    bins[blockIdx.x * BINS + threadIdx.x] = count;
}
