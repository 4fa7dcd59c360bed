// out i32 r
#ifdef DEBUG
r = 1;
#endif
