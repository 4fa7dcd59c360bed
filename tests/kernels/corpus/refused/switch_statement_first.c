// in i32 a, out i32 r
switch (a) {
  r = 3;
  case 1: r = 1;
}
