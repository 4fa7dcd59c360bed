/* Two red lamps blink by turns while it warns or is closed, the third says open; the last tells the driver
   that it is closed. */
tick = (tick + 1) % 16;
int first = tick < 8;
lamps[0] = (uint8_t)(command != 0 && first ? 1 : 0);
lamps[1] = (uint8_t)(command != 0 && !first ? 1 : 0);
lamps[2] = (uint8_t)(command == 0 ? 1 : 0);
lamps[3] = (uint8_t)(command == 2 ? 1 : 0);
