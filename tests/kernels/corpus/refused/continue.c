// out i32 r
while (r < 4) {
  r++;
  continue;
}
