// in i32 a, out i32 r
typedef struct { int x, y; } point;
static void move(const point *p) { p->x = 1; }
point q = {a, a};
move(&q);
r = q.x;
