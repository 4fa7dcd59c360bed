// in i32 a[8], in i32 key, in u8 limit, out i32 r[12], state u32 seed
static int find(const int32_t *values, int key) {
  for (int i = 0; i < 8; i++)
    if (values[i] == key) return i;
  return -1;
}
static int first_pair(const int32_t v[8], int sum) {
  for (int i = 0; i < 8; i++) {
    if (v[i] < 0) continue;
    for (int k = i + 1; k < 8; k++) {
      if (v[k] > 100) break;
      if (v[k] % 8 + v[i] % 8 == sum) return 10 * i + k;
    }
    if (v[i] == 7) {
      int found = 70;
      return found;
    }
  }
  return -1;
}
static int collatz(unsigned n) {
  int steps = 0;
  while (1) {
    if (n <= 1u || steps >= 50) break;
    steps++;
    if (n % 2u) {
      n = 3u * n + 1u;
      continue;
    }
    n /= 2u;
  }
  return steps;
}
static int classified(int v) {
  if (v > 0) {
    if (v % 2) return 1;
    v = v / 2;
  }
  return v;
}
static int forever(int n) {
  for (;;) {
    if (n % 7 == 3) return n;
    n = n / 2 + 1;
    if (n < 3) return -n;
  }
}
// step
r[0] = find(a, key);
r[1] = first_pair(a, limit % 16);
r[2] = collatz(seed % 1000u);
r[3] = classified(key);
int sum = 0, seen = 0;
for (int i = 7; i >= 0; i -= 2) {
  if (a[i] == 0) continue;
  if (a[i] < -1000) break;
  sum += a[i] % 10;
  if (sum > 20) { seen = i; break; } else if (sum == 3) { seen++; continue; }
  seen += 100;
}
r[4] = sum;
r[5] = seen;
int i = 0, j = 7;
for (i = 0, j = 7; i < j; i++, j--) {
  if (a[i] == a[j]) break;
}
r[6] = i * 10 + j;
int rounds = 0;
do {
  rounds++;
  if (rounds % 3 == 0) continue;
  if (rounds > limit % 11) break;
  r[7] = rounds;
} while (rounds < 9);
r[8] = rounds;
r[9] = forever(limit);
unsigned bits = seed;
for (;;) {
  if (!(bits & 1u)) break;
  bits >>= 1;
}
r[10] = (int)bits % 1000;
for (int k = 0; k < 8; k++) {
  if (a[k] > 50) return;
  r[11] = k;
  seed += 1u;
}
seed ^= 5u;
