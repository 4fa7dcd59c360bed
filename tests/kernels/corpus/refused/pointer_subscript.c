// in i32 a[4], out i32 r
static int second(const int32_t *p) { return p[1]; }
r = second(&a[2]);
