// N=24: in i32 a[N]; in i32 b[N]; in u32 c[N]; in u32 d[N]; out u8 flags[N]; out i32 pick[N]
for (int i = 0; i < N; i++) {
  int f = 0;
  if (a[i] < b[i]) f |= 1;
  if (c[i] < d[i]) f |= 2;
  if ((int32_t)c[i] < (int32_t)d[i]) f |= 4;
  if ((uint32_t)a[i] >= (uint32_t)b[i]) f |= 8;
  if (a[i] == b[i] || !(c[i] > d[i])) f |= 16;
  if ((a[i] > 0 && b[i] > 0) != (c[i] > 100u)) f |= 32;
  flags[i] = (uint8_t)f;
  pick[i] = a[i] > b[i] ? (a[i] > 10 ? a[i] : b[i]) : (c[i] > d[i] ? -1 : a[i] / 3 - b[i] % 5);
}
