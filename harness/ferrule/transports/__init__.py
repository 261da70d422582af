"""Ways to get a payload into a guest and its output back. Nothing here depends on the guest's OS."""
