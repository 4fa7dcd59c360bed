__kernel void stencil(__global const float *image, __global float *smooth, int H, int W)
{
    const int x = get_global_id(0);
    const int y = get_global_id(1);
    if (x >= W || y >= H) return;
    float sum = image[y * W + x];
    if (x > 0 && x < W - 1 && y > 0 && y < H - 1)
        sum = 0.2f * (sum + image[(y - 1) * W + x] + image[(y + 1) * W + x]
                      + image[y * W + x - 1] + image[y * W + x + 1]);
    smooth[y * W + x] = sum;
}
