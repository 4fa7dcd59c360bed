// N=256 TAPS=8: in i16 x[N]; out i32 y[N]
#include <ap_int.h>
#define SHIFT 4

static const ap_int<16> taps[8] = {1, 3, 5, 7, 7, 5, 3, 1};

void fir(const ap_int<16> x[N], ap_int<32> y[N])
{
#pragma HLS INTERFACE m_axi port=x
    ap_int<16> window[TAPS];
#pragma HLS ARRAY_PARTITION variable=window complete dim=1
clear:
    for (int k = 0; k < TAPS; k++) {
#pragma HLS UNROLL
        window[k] = 0;
    }
samples:
    for (int i = 0; i < N; i++) {
#pragma HLS PIPELINE II=2
        ap_int<32> sum = 0;
    taps_loop:
        for (int k = TAPS - 1; k > 0; k--) {
            window[k] = window[k - 1];
            sum += window[k] * taps[k];
        }
        window[0] = x[i];
        sum += window[0] * taps[0];
        y[i] = sum >> SHIFT;
    }
}
