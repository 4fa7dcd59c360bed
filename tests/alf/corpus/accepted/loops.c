int total = 0;
for (int i = 0; i < 9; i++) total += data[i];
r[0] = total;
total = 0;
for (int i = 0; i < 9; i++) if (data[i] < 0) total -= data[i];
r[1] = total;
r[2] = 4 * n + 6;
r[3] = 7;
for (int y = 0; y < 4; y++) for (int x = 0; x < 6; x++) turned[x][y] = grid[y][x] + 1;
int steps = 0, v = n + 1;
while (v > 1 && steps < 200) { v = v % 2 == 0 ? v / 2 : 3 * v + 1; steps++; }
r[4] = steps;
do { --steps; } while (steps > 10);
r[5] = steps;
r[6] = 6;
r[7] = 604;
