// in i32 a, out i32 r
static int fact(int n) { return n < 2 ? 1 : n * fact(n - 1); }
r = fact(a);
