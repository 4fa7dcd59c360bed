// in i32 op, in i32 a, in u64 wide, in i8 tiny, out i32 r[8], state i32 mode
enum { IDLE, RUN = 4, STOP };
static int apply(int op, int x) {
  switch (op) {
    case 0: return x / 2;
    case 1:
    case 2: { return x % 5; }
    case -3: x = x / 3; break;
    default:
      if (x > 10) return 10;
      x = 5;
  }
  return x - 1;
}
static unsigned state_after(unsigned state, int event) {
  switch (state) {
    case IDLE: if (event > 0) state = RUN; break;
    case RUN:
      switch (event & 3) {
        case 0: break;
        case 1: state = STOP; break;
        default: state = RUN + 10;
      }
      break;
    case STOP: state = IDLE;
  }
  return state;
}
// step
r[0] = apply(op % 5, a);
mode = (int)state_after((unsigned)mode % 6u, a);
switch (wide) {
  case 0xFFFFFFFFFFFFFFFFull: r[1] = 1; break;
  case 0: r[1] = 2; break;
  case 1: if (a > 5) break; r[1] = 3; break;
}
switch (tiny) { default: r[2] = 9; break; case 'a': r[2] = 1; break; case -128: case 127: r[2] = 2; }
for (int i = 0; i < 6; i++) {
  switch ((op & 7) + i) {
    case 2: continue;
    case 3: if (a & 1) break; r[3] += 10; break;
    case 5: r[4] = i;
      break;
    case 6:;
  }
  r[3] += i;
  if (i == a) break;
}
switch (r[3]++) { case 15: r[5] = r[3]; }
r[6] = op > 0 ? op > 100 ? 3 : op > 10 ? 2 : 1 : op == 0 ? 0 : -1;
r[7] = apply(-3, a) + sizeof(int16_t);
