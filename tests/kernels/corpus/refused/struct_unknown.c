// out i32 r
struct point p;
r = p.x;
