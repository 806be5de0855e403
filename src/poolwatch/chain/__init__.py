"""From a public address to a box and back: which log says what, and which is missing."""
