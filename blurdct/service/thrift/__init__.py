"""Thrift: the old protocol and the typed one, server and client."""
