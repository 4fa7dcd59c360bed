// GROUPS=5 SIZE=96 BINS=16: in u8 x[GROUPS][SIZE]; out u32 bins[GROUPS][BINS]
for (int g = 0; g < GROUPS; g++) {
  for (int b = 0; b < BINS; b++) bins[g][b] = 0;
  for (int i = 0; i < SIZE; i++) bins[g][x[g][i] & 15]++;
}
