"""A population run on Apache Spark: the same lines, rows and files as in processes, on as many machines as there are."""
