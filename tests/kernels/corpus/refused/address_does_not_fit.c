// in i32 a, out i32 r
static void half(float *p) { *p *= 0.5f; }
int x = a;
half(&x);
r = x;
