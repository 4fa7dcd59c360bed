// out i32 r
static int calls = 0;
r = ++calls;
