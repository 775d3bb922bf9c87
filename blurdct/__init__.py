"""blurdct tells blurred photographs from sharp ones out of 18 DCT statistics."""
