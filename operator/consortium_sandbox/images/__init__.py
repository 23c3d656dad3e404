"""Container images without a container engine, and without a network once they are cached.

oci writes layers and archives; root_filesystem makes the Debian base; python_layers puts packages
and our own code on it; dockerfile reads what an image runs and as whom; catalogue says which images
there are.
"""
