/* A train of AXLES axles, SPACING dm apart, runs over two coils that are GAP dm apart, again and again.
   pulses: wheels that passed the coil where the section begins, and where it ends, since power-up. */
for (int c = 0; c < 2; c++) {
  int wheels = passed[c];
  for (int a = 0; a < AXLES; a++) {
    int before = position - a * SPACING - c * GAP;
    wheels = wheels + (before < 0 && before + SPEED >= 0 ? 1 : 0);
  }
  passed[c] = wheels;
  pulses[c] = wheels;
}
position = position + SPEED > AXLES * SPACING + GAP + PAUSE ? -PAUSE : position + SPEED;
