// state i32 f[8], in u8 n, out i32 total
// step
f[0] = 1; f[1] = 1;
for (int i = 2; i < 8; i++) f[i] = f[i - 1] + f[i - 2];
for (int i = 0; i < f[n % 4]; i++) f[7] -= i;
int acc = 0, swap = 1;
for (int i = 0; i < (n & 7); i++) { int t = acc; acc = swap; swap = t + swap; }
total = acc * 1000 + swap;
