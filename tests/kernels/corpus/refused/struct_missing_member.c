// in i32 a, out i32 r
struct point { int x, y; } p = {a, a};
r = p.x + p.z;
