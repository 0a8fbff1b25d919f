"""Allcue beside what else could answer the same calls: same patients, same machine, in rounds that take turns."""
