// N=14: in f64 x[N]; in f32 y[N]; out f64 r[N]; out f32 s[N]; out i32 t[N]; state f64 energy
for (int i = 0; i < N; i++) {
  double e = fabs(x[i]) + 1.0;
  r[i] = sqrt(e) * 0.1 - x[i] / 3.0 + floor(x[i] * 4.0);
  s[i] = (float)(y[i] * 0.1) + y[i] * 0.1f - ceilf(y[i]);
  t[i] = (int)(x[i] * 1000.0) + (y[i] > 0.0f ? 1 : -1) + (int)(y[i] * 8.0f);
  energy += e;
}
