// in i32 a[4], out i32 r
static int first(const int16_t *v) { return v[0]; }
r = first(a);
