// out i32 r
struct node { int value; struct node *next; } n;
r = 1;
