// in i16 a[4][6], state i32 low, state i32 high, out i32 where[2], out bool found
// step
int best = -40000, row = -1, column = -1;
_Bool seen = 0;
for (int y = 0; y < 4; y++) {
  int line = 0;
  for (int x = 0; x < 6; x++) {
    int v = a[y][x];
    if (v > best) {
      best = v;
      if (x > 2) { row = y; column = x; } else if (y > 1) { row = -y; }
      else { column = -x; }
    } else if (v < low) {
      low = v;
      seen = 1;
    }
    line += v > 0 ? v : -v;
    if (line > 50000) { line = 0; if (seen && x) high--; }
  }
  high = line > high ? line : high;
}
where[0] = row;
where[1] = column;
found = seen || row >= 0;
