"""The recipe ``everyday``: scenes and pages made of photographs and chance, and copies of them."""
