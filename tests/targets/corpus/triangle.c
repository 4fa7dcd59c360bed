// N=9: in i32 a[N][N]; out i64 lower[N]; out i32 steps
int n = 0;
for (int i = 0; i < N; i++) {
  int64_t s = 0;
  for (int j = 0; j <= i; j += 2) { s += (int64_t)a[i][j] * a[j][i]; n++; }
  lower[i] = s;
}
int k = 0;
do { k += 3; n -= 1; } while (n > 0 && k < 40);
steps = n * 1000 + k;
