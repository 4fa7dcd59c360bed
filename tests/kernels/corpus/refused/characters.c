// out i32 r
r = 'ab';
