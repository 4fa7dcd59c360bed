// in i32 a[4], out i32 r
r = *a;
