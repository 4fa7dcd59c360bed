// in i32 a[4], out i32 r
static int find(const int32_t *a) {
  for (int i = 0; i < 4; i++) {
    if (a[i]) return i;
  }
}
r = find(a);
