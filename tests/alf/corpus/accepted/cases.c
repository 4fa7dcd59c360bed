int code = command % 8;
if (code == 0) mode = 0;
else if (code == 1 || code == 2) mode = (mode + code) % 4;
else if (code == 3) {
  if (armed && level > 0) mode = 3;
  else if (level < -100) mode = -1;
  else mode++;
} else mode -= 1;
action = armed ? mode * 10 : -mode;
flags = (armed ? 128 : 0) | (mode < 0 ? 1 : 0);
