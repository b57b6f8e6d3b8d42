"""Records that were made elsewhere: taken where they fit, refused by name where they don't."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builds import hashes
from conftest import ROOT, Build, Site, make_site
from site_ext.gallery import build, seam
from site_ext.run import inputs, plan, records
from site_ext.stores import hosts, pack, take

DRAWS = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('drawn')\nmeasured = {'n': 3}\n"
PRINTS = "print('printed')\nmeasured = {'value': 4.5}\n"
PAGE = "# Start\n\n{measured}`one/draws.n` and {measured}`one/prints.value:.1f`.\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A built site with two examples, which is the store of the others."""
    site = sources(tmp_path_factory.mktemp("made") / "site")
    built = site.build()

    assert 0 == built.code, built.text
    return site


def sources(folder: Path) -> Site:
    site = make_site(folder, "test-empty")
    site.example("one/draws", DRAWS)
    site.example("one/prints", PRINTS)
    index = site.folder / "docs/index.md"
    index.write_text(PAGE + index.read_text())
    return site


@pytest.fixture
def other(tmp_path: Path) -> Site:
    """The same sources on another machine: nothing is built."""
    return sources(tmp_path / "other")


def executed(build: Build) -> int:
    return len([line for line in build.text.splitlines() if "; passed in " in line])


def summary(build: Build) -> str:
    """The one line on what was taken."""
    found = [line for line in build.lines("records: ") if " taken" in line or " not asked" in line]

    assert 1 == len(found), build.text
    return found[0]


