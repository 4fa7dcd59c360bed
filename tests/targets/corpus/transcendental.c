// N=17: in f32 x[N]; in f64 z[N]; out f32 sine[N]; out f32 decay[N]; out f32 angle[N]; out f32 power[N]; out f64 cosine[N]; out f64 logarithm[N]; out f64 extreme[N]
for (int i = 0; i < N; i++) {
  sine[i] = sinf(x[i]);
  decay[i] = expf(-x[i] * x[i]);
  angle[i] = atan2f(x[i], 2.0f);
  power[i] = powf(fabsf(x[i]) + 0.5f, 1.5f);
  cosine[i] = cos(z[i]);
  logarithm[i] = log(fabs(z[i]) + 2.0) * atan(z[i]);
  extreme[i] = fmax(z[i], 0.25) - fmin(z[i], -0.25);
}
