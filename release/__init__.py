"""What a release is made and checked with, outside the product: its archives and the list of what it is built on."""
