// in i32 a, out i32 r
struct point { int x, y; } p;
p.x = a;
r = p.y;
