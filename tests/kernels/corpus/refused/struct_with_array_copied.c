// in i32 a, out i32 r
struct window { int taps[4]; int at; } v, w;
v.at = a;
w = v;
