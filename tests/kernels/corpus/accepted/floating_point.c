// in f32 a, in f32 b, in f64 c, in i64 n, in u64 m, out f32 r[9], out f64 s[9], out i32 q[3], const f32 GAIN = 0.1
// step
r[0] = a + b * GAIN;
r[1] = a * b - (float)c;
r[2] = a / b;
r[3] = (float)n + (float)m;
r[4] = sqrtf(fabsf(a)) + 0.1f;
r[5] = fminf(a, b);
r[6] = fmaxf(a, (float)c);
r[7] = floorf(a) - ceilf(b) + roundf((float)c);
r[8] = fmaf(a, b, (float)c);
s[0] = a + c * 0.1;
s[1] = c / (a - a);
s[2] = sqrt(c) + fabs(c);
s[3] = fma(c, a, -b);
s[4] = round(c) - floor(c) + ceil(c);
s[5] = fmin(c, a) + fmax(c, b);
s[6] = n * 0x1.8p-3 + m;
s[7] = -c;
s[8] = a < b ? a : c;
q[0] = a < b || c != c;
q[1] = (a > b) - (a >= b) + (a == b) * 4 + !(c <= a) * 8;
q[2] = c > -2e9 && c < 2e9 ? (int)c : abs((int)(n % 1000));
