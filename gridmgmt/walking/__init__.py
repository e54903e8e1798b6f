"""From editions to a network that can be walked, kept warm; planned changes, and what one of them changes."""
