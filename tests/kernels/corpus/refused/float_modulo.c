// in f32 x, out f32 r
r = x % 2;
