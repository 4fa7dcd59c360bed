// H=24 W=40: in f32 x[H][W]; out f32 y[W][H]
for (int i = 0; i < W; i++)
  for (int j = 0; j < H; j++) y[i][j] = x[j][i];
