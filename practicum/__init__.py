"""A hands-on course in convolutional neural networks: the package behind the notebooks.

Importing it is cheap: TensorFlow and matplotlib are loaded by the modules that need them.
"""

__version__ = "0.1.0"
