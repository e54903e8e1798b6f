"""Areas of every level, by boundary edition, and which areas a point lies in."""
