// out i32 r
struct point { int x, y; } p;
r = 1;
