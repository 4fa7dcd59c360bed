// in i32 a, in i32 b, out i32 r[4], state u8 enabled
static int clamp(int v, int lo, int hi) {
  if (v < lo) return lo;
  if (v > hi) return hi;
  return v;
}
static int sign(int v) { if (v > 0) { return 1; } else if (v < 0) { return -1; } else { return 0; } }
static void put(int32_t out[4], int at, int v) {
  if (at < 0 || at > 3) return;
  out[at] = v;
}
static _Bool odd(unsigned v) { return v & 1; }
// step
r[0] = clamp(a, -100, 100) * sign(b);
put(r, clamp(b, -2, 5), 7);
if (!enabled) {
  enabled = odd(a);
  return;
}
r[1] = clamp(b, sign(a), 10) + odd(b);
