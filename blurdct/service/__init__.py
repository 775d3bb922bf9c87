"""Request -> ``Engine`` -> answer: HTTP with a page, and Thrift (extra ``serve``)."""
