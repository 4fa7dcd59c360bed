// N=12: in f32 a[N]; in bool on; out f32 mean; out u32 hash; out f32 half[N]; out i32 det
static float square(float v) { return v * v; }
static void scale(const float *source, float *target, float by) {
  for (int i = 0; i < N; i++) target[i] = source[i] * by;
}
static int sum3(int m[3][3], int column) { return m[0][column] + m[1][column] + m[2][column]; }
float total = 0.0f;
uint32_t h = 2166136261u;
int grid[3][3];
for (int i = N - 1; i >= 0; i--) {
  if (on) total += square(a[i]);
  h = (h ^ (uint32_t)i) * 16777619u;
}
mean = sqrtf(total / N);
hash = h;
scale(a, half, 0.5f);
for (int y = 0; y < 3; y++) for (int x = 0; x < 3; x++) grid[y][x] = 3 * y - x * x;
det = sum3(grid, 0) * 100 + sum3(grid, 2);
