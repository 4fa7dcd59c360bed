// B=2 D=3 H=5 W=4: in i16 v[B][D][H][W]; out i32 sums[B][D]; out i16 flipped[B][D][H][W]
for (int b = 0; b < B; b++)
  for (int d = 0; d < D; d++) {
    int s = 0;
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        s += v[b][d][y][x];
        flipped[b][d][H - 1 - y][x] = v[b][d][y][x];
      }
    sums[b][d] = s;
  }
