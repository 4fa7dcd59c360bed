// in u8 key, in i8 shift, out u16 r[8], out f32 w[4], state u8 box[2][3][2]
static const uint16_t crc[2][4] = {{0x1021, 2, 3}, {4, 5, 6, 0xffff}};
static const float half[4] = {0.5f, -0.0f, 1e-3f};
enum { ROWS = 2, LAST = ROWS + 1 };
#define SCALE (LAST * 2)
static int pick(const uint16_t t[][4], int i, int j) { return t[i][j] + SCALE; }
static void bump(uint8_t cube[2][3][2], int by) {
  for (int z = 0; z < 2; z++)
    for (int y = 0; y < LAST; y++)
      for (int x = 0; x < 2; x++) cube[z][y][x] += by + z;
}
// step
const int8_t signs[3] = {-1, 0, 1};
int local[2][3] = {1, 2, 3, {4}};
int big[10][10] = {{0}, {1, 2}};
static const int64_t wide[] = {-5000000000, 7, 0x7fffffffffffffff};
for (int i = 0; i < 4; i++) r[i] = pick(crc, key & 1, i) * signs[key % 3];
r[4] = local[1][0] + local[1][2] + big[1][1] + big[9][9];
r[5] = sizeof(local) + sizeof crc[0][0] + sizeof(double);
r[6] = wide[key % 3] >> 8;
bump(box, shift);
r[7] = box[1][2][1]++;
box[0][0][0] = --box[0][1][0];
for (int i = 0; i < 4; i++) w[i] = half[i] * key;
