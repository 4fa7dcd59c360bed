// out i32 r
int a[];
