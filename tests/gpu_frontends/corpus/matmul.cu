#define TILE 8
// aic: global_size = 32,24; block_size = 8,8
__global__ void matmul(const float *__restrict__ a, const float *__restrict__ b, float *c,
                       int M, int N, int K)
{
    __shared__ float tile_a[TILE][TILE], tile_b[TILE][TILE];
    int tx = threadIdx.x, ty = threadIdx.y;
    int row = blockIdx.y * TILE + ty;
    int column = blockIdx.x * TILE + tx;
    float sum = 0.0f;
    for (int t = 0; t < (K + TILE - 1) / TILE; ++t) {
        int ka = t * TILE + tx;
        int kb = t * TILE + ty;
        if (row < M && ka < K)
            tile_a[ty][tx] = a[row * K + ka];
        else
            tile_a[ty][tx] = 0.0f;
        tile_b[ty][tx] = kb < K && column < N ? b[kb * N + column] : 0.0f;
        __syncthreads();
        for (int k = 0; k < TILE; ++k)
            sum += tile_a[ty][k] * tile_b[k][tx];
        __syncthreads();
    }
    if (row < M && column < N)
        c[row * N + column] = sum;
}
