// out i32 r
struct point { int x, y; } ps[] = {1, 2, 3, 4};
r = ps[1].y;
