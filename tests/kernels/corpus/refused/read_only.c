// in i32 a[4], out i32 r
a[1] = 3;
