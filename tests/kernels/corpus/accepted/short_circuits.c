// in i32 a[5], in i32 i, in i32 d, out i32 r[6], state i32 calls
static int even(int v) { return v % 2 == 0; }
static int safe(int v, int by) {
  if (by == 0) return -1;
  if (by == -1) { return 0; }
  return v / by;
}
// step
r[0] = i >= 0 && i < 5 && a[i] > 0;
r[1] = i < 0 || i >= 5 || a[i] == 3;
r[2] = d != 0 && d != -1 ? a[0] / d : 99;
int k = 0;
r[3] = (d > 2 && ++k) || (k += 10, k > 10);
r[4] = k;
r[5] = safe(a[1], d) + (even(d) && !even(i) ? 1 : 2);
if (!(a[2] > a[3]) && (calls & 1)) calls = calls / 2; else if (a[4]) ++calls;
