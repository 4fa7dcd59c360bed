// in i8 a, in u8 b, in i16 c, in u16 d, in u32 e, in u64 f, in i64 g, out i8 r1, out u8 r2, out i16 r3, out u32 r4, out u64 r5, out i64 r6[4]
// step
r1 = a + b;
r2 = a * b >> 1;
r3 = (short)(c ^ d) | (unsigned char)a;
r4 = e << (b & 31) | e >> (31 - (b & 31));
r5 = f * 6364136223846793005u + (uint64_t)a;
r6[0] = g > e;
r6[1] = (int64_t)(f >> 1) % 1000003 - c;
r6[2] = a < b == c < d;
r6[3] = ~a + -b + !d + +c;
char small = (char)d;
unsigned long x = small;
r6[1] ^= (long)(x % 1000);
r1 += small;
r2 -= 3, r2 <<= 1;
r3 %= 7;
