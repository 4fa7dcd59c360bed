// in i32 a, out i32 r
switch (a) {
  case 1: r = 1; break;
  case 2 - 1: r = 2; break;
}
