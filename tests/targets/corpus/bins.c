// N=40 K=8: in u8 v[N]; out i32 bins[K]; out i32 cumulative[K]; out bool odd[N]; state u64 total
int local[K];
for (int k = 0; k < K; k++) local[k] = 0;
for (int i = 0; i < N; i++) {
  local[v[i] >> 5] += 1;
  odd[i] = v[i] & 1;
  total += v[i];
}
int run = 0;
for (int k = 0; k < K; k++) {
  run += local[k];
  bins[k] = local[k];
  cumulative[k] = run;
}
