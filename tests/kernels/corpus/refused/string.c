// out i32 r
char s[4] = "abc";
