// out i32 r
r = frobnicate(3);
