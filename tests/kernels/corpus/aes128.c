// in u8 key[16], in u8 plain[16], out u8 cipher[16]
static uint8_t twice(uint8_t x) { return x << 1 ^ (x >> 7) * 0x1b; }

static uint8_t product(uint8_t a, uint8_t b) {
  uint8_t sum = 0;
  for (int bit = 0; bit < 8; bit++) {
    if (b >> bit & 1) sum ^= a;
    a = twice(a);
  }
  return sum;
}

/* The S-box from its definition: the inverse in GF(2^8), x^254, then the affine map. */
static uint8_t substitute(uint8_t x) {
  uint8_t inverse = 1, power = x;
  for (int bit = 1; bit < 8; bit++) {
    power = product(power, power);
    inverse = product(inverse, power);
  }
  uint8_t y = inverse;
  for (int turn = 0; turn < 4; turn++) {
    inverse = inverse << 1 | inverse >> 7;
    y ^= inverse;
  }
  return y ^ 0x63;
}

static void expand(const uint8_t key[16], const uint8_t *box, uint8_t schedule[11][16]) {
  uint8_t constant = 1;
  for (int i = 0; i < 16; i++) schedule[0][i] = key[i];
  for (int round = 1; round < 11; round++) {
    for (int i = 0; i < 16; i++) {
      uint8_t previous;
      if (i < 4) previous = box[schedule[round - 1][12 + (i + 1) % 4]] ^ (i == 0 ? constant : 0);
      else previous = schedule[round][i - 4];
      schedule[round][i] = schedule[round - 1][i] ^ previous;
    }
    constant = twice(constant);
  }
}
// step
uint8_t box[256], state[4][4], moved[4][4], schedule[11][16];
int i = 0;
do { box[i] = substitute(i); } while (++i < 256);
expand(key, box, schedule);
for (int c = 0; c < 4; c++)
  for (int r = 0; r < 4; r++) state[c][r] = plain[4 * c + r] ^ schedule[0][4 * c + r];
for (int round = 1; round <= 10; round++) {
  for (int c = 0; c < 4; c++)
    for (int r = 0; r < 4; r++) moved[c][r] = box[state[(c + r) % 4][r]];
  for (int c = 0; c < 4; c++)
    for (int r = 0; r < 4; r++) {
      uint8_t own = moved[c][r], next = moved[c][(r + 1) % 4];
      uint8_t mixed = own;
      if (round != 10)
        mixed = twice(own) ^ twice(next) ^ next ^ moved[c][(r + 2) % 4] ^ moved[c][(r + 3) % 4];
      state[c][r] = mixed ^ schedule[round][4 * c + r];
    }
}
for (int at = 0; at < 16; at++) cipher[at] = state[at / 4][at % 4];
