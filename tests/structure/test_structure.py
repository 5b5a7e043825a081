"""The rules of the house that no compiler checks: arrows between folders, sizes, kept promises."""

import pathlib
import re
import subprocess

import pytest

import cpp

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src"
FILE_LINES_MAX, FUNCTION_LINES_MAX, COLUMNS_MAX = 600, 70, 100

# A room may include itself and what stands further right; those side by side never each other.
LEVELS = [["cli", "api"], ["control", "engine"], ["lanes", "verify"], ["compose"],
          ["capture", "document", "retry", "index"], ["postgres", "http", "storage"],
          ["model"], ["base"]]
# Folders that tools take for what a build leaves behind, and skip.
BUILD_OUTPUTS = {"bin", "build", "debug", "dist", "lib", "node_modules", "obj", "out", "release",
                 "target", "tmp", "vendor"}
CODE = {".cc", ".h", ".py", ".java", ".sql", ".cmake", ".sh"}


def tracked_files():
    """Everything git knows or would take, so that a new file is judged before it is committed."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def cpp_files():
    return [path for path in SOURCE.rglob("*") if path.suffix in {".cc", ".h"}]


def short(path):
    return str(path.relative_to(ROOT))


def level_of(folder):
    return next(number for number, folders in enumerate(LEVELS) if folder in folders)


def forbidden_includes(folder, text):
    """What a file of this folder includes against the arrows."""
    known = {name for names in LEVELS for name in names}
    for included in re.findall(r'^\s*#\s*include\s+"([^"/]+)/', text, re.M):
        if included not in known:
            continue
        if included != folder and level_of(included) <= level_of(folder):
            yield included


def test_every_folder_has_a_place():
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir()}
    assert folders <= {name for names in LEVELS for name in names}
    files = {path.name for path in SOURCE.iterdir() if path.is_file()}
    assert files <= {"main.cc"}, "only main.cc stands beside the folders"


def test_arrows_point_one_way():
    wrong = [f"{short(path)} includes {included}/"
             for path in cpp_files() if path.parent != SOURCE
             for included in forbidden_includes(path.parent.name, path.read_text())]
    assert not wrong, "\n".join(map(str, wrong))


def rooms_included(paths):
    """The rooms that these files name in their includes."""
    return {room for path in paths
            for room in re.findall(r'^\s*#\s*include\s+"([^"/]+)/', path.read_text(), re.M)}


def rooms_linked():
    """What CMakeLists.txt says each room links, of rooms alone; "main" is the program."""
    text = (ROOT / "CMakeLists.txt").read_text()
    known = {name for names in LEVELS for name in names}
    rooms = dict(re.findall(r"^syncline_room\((\w+)\s+LINKS\s([^)]*)\)", text, re.M))
    rooms["main"] = re.search(r"^syncline_link\(syncline ([^)]*)\)", text, re.M).group(1)
    return {room: known & set(links.split()) for room, links in rooms.items()}


def test_a_room_links_what_it_includes():
    linked = rooms_linked()
    included = {"main": rooms_included([SOURCE / "main.cc"])}
    for folder in (path for path in SOURCE.iterdir() if path.is_dir()):
        included[folder.name] = rooms_included(
            path for path in folder.glob("*.[ch]*")
            if path.suffix in {".h", ".cc"} and not path.stem.endswith("_test")) - {folder.name}
    assert linked == included


def namespace_faults(room, text):
    """What a file of this room says against "one room, one namespace"."""
    wanted = "syncline" if room in {"base", "model", "main"} else f"syncline::{room}"
    opened = set(re.findall(r"^namespace ([\w:]+) \{", text, re.M))
    if wanted not in opened:
        yield f"does not open {wanted}"
    # What it names of another room it includes; a forward declaration opens that room instead.
    included = set(re.findall(r'^#include "(\w+)/', text, re.M))
    known = {name for names in LEVELS for name in names} - {"base", "model", room}
    for named in re.findall(r"(?<![\w:])(\w+)::", cpp.blanked(text)):
        if named in known and f"syncline::{named}" not in opened:
            yield from [] if named in included else [f"names {named}:: without an include of it"]


def test_a_room_is_a_namespace():
    wrong = []
    for folder in (path for path in SOURCE.iterdir() if path.is_dir()):
        headers = "".join(path.read_text() for path in folder.glob("*.h"))
        of_room = "\n".join(re.findall(r'^#include ".*', headers, re.M)) + "\n"
        for path in folder.glob("*.[ch]*"):
            if path.suffix in {".h", ".cc"}:
                wrong += [f"{short(path)} {fault}" for fault in
                          set(namespace_faults(folder.name, of_room + path.read_text()))]
    assert not wrong, "\n".join(sorted(wrong))


def test_the_rule_of_namespaces_itself():
    text = 'namespace syncline::lanes {\nindex::Cluster cluster;\n}\n'
    assert list(namespace_faults("lanes", text)) == ["names index:: without an include of it"]
    assert not list(namespace_faults("lanes", '#include "index/cluster.h"\n' + text))
    assert "does not open syncline::verify" in list(namespace_faults("verify", text))


def test_no_folder_looks_like_the_output_of_a_build():
    parts = {part for path in tracked_files() for part in path.relative_to(ROOT).parts[:-1]}
    assert not parts & BUILD_OUTPUTS


@pytest.mark.parametrize("folder, line, allowed", [
    ("lanes", '#include "capture/position.h"', True),
    ("capture", '#include "capture/position.h"', True),
    ("capture", '#include "document/row_writer.h"', False),
    ("model", '#include "postgres/session.h"', False),
    ("base", '#include "embedded_sql.h"', True),
    ("cli", '#include "retry/sqs_options.h"', True),
    ("api", '#include "cli/commands.h"', False),
])
def test_the_arrow_rule_itself(folder, line, allowed):
    assert (not list(forbidden_includes(folder, line))) == allowed


def test_files_are_short():
    counted = {short(path): len(path.read_bytes().splitlines())
               for path in tracked_files() if path.suffix in CODE or path.name == "dev"}
    wrong = [f"{name} ({lines})" for name, lines in counted.items() if lines > FILE_LINES_MAX]
    assert not wrong, "\n".join(map(str, wrong))


def test_functions_are_short():
    wrong = [f"{short(path)}:{first} {head[:60]} ({lines} lines)" for path in cpp_files()
             for head, first, lines in cpp.functions(path.read_text())
             if lines > FUNCTION_LINES_MAX]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_measure_of_functions_itself():
    text = ('namespace a {\nclass B : public C {\n public:\n  int f() const { return 1; }\n};\n'
            '// void g() {\nB::B(int x)\n    : x_{x}, y_("}") {\n  auto l = [&](int i) {\n'
            "    return i + '{' + 1'000;\n  };\n}\n}  // namespace a\n")
    assert [(head.split("(")[0], first, lines) for head, first, lines in cpp.functions(text)] == [
        ("int f", 4, 1), ("B::B", 7, 6)]


def test_lines_are_short():
    wrong = [f"{short(path)}:{number} ({len(line)})"
             for path in tracked_files() if path.suffix in CODE or path.name == "dev"
             for number, line in enumerate(path.read_text().splitlines(), 1)
             if len(line) > COLUMNS_MAX]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_documented_way_of_a_change_exists():
    """docs/flow.md names `file:function`; the name's last part is an identifier in that file."""
    hops = re.findall(r"`(src/[\w/.]+):([\w:~]+)`", (ROOT / "docs" / "flow.md").read_text())
    assert hops, "docs/flow.md names no `src/folder/file.cc:Class::function`"
    wrong = [f"{name}:{function}" for name, function in hops
             if not (ROOT / name).is_file()
             or not re.search(rf"\b{re.escape(function.split('::')[-1])}\b",
                              (ROOT / name).read_text())]
    assert not wrong, "\n".join(map(str, wrong))


