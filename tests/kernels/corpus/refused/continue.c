// in i32 a, out i32 r
switch (a) {
  case 1: r = 1; continue;
}
