// in i32 a, out i32 r[5]
static int a_helper(int a) { int x = a; { int a = 5; x += a; } return x; }
// step
int x = 1;
{
  int x = 2;
  { x += 3; r[0] = x; }
  r[1] = x;
}
r[2] = x;
for (int x = 0; x < 3; x++) { int x = 9; r[3] += x; }
if (a > 0) { int y = x; x = y + 1; } else x = -x;
int y = x++;
y += x--; y += (x = 4, x * 2);
r[4] = y * 10 + x + a_helper(a % 100);
