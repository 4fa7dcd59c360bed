// out i32 r
struct flags { unsigned ready : 1; } f = {1};
r = f.ready;
