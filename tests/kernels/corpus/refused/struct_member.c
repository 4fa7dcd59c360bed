// in i32 a, out i32 r
r = a.x;
