/* command: 0 open, 1 warn, 2 close.  An occupied section warns for WARNING jobs, then closes; a free one
   opens after CLEARANCE jobs, once the barrier is down.  A fast train shortens the warning. */
int occupied = axles != 0;
clear_for = occupied ? 0 : (clear_for < 1000 ? clear_for + 1 : clear_for);
int hurry = speed > 0.2f ? 2 : 1;
if (phase == 0) {
  phase = occupied ? 1 : 0;
  timer = 0;
} else if (phase == 1) {
  timer = timer + hurry;
  phase = timer >= WARNING ? 2 : 1;
} else {
  phase = clear_for >= CLEARANCE && angle <= 0 ? 0 : 2;
}
command = phase;
