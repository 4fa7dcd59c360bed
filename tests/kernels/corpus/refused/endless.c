// out i32 r
while (1) { r++; }
