"""What the file of a photo says beside its pixels: EXIF, XMP and IPTC, in every format.

Own readers, as those of Pillow know a part of the formats only, and refuse large photographs. They
read the few bytes that are needed, whatever the size of the file.
"""
