// out i32 r
struct point { int x, y; } p = {1, 2, 3};
r = p.x;
