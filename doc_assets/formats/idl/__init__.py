"""The format ``idl``: interfaces of Solana programs, as Anchor, Shank and Codama describe them."""
