"""HTTP and Thrift over one engine."""
