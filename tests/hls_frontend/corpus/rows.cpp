// H=12 W=20: in u8 pixels[H][W]; out f32 mean[H]
#include <hls_stream.h>
#include <ap_int.h>

static float scaled(unsigned int sum, int count)
{
    return static_cast<float>(sum) / count;
}

void rows(hls::stream<ap_uint<8> > &pixels, hls::stream<float> &mean)
{
#pragma HLS DATAFLOW
    for (int y = 0; y < H; y++) {
        unsigned int sum = 0;
        for (int x = 0; x < W; x++) {
#pragma HLS PIPELINE II=1
            sum += pixels.read();
        }
        mean.write(scaled(sum, W));
    }
}
