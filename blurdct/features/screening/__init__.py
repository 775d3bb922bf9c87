"""What is looked at before a model: frames around a photo, mosaics in place of one."""
