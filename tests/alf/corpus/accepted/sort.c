for (int i = 0; i < 12; i++) sorted[i] = values[i];
int n = 12, count = 0, changed = 1;
while (changed) {
  changed = 0;
  for (int i = 0; i < n - 1; i++) {
    if (sorted[i] > sorted[i + 1]) {
      int held = sorted[i];
      sorted[i] = sorted[i + 1];
      sorted[i + 1] = held;
      count++;
      changed = 1;
    }
  }
  n--;
}
swaps = count;
median = (sorted[5] + sorted[6]) / 2;
