=== atomic add to a global counter: the operation, its line
__kernel void f(__global const int *x, __global int *y)
{
    int i = get_global_id(0);
    if (i >= N) return;
    atomic_add(&y[0], x[i]);
}
=== vector type: in a declaration
__kernel void f(__global const int *x, __global int *y)
{
    int i = get_global_id(0);
    if (i >= N) return;
    int4 v = (int4)(1, 2, 3, 4);
    y[i] = v.x;
}
=== barrier in a branch that differs
// aic: global_size = N; local_size = 8
__kernel void f(__global const int *x, __global int *y)
{
    int i = get_global_id(0);
    if (i < 5) {
        y[i] = x[i];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
=== barrier behind a return that differs
// aic: global_size = 64; local_size = 8
__kernel void f(__global const int *x, __global int *y)
{
    __local int part[8];
    int i = get_global_id(0);
    if (i >= 60) return;
    part[get_local_id(0)] = x[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    y[i] = part[7 - get_local_id(0)];
}
=== barrier in a loop of different length
// aic: global_size = N; local_size = 8
__kernel void f(__global const int *x, __global int *y)
{
    int i = get_global_id(0);
    for (int k = 0; k < x[i]; k++)
        barrier(CLK_LOCAL_MEM_FENCE);
    y[i] = 0;
}
=== barrier in a while loop
// aic: global_size = N; local_size = 8
__kernel void f(__global const int *x, __global int *y)
{
    int n = 4;
    while (n > 0) {
        barrier(CLK_LOCAL_MEM_FENCE);
        n--;
    }
    y[get_global_id(0)] = n;
}
=== index space unknown
__kernel void f(__global const int *x, __global int *y)
{
    int i = get_global_id(0);
    y[i] = x[i];
}
=== guard with a run-time bound
__kernel void f(__global const int *x, __global int *y, int count)
{
    int i = get_global_id(0);
    if (i >= count) return;
    y[i] = x[i];
}
=== group size unknown
// aic: global_size = N
__kernel void f(__global const int *x, __global int *y)
{
    y[get_global_id(0)] = x[get_group_id(0)];
}
=== no whole number of groups
// aic: global_size = 60; local_size = 8
__kernel void f(__global const int *x, __global int *y)
{
    y[get_global_id(0)] = x[get_local_id(0)];
}
=== size of local memory left to the host
// aic: global_size = N; local_size = 8
__kernel void f(__global const int *x, __global int *y, __local int *part)
{
    y[get_global_id(0)] = x[get_local_id(0)];
}
=== image
__kernel void f(__global const int *x, __global int *y, image2d_t picture)
{
    y[0] = 1;
}
=== two kernels
__kernel void g(__global int *y) { y[0] = 1; }
__kernel void h(__global int *y) { y[0] = 1; }
=== no kernel
void f(__global const int *x, __global int *y) { y[0] = x[0]; }
=== parameter that the component does not have
// aic: global_size = N
__kernel void f(__global const int *x, __global int *z)
{
    z[get_global_id(0)] = 1;
}
=== type of a parameter
// aic: global_size = N
__kernel void f(__global const float *x, __global int *y)
{
    y[get_global_id(0)] = 1;
}
=== out-port without parameter
// aic: global_size = N
__kernel void f(__global const int *x)
{
}
=== id in a function
int mine(void) { return get_global_id(0); }
// aic: global_size = N
__kernel void f(__global const int *x, __global int *y)
{
    y[mine()] = 1;
}
=== return from a loop
// aic: global_size = N
__kernel void f(__global const int *x, __global int *y)
{
    for (int k = 0; k < 4; k++) {
        if (x[k] == 3)
            return;
        y[get_global_id(0)] = k;
    }
}
=== syntax error
// aic: global_size = N
__kernel void f(__global const int *x, __global int *y)
{
    y[get_global_id(0)] = ;
}
=== comment that cannot be read
// aic: global size 64
__kernel void f(__global const int *x, __global int *y)
{
    y[get_global_id(0)] = 1;
}
=== bits as another type
// aic: global_size = N
__kernel void f(__global const int *x, __global int *y)
{
    y[get_global_id(0)] = as_int(1.0f);
}
=== write to an input
// aic: global_size = N
__kernel void f(__global int *x, __global int *y)
{
    x[get_global_id(0)] = 1;
}
=== scalar parameter assigned
// aic: global_size = N
__kernel void f(__global const int *x, __global int *y, int count)
{
    count = count + 1;
    y[get_global_id(0)] = count;
}
