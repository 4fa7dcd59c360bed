// N=64: in f32 x[N]; in f32 factor; out f32 y[N]; state f32 peak
#include <cmath>

void gain(const float x[N], float factor, float y[N], float *peak)
{
#pragma HLS ARRAY_PARTITION variable=x cyclic factor=4
#pragma HLS ARRAY_PARTITION variable=y cyclic factor=4
    float most = *peak;
    for (int i = 0; i < N; i += 4) {
#pragma HLS PIPELINE II=1
        for (int k = 0; k < 4; k++) {
#pragma HLS UNROLL factor=4
            float value = std::fabs(x[i + k] * factor);
            y[i + k] = std::sqrt(value);
            most = std::fmax(most, value);
        }
    }
    *peak = most;
}
