// N=20: in i32 a[N]; in u32 b[N]; in i64 c[N]; in u8 d[N]; out i32 r[N]; out u32 s[N]; out i64 t[N]; out u8 u[N]
for (int i = 0; i < N; i++) {
  int n = d[i] & 31;
  r[i] = (a[i] >> n) & ~(a[i] >> 2);
  s[i] = (b[i] << n) | (b[i] >> ((32 - n) & 31));
  t[i] = (c[i] >> (n + 7)) ^ (int64_t)b[i];
  u[i] = (uint8_t)((d[i] << 1) ^ ((d[i] >> 7) * 27));
}
