// in u8 image[4][6], in f32 w[3][3], in i32 v[2][3][4], out i32 r[8], out f32 f[2][3]
enum { W = 6 };
static const int8_t kernel[3][3] = {{1, 0, -1}, {2, 0, -2}, [2] = {1, [2] = -1}};
static int row_sum(const uint8_t (*rows)[W], int y) {
  int sum = 0;
  for (int x = W - 1; x >= 0; x--) sum += rows[y][x];
  return sum;
}
static int fold(const int32_t (*cube)[3][4], int32_t out[static 8]) {
  int last = 0;
  for (unsigned i = 2u; i-- > 0u;)
    for (int j = 0; j < 3; j += 2)
      for (int k = 3; k > -1; k -= 3) {
        out[4 + (int)i] ^= cube[i][j][k];
        last = cube[i][j][k] & 255;
      }
  return last;
}
static void scale(float m[2][3], float by) {
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j) m[i][j] *= by, m[i][j] -= 1.0f;
}
// step
int copy[4][W][3];
for (int y = 0; y < 4; y++)
  for (int x = 0; x < W; x++)
    for (int c = 0; c < 3; c++) copy[y][x][c] = image[y][x] << c;
for (int y = 0; y < 4; y++) r[0] += row_sum(image, y);
r[1] = copy[1][2][2] - copy[3][5][0];
r[2] = fold(v, r);
r[3] = kernel[2][2] * kernel[0][0] + (int)(sizeof copy / sizeof copy[0][0][0]);
for (int i = 0; i < 2; i++)
  for (int j = 0; j < 3; j++) f[i][j] = w[i][j] / w[2][j];
scale(f, w[2][2]);
r[6] = 7; r[6] <<= 3; r[6] |= 1; r[6] ^= 0x0F; r[6] %= 11; r[6] += 2L; r[6] -= 1u; r[6] *= 3; r[6] /= 2; r[6] &= ~1; r[6] >>= 1;
int hits = 0;
if (image[0][0] > 9 && hits++ < 5 || image[0][1] > 9 && ++hits) r[7] = hits;
else r[7] = -hits;
