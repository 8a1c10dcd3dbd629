"""Loads that are killed, cut off and starved: nothing that was published is lost, and nothing is shown by halves."""
