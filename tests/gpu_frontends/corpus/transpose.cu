// aic: global_size = W,H; block_size = 8,8
__global__ void transpose(const float *x, float *y, int H, int W)
{
    __shared__ float tile[8][9];
    int column = blockIdx.x * 8 + threadIdx.x;
    int row = blockIdx.y * 8 + threadIdx.y;
    tile[threadIdx.y][threadIdx.x] = x[row * W + column];
    __syncthreads();
    column = blockIdx.y * 8 + threadIdx.x;
    row = blockIdx.x * 8 + threadIdx.y;
    y[row * H + column] = tile[threadIdx.x][threadIdx.y];
}
