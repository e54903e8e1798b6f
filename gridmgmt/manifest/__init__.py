"""One file that says what a district's folder is made of, and bringing the folder to it."""