def test_documents_name_files_that_exist():
    named = {(short(path), name) for path in tracked_files() if path.suffix == ".md"
             for name in re.findall(r"`((?:bench|docs|scripts|src|tests)/[\w/.-]+)",
                                    path.read_text())}
    wrong = [f"{document}: {name}" for document, name in sorted(named)
             if not (ROOT / name).exists()]
    assert not wrong, "\n".join(wrong)


CITATION = re.compile(
    r"\b(?:design|contract)(?:\.md)?[^a-z]{0,3}(?:section|[0-9])|\bsection [0-9]", re.I)


def test_no_document_is_cited_that_is_not_here():
    """A comment says the thing itself, or names a file of docs/."""
    wrong = [f"{short(path)}: {found.group(0)}" for path in tracked_files()
             if path.suffix in CODE | {".md"}
             for found in CITATION.finditer(path.read_text())]
    assert not wrong, "\n".join(wrong)


def test_the_rule_of_citations_itself():
    for number in ("4", "3.2"):
        for cited in ("Contract sec" + "tion ", "contract" + ".md ", "see sec" + "tion "):
            assert CITATION.search(f"// {cited}{number}: a wider column"), cited
    assert not CITATION.search("// the contract of begin_batch(): a section of the body")


def test_tests_stand_in_folders_and_share_only_the_kit():
    """A test file runs alone: what two of them need is in the kit. Names of files are modules."""
    folder = ROOT / "tests" / "integration"
    files = [path for part in ("integration", "scenario")
             for path in (ROOT / "tests" / part).rglob("test_*.py")]
    names = [path.name for path in files]
    wrong = [f"{short(path)} stands in no folder" for path in files if path.parent == folder]
    wrong += [f"{short(path)} has another's name" for path in files if names.count(path.name) > 1]
    wrong += [f"{short(path)} imports {found}" for path in (ROOT / "tests").rglob("*.py")
              for found in re.findall(r"^\s*(?:from|import) (test_\w+)", path.read_text(), re.M)]
    assert not wrong, "\n".join(wrong)


