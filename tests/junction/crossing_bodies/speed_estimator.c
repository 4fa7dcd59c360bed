/* Wheels per job over the last sixteen jobs. */
int slot = next;
int oldest = history[slot];
history[slot] = pulses[0];
next = (slot + 1) % 16;
speed = (float)(pulses[0] - oldest) / 16.0f;
