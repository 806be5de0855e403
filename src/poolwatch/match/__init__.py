"""From batches of packets to hits: kernels pick the flows, dialects read them."""
