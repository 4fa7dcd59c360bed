// N=6: in i32 value[N]; out i32 result[N]; out i32 kernel_sum
static int clamp(int step, int lo, int hi) { return step < lo ? lo : step > hi ? hi : step; }
int register_ = 0, global = 1, min = 2, t = 3, half = 4, uint = 5, get_global_id = 6;
for (int i = 0; i < N; i++) {
  int abs = value[i] < 0 ? -value[i] : value[i];
  result[i] = clamp(abs % 50 + global + min + t + half + uint + get_global_id, 20, 60);
  register_ += result[i];
}
kernel_sum = register_;
