// in i32 a, out i32 r
static int f(int v) { if (v) return 1; }
r = f(a);
