"""A table in parts: a folder of Parquet files, on a disk or in object storage."""
