// in i32 n, out i32 r
int a[n];
