// N=16: in i8 a[N]; in u8 b[N]; in i16 c[N]; in u16 d[N]; in u32 e[N]; in u64 f[N]; out i8 r8[N]; out u8 s8[N]; out i16 r16[N]; out u16 s16[N]; out i32 r32[N]; out u32 s32[N]; out i64 r64[N]; out u64 s64[N]
for (int i = 0; i < N; i++) {
  r8[i] = (int8_t)(a[i] * b[i]);
  s8[i] = (uint8_t)(a[i] - b[i]);
  r16[i] = (int16_t)(c[i] ^ (d[i] << 2));
  s16[i] = (uint16_t)(d[i] * (uint32_t)d[i]);
  r32[i] = a[i] * c[i] + b[i] % 7 - (c[i] >> 3);
  s32[i] = e[i] * 2654435761u - (e[i] >> 5) + (uint32_t)a[i];
  r64[i] = (int64_t)c[i] * 4000000000 + (int64_t)(e[i] & 0xFFFFu);
  s64[i] = (f[i] ^ (f[i] >> 33)) * 0xff51afd7ed558ccdULL + d[i];
  s64[i] = s64[i] << (b[i] & 63);
}
