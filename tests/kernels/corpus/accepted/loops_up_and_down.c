// in i32 a[12], in i16 n, in i8 k, out i64 up, out i64 down, out i32 last[10], const i32 N = 12
// step
int64_t sum = 0;
int i, j = 0;
for (i = 0; i < n % 13; i++) sum += a[i] % 1000;
last[0] = i;
for (i = 0; i <= k; i += 3) sum += i;
last[1] = i;
up = sum;
sum = 0;
for (i = N - 1; i >= 0; i--) sum = sum * 3 % 1000003 + a[i] % 7;
last[2] = i;
for (i = k; i > -k; i -= 2) { sum -= i; j++; }
last[3] = i;
last[4] = j;
for (uint8_t u = 250; u > 5; u--) j += u & 1;
for (unsigned u = 10; u-- > 0;) j += u;
for (int p = 0, q = 9; p < q; p++, q--) j = j * 2 + q - p;
last[5] = j;
for (i = 5; i < 5; i++) j = -1;
last[6] = i + j;
for (int8_t s = -3; s <= 3; s++) last[7] = last[7] * 5 + s;
for (size_t z = 0; z < 3; z++) last[8] += (int)z * k;
int m = n & 15;
for (i = 0; m > i; i = i + 2) { last[9] += m; }
down = sum;
