// out i32 r
#define TWICE(x) ((x) * 2)
r = TWICE(3);
