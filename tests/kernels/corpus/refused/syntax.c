// out i32 r
r = 1;
int x = ;
