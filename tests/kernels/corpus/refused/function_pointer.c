// out i32 r
int (*f)(int);
