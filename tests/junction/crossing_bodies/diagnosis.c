/* report: axles, angle, lamps, number, and Fletcher-16 over these fourteen bytes. */
for (int b = 0; b < 4; b++) {
  report[b] = (uint8_t)(((uint32_t)axles >> (8 * b)) & 0xffu);
  report[4 + b] = (uint8_t)(((uint32_t)angle >> (8 * b)) & 0xffu);
  report[8 + b] = lamps[b];
}
report[12] = (uint8_t)(number & 0xffu);
report[13] = (uint8_t)((number >> 8) & 0xffu);
uint32_t low = 0u;
uint32_t high = 0u;
for (int i = 0; i < 14; i++) {
  low = (low + report[i]) % 255u;
  high = (high + low) % 255u;
}
report[14] = (uint8_t)low;
report[15] = (uint8_t)high;
number = number + 1u;
