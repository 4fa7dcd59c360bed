// out i32 r
r = helper(1);
static int helper(int x) { return x; }
