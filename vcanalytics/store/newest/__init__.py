"""The newest version of every row, in files of their own, and where older ones lie."""
