// N=10: in i32 seed; out u32 fib[N]; out i32 swaps; state i32 a; state i32 b
uint32_t x = 0, y = 1;
int p = seed % 100, q = 7, r = 3;
for (int i = 0; i < N; i++) {
  fib[i] = x;
  uint32_t z = x + y; x = y; y = z;
  int t = p; p = q; q = r; r = t;
}
swaps = p * 10000 + q * 100 + r;
int low = a, high = b;
if (low > high) { int t = low; low = high; high = t; }
a = low; b = high;
