// in i32 a, out i32 r
switch (a) {
  case 1: r = 1;
  case 2: r = 2; break;
}
