// N=40 K=8: in u8 v[N]; out i32 bins[K]; out i32 cumulative[K]; out bool odd[N]; state u64 total
int counts[K];
for (int k = 0; k < K; k++) counts[k] = 0;
for (int i = 0; i < N; i++) {
  counts[v[i] >> 5] += 1;
  odd[i] = v[i] & 1;
  total += v[i];
}
int run = 0;
for (int k = 0; k < K; k++) {
  run += counts[k];
  bins[k] = counts[k];
  cumulative[k] = run;
}
