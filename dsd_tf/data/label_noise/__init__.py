"""Wrong labels on purpose: synthetic, structured and human label noise for training sets."""
