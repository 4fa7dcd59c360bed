__global__ void stencil(const float *image, float *smooth, int H, int W)
{
    int x = threadIdx.x + blockIdx.x * blockDim.x;
    int y = threadIdx.y + blockIdx.y * blockDim.y;
    if (x < W && y < H) {
        int at = y * W + x;
        float sum = image[at];
        if (x > 0 && x < W - 1 && y > 0 && y < H - 1)
            sum = 0.2f * (sum + image[at - W] + image[at + W] + image[at - 1] + image[at + 1]);
        smooth[at] = sum;
    }
}
