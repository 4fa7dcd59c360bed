// in i32 a, out i32 r
int x = a;
{ int x = x + 1; r = x; }
