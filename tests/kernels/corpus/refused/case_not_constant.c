// in i32 a, in i32 b, out i32 r
switch (a) { case 1: r = 1; break; case b: r = 2; }
