// out i32 r
r = (int)malloc(4);
