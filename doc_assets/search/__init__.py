"""Search over what is live, or was: by words, by meaning, or both, as passages with the place they stand at."""
