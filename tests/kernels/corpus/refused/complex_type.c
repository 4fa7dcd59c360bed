// out i32 r
float _Complex z;
