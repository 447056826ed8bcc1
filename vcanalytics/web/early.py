"""What a page asks for late, named in its index: so it comes while the page's own script is read.

A browser learns of a chart's script when it draws the first one, of what that script needs once it
has it, and of Vega after that; of the icons' font when the first icon is laid out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from vcanalytics.web.headers import installed

_SCRIPTS: Final = "./static/js/"
#: What stands above the first chart of a page, and what draws it; their names are Streamlit's.
_FIRST: Final = (
    "ArrowVegaLiteChart",
    "loadVegaEmbed",
    "embed",
    "vega-interpreter",
    "BidiComponent",
    "Metric",
    "PageLink",
    "Button",
)
#: ``import … from "./x.js"``, as bundlers write it. What is imported on demand is no part of it.
_IMPORT: Final = re.compile(r"""(?:\bfrom|\bimport)\s*["']\./([\w.-]+\.js)["']""")
#: Streamlit's text font, which its index has loaded first; the console's theme uses none of it.
_TEXT_FONT: Final = re.compile(r'(?<=rel="preload")(\s+href=")\./static/media/SourceSansVF-[^"]+')
_ICONS: Final = "MaterialSymbols-Rounded.*.woff2"


def named_in(index: str) -> str:
    """Streamlit's index with these named in it.

    What this Streamlit does not have is left out: then it is asked for late, as it always was.
    """
    static = installed("streamlit", "static")
    links = "".join(
        f'  <link rel="modulepreload" crossorigin href="{_SCRIPTS}{name}">\n  '
        for name in _scripts(index, static / _SCRIPTS)
    )
    # After the index's own, which they need.
    index = index.replace("</head>", f"{links}</head>", 1)
    for path in (static / "static/media").glob(_ICONS):
        index = _TEXT_FONT.sub(rf"\g<1>./static/media/{path.name}", index, count=1)
    return index


def _scripts(index: str, folder: Path) -> list[str]:
    """File names of the scripts and of all they import, without what the index names itself."""
    todo = [path.name for name in _FIRST for path in folder.glob(f"{name}.*.js")]
    found: dict[str, None] = {}
    while todo:
        name = todo.pop(0)
        if name in found or name in index or not (folder / name).is_file():
            continue
        found[name] = None
        todo += _IMPORT.findall((folder / name).read_text(encoding="utf-8"))
    return list(found)
