"""Where cases come more often than chance would have it, and places where they come again."""
