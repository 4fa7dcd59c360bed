// state i32 a[4]
static void copy(int32_t *to, const int32_t *from) { to[0] = from[1]; }
copy(a, a);
