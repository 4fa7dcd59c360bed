// in u8 image[4][5], out i32 r
r = image[7];
