"""HTTP: a request -> its photographs -> the engine -> an answer; and the page."""
