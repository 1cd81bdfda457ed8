#!/usr/bin/env python3
"""Writes what this folder has from elsewhere: the tables of inputs and outputs into the READMEs,
between their markers; and queries/, a copy of the repository's, so that this folder is enough.

    docs.py            writes
    docs.py --check    says what is behind, and fails
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
INPUTS = "| input | type | default | what it is |\n|---|---|---|---|\n"
OUTPUTS = "| output | what it is |\n|---|---|\n"


def blocks(folder, kind):
    """(name, body) of each variable or output of a folder."""
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    return re.findall(rf'^{kind} "([^"]+)" \{{\n(.*?)^\}}', text, re.DOTALL | re.MULTILINE)


def attribute(body, name):
    found = re.search(rf"^  {name}\s+= (.*)$", body, re.MULTILINE)
    return found and found[1]


def cell(text):
    return text.strip('"').replace("|", "\\|")


def inputs(folder):
    rows = ""
    for name, body in blocks(folder, "variable"):
        default = attribute(body, "default")
        shown = f"`{default}`" if default else "**required**"
        kind = re.sub(r"\s+", " ", attribute(body, "type"))
        rows += f"| `{name}` | `{kind}` | {shown} | {cell(attribute(body, 'description'))} |\n"
    return INPUTS + rows


def outputs(folder):
    return OUTPUTS + "".join(
        f"| `{name}` | {cell(attribute(body, 'description'))} |\n" for name, body in blocks(folder, "output")
    )


def written(readme):
    """A README with its tables as the folder's files have them."""
    text = readme.read_text()
    for name, table in (("inputs", inputs), ("outputs", outputs)):
        marked = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(marked, lambda m: m[1] + table(readme.parent) + m[2], text, flags=re.DOTALL)
    return text


def queries():
    """{path: text} of each query as the repository has it; nothing where there is only this folder."""
    source = HERE.parent / "queries"
    return {path.relative_to(source): path.read_text() for path in sorted(source.glob("**/*.sql"))}


def copy_queries(check):
    """The names of copies that are behind, or too many; writes them unless it is to check."""
    wanted, folder = queries(), HERE / "queries"
    there = {path.relative_to(folder): path.read_text() for path in sorted(folder.glob("**/*.sql"))}
    if not wanted or wanted == there:
        return []
    behind = sorted({path for path in {*wanted, *there} if wanted.get(path) != there.get(path)})
    for path in [] if check else behind:
        if path in wanted:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(wanted[path])
        else:
            (folder / path).unlink()
    return behind


def main():
    copies = copy_queries("--check" in sys.argv)
    for path in copies:
        print(f"queries/{path} is behind: run terraform/docs.py")
    behind = [readme for readme in sorted(HERE.glob("**/README.md")) if written(readme) != readme.read_text()]
    for readme in behind:
        print(f"{readme.relative_to(HERE)} is behind: run terraform/docs.py")
        if "--check" not in sys.argv:
            readme.write_text(written(readme))
    return 1 if (behind or copies) and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
