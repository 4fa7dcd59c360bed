/* Degrees above the road: 85 is open; a motor step a job. */
int wanted = command == 2 ? 0 : 85;
position = position < wanted ? position + 1 : (position > wanted ? position - 1 : position);
angle = position;
