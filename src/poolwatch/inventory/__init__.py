"""Whose address it is, at the time of the packet, and in which country a pool stands."""
