// in i32 a, out i32 r
if (a > 3) {
  r = 1;
  break;
}
