// in i32 a, out i32 r
static struct point { int x, y; } p = {0, 0};
r = p.x;
