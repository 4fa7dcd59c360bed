// out i32 r
long double x = 1.0L;
