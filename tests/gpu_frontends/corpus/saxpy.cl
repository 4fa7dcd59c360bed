__kernel void saxpy(const float a, __global const float *restrict x,
                    __global const float *restrict y, __global float *restrict z, const int N)
{
    int i = get_global_id(0);
    if (i >= N)
        return;
    z[i] = a * x[i] + y[i];
}