class Taking:
    """What a build takes from a store, without the rest of the build."""

    def __init__(self, site: Site, where: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SITE_CONF", str(ROOT / "conf/conf.py"))
        config, docs = build.configuration(site.folder / "conf"), site.folder / "docs"
        conf = seam.completed(config.sphinx_gallery_conf)
        options = build.options(config, conf, docs, [], records=config.examples_records)
        said: list[str] = []
        take.take(str(where), options, said.append)
        self.summary = said.pop()
        self.refusals = said
        self.here = {e.example.name: e for e in plan.plan(options)}


Takes = Callable[[str | Path], Taking]


@pytest.fixture
def taking(other: Site, monkeypatch: pytest.MonkeyPatch) -> Takes:
    return lambda where: Taking(other, where, monkeypatch)


@pytest.fixture
def served(made: Site) -> Iterator[str]:
    """The address of a published site: the build as its version dev."""
    root = made.folder / "served"
    if not root.exists():
        shutil.copytree(made.folder / "build/html", root / "dev")
        (root / "switcher.json").write_text('[{"version": "dev", "url": "dev/"}]')
    handler = partial(SimpleHTTPRequestHandler, directory=str(root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def branch(made: Site, folder: Path) -> None:
    """A remote repository whose branch gh-pages holds the published site, for ``folder``."""
    remote = folder.parent / "remote"
    shutil.copytree(made.folder / "build/html", remote / "dev")
    (remote / "switcher.json").write_text('[{"version": "dev", "url": "dev/"}]')
    git = partial(subprocess.run, check=True, capture_output=True)
    git(["git", "init", "-q", "-b", "gh-pages", str(remote)])
    name = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    git(["git", "add", "-f", "."], cwd=remote)
    git(["git", *name, "commit", "-qm", "Publish"], cwd=remote)
    git(["git", "init", "-q", str(folder)])
    git(["git", "remote", "add", "origin", str(remote)], cwd=folder)


@pytest.mark.parametrize(
    ("where", "label"),
    [("build/records", "records"), ("build/html/data/records/records.zip", "records.zip")],
)
def test_what_lies_in_a_folder_is_taken(made: Site, taking: Takes, where: str, label: str) -> None:
    """Plain records, and a version's packed file."""
    took = taking(made.folder / where)

    assert f"records: 2 of 2 taken (2 from {label})" == took.summary
    assert ["up to date"] * 2 == [entry.reason for entry in took.here.values()]


def test_a_built_version_makes_the_same_pages(made: Site, other: Site) -> None:
    """Nothing runs, and the cards say that this build has not made what they show."""
    build = other.build(RECORDS=str(made.folder / "build/html"))

    assert 0 == build.code, build.text
    assert 0 == executed(build)
    assert "records: 2 of 2 taken (2 from html)" == summary(build)
    same_pages(made, other)
    assert "not by this build: taken from html" in other.page("gallery/one/draws").text
    assert "html" == other.examples()["one/draws"]["origin"]
    # The store that it publishes itself is the one that it took from.
    store = "build/html/data/records"
    assert hashes(made.folder / store) == hashes(other.folder / store)


def same_pages(one: Site, other: Site) -> None:
    """Every page is the same but for the card's line on where the record is from."""
    pages = sorted(p.relative_to(one.folder) for p in (one.folder / "build/html").rglob("*.html"))

    assert pages
    for page in pages:
        ours, theirs = ((site.folder / page).read_text() for site in (one, other))
        left = theirs.partition(", not by this build: taken from ")
        if left[1]:
            theirs = left[0] + left[2][left[2].index("<") :]
        assert ours == theirs, page


def test_a_published_site_is_a_store(other: Site, served: str, taking: Takes) -> None:
    """By its address, or by that of a version or of a packed file."""
    assert f"records: 2 of 2 taken (2 from {served}/, dev)" == taking(f"{served}/").summary
    for address in (f"{served}/dev", f"{served}/dev/data/records/records.zip"):
        shutil.rmtree(other.folder / "build/records")
        assert "records: 2 of 2 taken" in taking(address).summary


def test_a_branch_is_a_store(made: Site, other: Site, taking: Takes) -> None:
    """That of a remote, as it is there now; the repository itself stays as it is."""
    branch(made, other.folder)
    before = hashes(other.folder / ".git")
    took = taking("origin/gh-pages")

    assert "records: 2 of 2 taken (2 from origin/gh-pages, dev)" == took.summary
    assert before == hashes(other.folder / ".git")


def test_only_what_fits_is_taken(made: Site, other: Site) -> None:
    """A script of another text runs; what is here and up to date is not asked for."""
    other.change("gallery/one/prints.py", "4.5", "4.75")
    build = other.build(RECORDS=str(made.folder / "build/html"))

    assert 1 == executed(build)
    expected = "1 of 2 taken (1 from html); not taken: of another text of the script: one/prints"
    assert f"records: {expected}" == summary(build)
    assert "4.8" in other.page("index").text
    build = other.build(RECORDS=str(made.folder / "build/html"))
    expected = f"records: all 2 are here; {made.folder / 'build/html'} was not asked"
    assert expected == summary(build)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("platform", "darwin arm64", "darwin arm64 -> linux x86_64"),
        ("python", "3.9", "Python 3.9 -> "),
        ("distributions", {"matplotlib": "1.0"}, "matplotlib 1.0 -> "),
        ("settings", {"timed": True}, "settings changed"),
        ("files", {"draws_helper.py": "0"}, "draws_helper.py changed"),
    ],
)
def test_what_depends_on_something_else_is_not(
    made: Site, tmp_path: Path, taking: Takes, key: str, value: Any, reason: str
) -> None:
    """A record of another platform, Python, version, setting or file is told, and not taken."""

    def change(record: dict[str, Any]) -> None:
        record["inputs"][key] = value
        record["key"] = inputs.key(record["inputs"])
        record["versions"] = {"python": record["inputs"]["python"] + ".1"}
        if key == "distributions":
            record["versions"] |= value

    took = taking(changed_store(made, tmp_path / "store", change))

    assert "records: 1 of 2 taken" in took.summary
    assert f"; not taken: {reason}" in took.summary
    assert took.here["one/draws"].due


def changed_store(
    made: Site, folder: Path, change: Callable[[dict[str, Any]], None], name: str = "one/draws"
) -> Path:
    """A store in which one record was changed, and the manifest with it."""
    folder.mkdir()
    texts = {}
    for path in (made.folder / "build/records").glob("*.json"):
        record = json.loads(path.read_text())
        named = record["name"]
        if named == name:
            change(record)
        texts[path.name] = (named, json.dumps(record))
    listed = []
    with zipfile.ZipFile(folder / "records.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file, (named, text) in texts.items():
            record = json.loads(text)
            archive.writestr(file, text)
            listed.append(entry(named, record, text.encode()))
    write_manifest(folder, listed)
    return folder


def entry(name: str, record: dict[str, Any], data: bytes) -> dict[str, Any]:
    return {
        "name": name, "key": record["key"], "script": record["inputs"]["script"], "platform": "",
        "python": "", "executed_at": "", "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip


def write_manifest(folder: Path, listed: list[dict[str, Any]], **more: Any) -> None:
    data = (folder / "records.zip").read_bytes()
    about = {"file": "records.zip", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    told = {"format": 1, "records": listed, "archive": about} | more
    (folder / "manifest.json").write_text(json.dumps(told))


MARKUP = "<script>alert(1)</script>\u2028.. raw:: html\r\n\n   <script>alert(1)</script>"


def measure_too_much(record: dict[str, Any]) -> None:
    record["measured"] = {f"v{number}": 1 for number in range(1_000_000)}


def measure_more_than_anyone(record: dict[str, Any]) -> None:
    record["measured"] = {f"v{number}": 1 for number in range(1001)}


def signed(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """The same by somebody who has thought of the key."""

    def changed(record: dict[str, Any]) -> None:
        change(record)
        record["key"] = inputs.key(record["inputs"])

    changed.__name__ = change.__name__
    return changed


def ask_for_a_module(record: dict[str, Any]) -> None:
    """Looking for ``a.b`` would import ``a``."""
    record["inputs"]["missing"] = ["antigravity.x"]


def ask_for_a_package(record: dict[str, Any]) -> None:
    record["inputs"]["distributions"]["antigravity.x"] = "not installed"


def bring_a_version(record: dict[str, Any]) -> None:
    record["inputs"]["distributions"]["matplotlib"] = "1+<img src=x>"


def lead_nowhere(record: dict[str, Any]) -> None:
    record["inputs"]["files"] = {"a\0b": "0"}


def have_cores(record: dict[str, Any]) -> None:
    record["machine"]["cores"] = 10**400


def bring_more(record: dict[str, Any]) -> None:
    record["inputs"]["more"] = []


def forget_inputs(record: dict[str, Any]) -> None:
    record["inputs"] = {"script": record["inputs"]["script"]}


def be_of_another(record: dict[str, Any]) -> None:
    record["name"] = "one/prints"


def lead_out(record: dict[str, Any]) -> None:
    record["inputs"]["files"] = {"../../../../../etc/hostname": "0" * 64}
    record["key"] = inputs.key(record["inputs"])


def bring_markup(record: dict[str, Any]) -> None:
    record["outputs"][0]["rst"] = ".. raw:: html\n\n   <script>alert(1)</script>\n"


def draw_nonsense(record: dict[str, Any]) -> None:
    record["outputs"][0]["figures"][0]["png"] = "bm8="


def draw_too_much(record: dict[str, Any]) -> None:
    """A picture of a few bytes that would be unpacked to gigabytes."""
    draw(record, 8_000, 8_000)


def draw_a_line(record: dict[str, Any]) -> None:
    """Of which no thumbnail can be made."""
    draw(record, 2_000, 1)


def draw(record: dict[str, Any], width: int, height: int) -> None:
    from base64 import b64encode

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    png = (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )
    record["outputs"][0]["figures"][0]["png"] = b64encode(png).decode()


def be_newer(record: dict[str, Any]) -> None:
    record["format"] = 2


def be_forged(record: dict[str, Any]) -> None:
    record["inputs"]["python"] = "3.9"


def be_of_tomorrow(record: dict[str, Any]) -> None:
    record["executed_at"] = "2999-01-01T00:00:00Z"


def be_endless(record: dict[str, Any]) -> None:
    record["wall_seconds"] = 1e300


def lie_about_versions(record: dict[str, Any]) -> None:
    record["versions"]["torch"] = "1; rm -rf ~"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (measure_too_much, "it unpacks to 1"),
        (measure_more_than_anyone, "it has 1,001 measured values; 1,000 are the most"),
        (signed(ask_for_a_module), "it lacked packages that are not among the optional ones"),
        (
            signed(ask_for_a_package),
            "a package that is neither installed nor pinned: 'antigravity.x'",
        ),
        (signed(bring_a_version), "it names a version that is none: '1+<img src=x>'"),
        (signed(lead_nowhere), "it names a file outside of the project"),
        (have_cores, "a number of it is not to be believed: 1000000"),
        (bring_more, "it is no record: Object contains unknown field `more`"),
        (forget_inputs, "it is no record: Object missing required field"),
        (draw_a_line, "a figure has 2,000 by 1 pixels"),
        (be_of_another, "it is the record of 'one/prints'"),
        (lead_out, "it names a file outside of the project: '../../../../../etc/hostname'"),
        (bring_markup, "it brings markup of its own for the page"),
        (draw_nonsense, "a figure is no PNG"),
        (draw_too_much, "a figure has 8,000 by 8,000 pixels"),
        (be_newer, "it is of another format than 1"),
        (be_forged, "its key is not that of its inputs"),
        (be_of_tomorrow, "it was executed in the future"),
        (be_endless, "a number of it is not to be believed"),
        (lie_about_versions, "it tells of torch '1; rm -rf ~', which its inputs do not"),
    ],
)
def test_a_record_that_is_not_sound_is_refused(
    made: Site,
    tmp_path: Path,
    taking: Takes,
    change: Callable[[dict[str, Any]], None],
    why: str,
) -> None:
    """One line names it, the other is taken, and the example is to run here."""
    took = taking(changed_store(made, tmp_path / "store", change))

    [line] = took.refusals
    assert "one/draws refused: " in line
    assert why in line
    assert len(line) < 500
    assert "records: 1 of 2 taken (1 from store)" in took.summary
    assert took.here["one/draws"].due
    assert took.here["one/draws"].record is None


def test_markup_in_a_record_reaches_no_page(made: Site, other: Site) -> None:
    """Whatever texts a stranger's record holds, a page shows them as texts, or not at all."""

    def mark(record: dict[str, Any]) -> None:
        record["outputs"][0]["text"] = MARKUP
        record["outputs"][0]["figures"][0]["alt"] = MARKUP
        record["outputs"][0]["shown"] = ["__repr__", MARKUP]
        record["measured"] = {"n": MARKUP}

    other.change("docs/index.md", "{measured}`one/draws.n`", "{measured}`one/draws.n`, shown,")
    store = changed_store(made, other.folder.parent / "store", mark)
    build = other.build(RECORDS=str(store))

    assert 0 == build.code, build.text
    assert "records: 2 of 2 taken" in summary(build)
    for page in (other.folder / "build/html").rglob("*.html"):
        assert "<script>alert" not in page.read_text(), page
    assert "<script>alert(1)</script>" in other.page("gallery/one/draws").text


@pytest.mark.parametrize("field", ["cpu", "os", "gpu", "reason", "commit", "key", "executed_at"])
def test_markup_in_a_short_field_is_refused(
    made: Site, tmp_path: Path, taking: Takes, field: str
) -> None:
    def mark(record: dict[str, Any]) -> None:
        (record["machine"] if field in ("cpu", "os", "gpu") else record)[field] = MARKUP

    took = taking(changed_store(made, tmp_path / "store", mark))

    assert 1 == len(took.refusals)
    assert "records: 1 of 2 taken" in took.summary


def damaged(made: Site, folder: Path, how: str) -> str:  # noqa: C901 - a list of damages
    """A store that is damaged as a whole, and what ``RECORDS=`` is to be."""
    folder.mkdir()
    store = made.folder / "build/html/data/records"
    data, told = (
        (store / "records.zip").read_bytes(),
        json.loads((store / "manifest.json").read_text()),
    )
    if how == "truncated":
        (folder / "records.zip").write_bytes(data[: len(data) // 2])
        write_manifest(folder, told["records"])
    elif how == "replaced":
        (folder / "records.zip").write_bytes(data + b"0")
        (folder / "manifest.json").write_text(json.dumps(told))
    elif how == "digest":
        (folder / "records.zip").write_bytes(data)
        write_manifest(folder, [one | {"sha256": "0" * 64} for one in told["records"]])
    elif how == "zeros":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("one.draws.json", "one.prints.json"):
                with archive.open(name, "w", force_zip64=True) as file:
                    for _ in range(64):
                        file.write(bytes(16 * 2**20))
        (folder / "records.zip").write_bytes(packed.getvalue())
        write_manifest(folder, told["records"])
    elif how == "packed otherwise":  # in a way that unpacks without bounds
        with zipfile.ZipFile(folder / "records.zip", "w", zipfile.ZIP_BZIP2) as archive:
            for name in ("one.draws.json", "one.prints.json"):
                archive.writestr(name, bytes(1000))
        write_manifest(folder, told["records"])
    elif how == "crowded":
        end = data.rfind(b"PK\5\6")
        (folder / "records.zip").write_bytes(
            data[: end + 8] + b"\xff\xff\xff\xff" + data[end + 12 :]
        )
        write_manifest(folder, told["records"])
    elif how == "newer":
        (folder / "records.zip").write_bytes(data)
        write_manifest(folder, told["records"], format=9)
    elif how == "no manifest":
        (folder / "records.zip").write_bytes(data)
        (folder / "manifest.json").write_text("[" * 100_000)
    return str(folder)


@pytest.mark.parametrize(
    ("how", "lines", "why"),
    [
        ("truncated", 1, "refused: records.zip is no archive"),
        ("packed otherwise", 2, "refused: it is packed in a way that is not used here"),
        ("crowded", 1, "refused: records.zip has too many members"),
        ("replaced", 1, "refused: records.zip is not the one that its manifest names"),
        ("digest", 2, "refused: its SHA-256 is not that of its manifest"),
        ("zeros", 2, "refused: it unpacks to 1,073,741,824 bytes"),
        ("newer", 1, "its manifest is of format 9, which is not known here"),
        ("no manifest", 1, "its manifest is none"),
    ],
)
def test_a_damaged_store_is_told(
    made: Site, other: Site, tmp_path: Path, taking: Takes, how: str, lines: int, why: str
) -> None:
    """By name and in one line each; what was here stays, an old record too."""
    shutil.copytree(made.folder / "build/records", other.folder / "build/records")
    for path in (other.folder / "build/records").glob("*.json"):
        record = json.loads(path.read_text())
        record["inputs"]["settings"] = {}  # as if it had run with others
        path.write_text(json.dumps(record))
    before = hashes(other.folder / "build/records")
    took = taking(damaged(made, tmp_path / "store", how))

    assert lines == len(took.refusals), took.refusals
    assert all(why in line for line in took.refusals)
    assert "records: 0 of 2 taken from " in took.summary
    assert before == hashes(other.folder / "build/records")


def test_a_store_out_of_reach_is_told(made: Site, other: Site, taking: Takes) -> None:
    """An address where nobody answers, and a branch that is not there."""
    branch(made, other.folder)
    address = "http://127.0.0.1:9"
    for where, why in (
        (address, f"{address}/data/records/manifest.json can't be had: "),
        ("origin/nowhere", "origin/nowhere can't be had: "),
    ):
        took = taking(where)

        [line] = took.refusals
        assert why in line
        expected = f"records: 0 of 2 taken from {where}; not taken: it has none: one/draws"
        assert took.summary.startswith(expected)


class Odd(BaseHTTPRequestHandler):
    """A host that drips, or leads elsewhere."""

    def do_GET(self) -> None:
        if "drips" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"{")
                    self.wfile.flush()
                    time.sleep(0.2)
        self.send_response(302)
        where = {"/file/": "file:///etc/passwd", "/round/": self.path, "/odd/": "http://["}
        self.send_header("Location", next(v for k, v in where.items() if self.path.startswith(k)))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("drips", "did not come within 2 s"),
        ("file", "leads elsewhere than to a host"),
        ("round", "leads from address to address"),
        ("odd", "can't be had"),
    ],
)
def test_an_odd_host_holds_up_nobody(
    other: Site, taking: Takes, monkeypatch: pytest.MonkeyPatch, path: str, why: str
) -> None:
    monkeypatch.setattr(hosts, "SECONDS_ALL", 2)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    began = time.monotonic()
    took = taking(f"http://name:word@127.0.0.1:{server.server_port}/{path}/")
    server.shutdown()

    [line] = took.refusals
    assert why in line
    assert "word@" not in line
    assert time.monotonic() - began < 30


def test_a_bad_version_hides_no_other(made: Site, tmp_path: Path, taking: Takes) -> None:
    """Of a site: it is told, and the others are asked."""
    site = tmp_path / "published"
    for version in ("0.1", "0.2"):
        shutil.copytree(made.folder / "build/html/data/records", site / version / "data/records")
    (site / "0.2/data/records/manifest.json").write_text("{}")
    entries = [{"version": version, "url": f"{version}/"} for version in ("0.2", "0.1")]
    (site / "switcher.json").write_text(json.dumps(entries))
    took = taking(site)

    assert 1 == len(took.refusals)
    assert "records: published, 0.2: its manifest is none" in took.refusals[0]
    assert "records: 2 of 2 taken (2 from published, 0.1)" == took.summary


def test_a_host_is_not_asked_at_each_build(other: Site, taking: Takes, served: str) -> None:
    """What it does not have it will not have a moment later: a writer saves often."""
    other.change("gallery/one/prints.py", "4.5", "4.75")
    assert "records: 1 of 2 taken" in taking(f"{served}/").summary
    assert (
        f"records: 1 are not here, for which {served}/ was asked just now"
        == taking(f"{served}/").summary
    )
    other.change("gallery/one/prints.py", "4.75", "5.5")
    assert "records: 0 of 2 taken" in taking(f"{served}/").summary


def test_what_failed_here_is_not_hidden(made: Site, other: Site, taking: Takes) -> None:
    """A run that passed elsewhere is not taken in the place of one that failed here."""
    taking(made.folder / "build/records")
    path = other.folder / "build/records/one.draws.json"
    record = json.loads(path.read_text())
    failure = {"kind": "exception", "what": "boom", "text": "", "cell": 0}
    path.write_text(json.dumps(record | {"status": "failed", "failure": failure}))
    took = taking(made.folder / "build/records")

    assert took.summary.startswith("records: all 2 are here")
    assert took.here["one/draws"].due


def test_a_folder_that_is_not_there_ends_the_build(other: Site) -> None:
    """A name that was mistyped is no reason to execute everything for minutes."""
    build = other.build(RECORDS="recrods")

    assert 0 != build.code
    assert [line for line in build.lines("RECORDS=recrods: neither a folder nor an archive")]
    assert not list((other.folder / "build/records").glob("*.json"))


def test_a_store_never_makes_it_worse(made: Site, tmp_path: Path, taking: Takes) -> None:
    """A record of a run that was skipped or failed is not taken."""

    def fail(record: dict[str, Any]) -> None:
        record["status"] = "skipped"

    took = taking(changed_store(made, tmp_path / "store", fail))

    assert "refused: its example is skipped, not passed" in took.refusals[0]
    assert took.here["one/draws"].due


def test_equal_records_make_equal_archives(made: Site, tmp_path: Path) -> None:
    """So that dev published twice is the same to the byte."""
    made_here = [
        records.read(made.folder / "build/records", f"one/{name}") for name in ("prints", "draws")
    ]
    for folder in ("a", "b"):
        pack.write(tmp_path / folder, [record for record in made_here if record])
        made_here.reverse()

    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
