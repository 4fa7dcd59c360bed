// aic: global_size = W,H; local_size = 8,8
__kernel void transpose(__global const float *x, __global float *y, int H, int W)
{
    __local float tile[8][9];
    int lx = get_local_id(0), ly = get_local_id(1);
    tile[ly][lx] = x[get_global_id(1) * W + get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    int column = get_group_id(1) * 8 + lx;
    int row = get_group_id(0) * 8 + ly;
    y[row * H + column] = tile[lx][ly];
}
