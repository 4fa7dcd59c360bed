// in i32 a, out i32 r
int best;
if (a > 3) best = a;
r = best;
