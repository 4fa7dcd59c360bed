// M=19 N=26 K=21: in f32 a[M][K]; in f32 b[K][N]; out f32 c[M][N]
for (int i = 0; i < M; i++)
  for (int j = 0; j < N; j++) {
    float sum = 0.0f;
    for (int k = 0; k < K; k++) sum += a[i][k] * b[k][j];
    c[i][j] = sum;
  }
