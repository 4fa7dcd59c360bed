// in u32 seed, in u8 limit, out u32 steps, out u32 peak, out i32 trace[16]
// step
uint32_t n = seed % 5000 + 1, most = 0;
int count = 0, position;
while (n != 1 && count < limit) {
  if (n & 1) n = 3 * n + 1;
  else n >>= 1;
  if (n > most) { most = n; position = count; trace[count % 16] = position; }
  count++;
}
steps = count;
peak = most;
int left = limit;
do {
  int half = left / 2;
  trace[half % 16] += left;
  left = half;
} while (left > 0);
int x = 0, y = 7;
do { x++; y = y * 3 % 11; } while ((y = y ^ 1) > 3 && x < 9);
trace[15] += x * 100 + y;
