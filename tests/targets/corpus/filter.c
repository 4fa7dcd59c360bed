// N=21 T=4: in f32 x[N]; out f32 y[N]; state f32 delay[T]; state f32 gain
static const float taps[T] = {0.1f, 0.2f, 0.3f, -0.4f};
for (int i = 0; i < N; i++) {
  for (int t = T - 1; t > 0; t--) delay[t] = delay[t - 1];
  delay[0] = x[i];
  float acc = 0.0f;
  for (int t = 0; t < T; t++) acc += taps[t] * delay[t];
  float magnitude = acc < 0.0f ? -acc : acc;
  if (magnitude > 1.0f) gain = gain * 0.5f;
  else if (magnitude < 0.01f) gain = gain + 0.25f;
  y[i] = acc * gain;
}
