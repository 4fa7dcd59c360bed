// out i32 r
r = 1;
r = r + bogus;
