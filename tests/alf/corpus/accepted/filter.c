float most = -3.0e38f;
for (int i = 0; i < N; i++) {
  float sum = 0.0f;
  for (int k = 0; k < TAPS; k++) sum += signal[i + k] * weights[k];
  smooth[i] = sum;
  most = fmaxf(most, sum);
}
peak = most * 0.5f + last;
last = smooth[N - 1];
