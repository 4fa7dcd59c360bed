// in i32 a, out i32 r
int twice(int);
r = twice(a);
