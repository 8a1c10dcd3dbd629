"""What readers browse beside searching: the state that is visible, documents in full, sources and their contents."""
