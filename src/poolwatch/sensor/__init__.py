"""The sensor: a daemon on a mirror port that keeps what it saw."""
