// N=8: in u16 start; out i32 steps; state u8 history[N]
uint8_t next[N];
uint32_t n = start;
int count = 0;
while (n > 1 && count < 1000) {
  n = n % 2 ? 3 * n + 1 : n / 2;
  count++;
}
for (int i = 0; i < N - 1; i++) next[i + 1] = history[i];
next[0] = count;
for (int i = 0; i < N; i++) history[i] = next[i];
steps = count;
