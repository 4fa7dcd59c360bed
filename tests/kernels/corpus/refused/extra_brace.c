// out i32 r
r = 1; }
static int f(void) { return 1;
