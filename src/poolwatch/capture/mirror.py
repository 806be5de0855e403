"""Is the mirror port set up well? Frames that come twice, conversations seen one way only.

Pure functions over arrays and counters: the sensor shows what they say.
"""
