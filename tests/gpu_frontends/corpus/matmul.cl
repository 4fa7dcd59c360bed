#define TILE 8
// aic: global_size = 32,24; local_size = 8,8
__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))
void matmul(__global const float *a, __global const float *b, __global float *c,
            int M, int N, int K)
{
    __local float tile_a[TILE][TILE];
    __local float tile_b[TILE][TILE];
    const int lx = get_local_id(0), ly = get_local_id(1);
    const int column = get_global_id(0);
    const int row = get_global_id(1);
    float sum = 0.0f;
    for (int t = 0; t < (K + TILE - 1) / TILE; t++) {
        const int ka = t * TILE + lx, kb = t * TILE + ly;
        tile_a[ly][lx] = (row < M && ka < K) ? a[row * K + ka] : 0.0f;
        tile_b[ly][lx] = (kb < K && column < N) ? b[kb * N + column] : 0.0f;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < TILE; k++)
            sum += tile_a[ly][k] * tile_b[k][lx];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (row < M && column < N)
        c[row * N + column] = sum;
}
