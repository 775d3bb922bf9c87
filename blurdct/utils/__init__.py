"""Small tools with no knowledge of photographs."""
