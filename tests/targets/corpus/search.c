// N=19: in i32 v[N]; in i32 key; out i32 first; out i32 best; out i32 sorted[N]
int found = -1;
int at = 0;
while (at < N && found < 0) {
  if (v[at] == key) found = at;
  else if (v[at] > 0) { if (v[at] % 97 == 0) found = 1000 + at; }
  at++;
}
first = found;
for (int i = 0; i < N; i++) sorted[i] = v[i];
for (int i = 1; i < N; i++) {
  int x = sorted[i], j = i;
  while (j > 0 && sorted[j - 1] > x) { sorted[j] = sorted[j - 1]; j--; }
  sorted[j] = x;
}
best = sorted[N - 1];
