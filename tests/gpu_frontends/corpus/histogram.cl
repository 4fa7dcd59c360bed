// aic: global_size = GROUPS*16; local_size = 16
// Every work-item counts one bin: no atomics.
__kernel void histogram(__global const uchar *x, __global uint *bins, int SIZE, int BINS)
{
    __local uchar values[96];
    const int item = get_local_id(0), group = get_group_id(0);
    for (int i = item; i < SIZE; i += 16)
        values[i] = x[group * SIZE + i] & 15;
    barrier(CLK_LOCAL_MEM_FENCE);
    uint count = 0;
    for (int i = 0; i < SIZE; i++)
        if (values[i] == item) count++;
    bins[group * BINS + item] = count;
}
