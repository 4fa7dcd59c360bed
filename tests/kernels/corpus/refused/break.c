// in i32 a[4], out i32 r
for (int i = 0; i < 4; i++) {
  if (a[i] > 3) break;
  r = i;
}
