// in i32 a, out i32 r
static int next(int *p) { return p + 1 > 0; }
int x = a;
r = next(&x);
