"""From hits to sessions to one finding per host: the judging, free of packets and screens."""
