// GROUPS=6 SIZE=64: in i32 x[GROUPS][SIZE]; out i32 sums[GROUPS]
for (int g = 0; g < GROUPS; g++) {
  int sum = 0;
  for (int i = 0; i < SIZE; i++) sum += x[g][i];
  sums[g] = sum;
}
