// H=23 W=37: in f32 image[H][W]; out f32 smooth[H][W]
for (int y = 0; y < H; y++)
  for (int x = 0; x < W; x++) {
    float sum = image[y][x];
    if (x > 0 && x < W - 1 && y > 0 && y < H - 1)
      sum = 0.2f * (sum + image[y - 1][x] + image[y + 1][x] + image[y][x - 1] + image[y][x + 1]);
    smooth[y][x] = sum;
  }
