// aic: global_size = GROUPS*SIZE; local_size = SIZE
__kernel void reduction(__global const int *x, __global int *sums)
{
    __local int part[64];
    size_t local_index = get_local_id(0);
    part[local_index] = x[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint half_size = get_local_size(0) / 2; half_size > 0; half_size >>= 1) {
        if (local_index < half_size)
            part[local_index] += part[local_index + half_size];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (local_index == 0)
        sums[get_group_id(0)] = part[0];
}
