"""The daemon: packets of a mirror port in, findings kept and told for months."""
