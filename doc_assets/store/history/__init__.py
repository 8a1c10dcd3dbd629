"""The append-only history, the progress of running loads, and the figures that monitoring reads."""
