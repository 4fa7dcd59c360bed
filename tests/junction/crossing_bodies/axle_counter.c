/* What entered and has not left is in the section. */
axles = pulses[0] - pulses[1];
