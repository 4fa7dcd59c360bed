// out i32 r
union { int i; float f; } u;
