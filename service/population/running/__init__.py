"""A population run on one machine: NDJSON files in, Parquet out, in processes, with flat memory, to be taken up again."""
