// out i32 r
#pragma unroll
r = 1;
