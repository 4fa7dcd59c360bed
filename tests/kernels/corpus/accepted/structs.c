// in i32 a, in i32 b, in f32 x[4], in u8 at, out i32 r[6], out f32 f[6], state i32 calls
typedef struct { int x, y; } point_t;
struct box { point_t low, high; float weight; };
enum corner { LOW, HIGH = 3 };
static const struct { uint8_t rank; float factor; } ranks[] = {{3, 0.5f}, {.factor = 2.0f, .rank = 1}, {7}};
static const point_t origin = {1, -1};
static point_t moved(point_t p, int by) {
  if (by == 0) return p;
  p.x += by;
  return (point_t){p.x, p.y - by};
}
static int area(const struct box *box) { return (box->high.x - box->low.x) * (box->high.y - box->low.y); }
static void widen(struct box *box, int *count, float by) {
  for (int i = 0; i < box->low.x % 3; i++) {
    box->weight += by;
    *count += 1;
  }
  (*box).high = moved(box->high, 2);
  if (by > 100.0f) return;
  box->low.y--;
}
static void sort(point_t ps[4]) {
  for (int i = 1; i < 4; i++) {
    point_t current = ps[i];
    int k = i;
    while (k > 0 && ps[k - 1].x > current.x) {
      ps[k] = ps[k - 1];
      k--;
    }
    ps[k] = current;
  }
}
static float total(const struct box boxes[], int n) {
  float sum = 0.0f;
  for (int i = 0; i < n; i++) sum += boxes[i].weight;
  return sum;
}
// step
int low = a % 100, high = b % 100;
struct box box = {origin, {.y = high, .x = low}, x[0]}, boxes[2] = {{{1, 2}, {3}, x[1]}};
widen(&box, &calls, x[2]);
r[0] = area(&box);
boxes[1] = box;
boxes[1].high.x = boxes[0].low.y + 1;
widen(&boxes[at & 1], &calls, x[3]);
r[1] = area(&boxes[1]) + (int)sizeof(struct box) + (int)sizeof boxes;
point_t ps[4] = {{low, 0}, {high, 1}, {low - high, 2}};
ps[3] = low > high ? ps[0] : moved(origin, LOW + HIGH);
sort(ps);
for (int i = 0; i < 4; i++) r[2 + i] = ps[i].x * 10 + ps[i].y;
f[0] = box.weight;
f[1] = total(boxes, 2);
f[2] = ranks[at % 3].factor * (float)ranks[at % 3].rank;
const point_t last = ps[3];
f[3] = (float)(last.x - (&last)->y);
f[4] = (float)sizeof(ranks[0]);
f[5] = (float)(&ps[1])->x;
