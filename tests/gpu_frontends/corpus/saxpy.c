// N=1000: in f32 a; in f32 x[N]; in f32 y[N]; out f32 z[N]
for (int i = 0; i < N; i++) z[i] = a * x[i] + y[i];
