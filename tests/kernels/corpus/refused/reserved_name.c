// out i32 r
int aic_channel = 1;
r = aic_channel;
