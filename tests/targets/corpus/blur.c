// H=9 W=13: in u8 image[H][W]; out u8 smooth[H][W]; state i32 peak
static const int K[5] = {1, 4, 6, 4, 1};
for (int y = 0; y < H; y++)
  for (int x = 0; x < W; x++) {
    int sum = 0;
    for (int dy = -2; dy <= 2; dy++) {
      int yy = y + dy; yy = yy < 0 ? 0 : yy >= H ? H - 1 : yy;
      for (int dx = -2; dx <= 2; dx++) {
        int xx = x + dx; xx = xx < 0 ? 0 : xx >= W ? W - 1 : xx;
        sum += K[dy + 2] * K[dx + 2] * image[yy][xx];
      }
    }
    smooth[y][x] = (sum + 128) >> 8;
  }
for (int y = 0; y < H; y++)
  for (int x = 0; x < W; x++)
    if (smooth[y][x] > peak) peak = smooth[y][x];