def test_every_mutex_is_on_the_map_of_threads():
    """docs/threads.md lists each file that holds a mutex, and no other."""
    holding = {short(path) for path in cpp_files()
               if "_test" not in path.stem and "test_support" not in path.stem
               and re.search(r"^\s*(?:mutable\s+)?std::mutex\s+\w+;", path.read_text(), re.M)}
    listed = set(re.findall(r"^\| `(src/[\w/.]+)` \|", (ROOT / "docs" / "threads.md").read_text(),
                            re.M))
    assert listed == holding


def test_no_registry_and_no_machine_is_named():
    # In pieces, so that this file does not find itself.
    hosts = ["repo." + "maven", "repo1." + "maven", "pypi" + ".org", "files.python" + "hosted",
             "deb.deb" + "ian.org", "registry." + "npmjs"]
    folders = "|".join(["ro" + "ot", "wo" + "rk", "ho" + r"me/\w+"])
    machine = rf"(?<![\w.$}}/-])/(?:{folders})(?:/|\b)"
    pattern = re.compile("|".join(map(re.escape, hosts)) + "|" + machine)
    wrong = []
    for path in tracked_files():
        if path.name == "LICENSE":
            continue
        text = path.read_text(errors="replace")
        wrong += [f"{short(path)}: {found.group(0)}" for found in pattern.finditer(text)]
    assert not wrong, "\n".join(map(str, wrong))


def test_a_kind_of_job_is_asked_for_in_one_place():
    """What follows from it is data of a plan's shape, so that a new kind is not news everywhere."""
    wrong = [short(path) for path in cpp_files()
             if path.parent.name not in {"control", "model"} and path.name != "job_form.cc"
             and not path.stem.endswith("_test") and "JobType::" in cpp.blanked(path.read_text())]
    assert not wrong, "\n".join(wrong)
