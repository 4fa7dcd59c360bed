// in i32 a, out i32 r
typedef struct { int x, y; } point;
static void move(point *to, const point *from) { to[0].x = from[1].y; }
point ps[2] = {{a, a}, {a, 1}};
move(ps, ps);
r = ps[0].x;
