// out i32 r
printf("hello");
