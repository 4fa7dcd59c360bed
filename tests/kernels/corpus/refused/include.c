// out i32 r
#include <stdio.h>
r = 1;
