=== width that no integer has
void f(const ap_int<12> x[64], int y[64]) { }
=== one bit
void f(const int x[64], ap_uint<1> y[64]) { }
=== fixed point
void f(const ap_fixed<16, 4> x[64], int y[64]) { }
=== conditional read
void f(hls::stream<int> &x, int y[64])
{
    for (int i = 0; i < 64; i++) {
        int v = 0;
        if (i > 3)
            v = x.read();
        y[i] = v;
    }
}
=== read in two loops
void f(hls::stream<int> &x, int y[64])
{
    for (int i = 0; i < 32; i++)
        y[i] = x.read();
    for (int i = 32; i < 64; i++)
        y[i] = x.read();
}
=== loop that does not count by one
void f(hls::stream<int> &x, int y[64])
{
    for (int i = 0; i < 128; i += 2)
        y[i / 2] = x.read();
}
=== too many values
void f(hls::stream<int> &x, int y[64])
{
    for (int i = 0; i < 65; i++)
        y[i & 63] = x.read();
}
=== asking whether there is something
void f(hls::stream<int> &x, int y[64])
{
    for (int i = 0; i < 64; i++)
        y[i] = x.empty();
}
=== template
template <int N> void f(const int x[N], int y[N]) { }
=== pragma where no statement can stand
void f(const int x[64], int y[64])
{
    for (int i = 0; i < 64; i++)
#pragma HLS PIPELINE
        y[i] = x[i];
}
=== partition of an unknown array
void f(const int x[64], int y[64])
{
#pragma HLS ARRAY_PARTITION variable=z complete
    y[0] = x[0];
}
=== dimension that is not there
void f(const int x[64], int y[64])
{
#pragma HLS ARRAY_PARTITION variable=x complete dim=2
    y[0] = x[0];
}
=== interval that is no constant
void f(const int x[64], int y[64])
{
    for (int i = 0; i < 64; i++) {
#pragma HLS PIPELINE II=fast
        y[i] = x[i];
    }
}
=== extents that differ
void f(const int x[32], int y[64]) { }
=== two top functions
void g(const int x[64], int y[64]) { }
void h(const int x[64], int y[64]) { }
=== syntax error
void f(const int x[64], int y[64])
{
    y[0] = x[0;
}
