// N=200: in f32 x[N]; out f32 y[N]
static const float taps[5] = {0.1f, 0.25f, 0.3f, 0.25f, 0.1f};
static float at(const float *v, int i, int n) { return i < 0 || i >= n ? 0.0f : v[i]; }
for (int i = 0; i < N; i++) {
  float sum = 0.0f;
  for (int k = 0; k < 5; k++) sum += taps[k] * at(x, i + k - 2, N);
  y[i] = sum;
}
