// out i32 r
if (r) {
  r = 1;
