"""Make the virtual environment that everything else runs in.

    python3 -m commands.environment .venv docs tensorflow pytorch keras
    python3 -m commands.environment --check     is the active one good enough to build with?

Whatever is installed must have one of the hashes that constraints.txt has for its pin.

Uses the standard library only, since nothing is installed yet, and runs on Pythons that
are too old for the rest, to be able to say so. Whatever is missing gets one line.

TORCH_INDEX names the index that has torch's CPU builds; the package index's own build
for Linux brings gigabytes of CUDA along. GPU=1 asks for that one. Where the CPU builds are out of
reach, the package index's is taken; on Read the Docs and with STRICT=1 that is an error.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from typing import NoReturn

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST = (3, 11)
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5
# Only what brings uv; uv installs the rest, in a sixth of pip's time.
PIP_OPTIONS = [
    "--quiet",
    "--disable-pip-version-check",
    "--no-input",
    "--progress-bar=off",
    # An index that is out of reach must cost seconds, not minutes.
    "--retries=1",
    "--timeout=15",
]
UV_OPTIONS = [
    "--quiet",
    "--no-progress",
    # As pip does: the best version of all indexes, not the first index that knows the name.
    "--index-strategy=unsafe-best-match",
    "--require-hashes",
    # A host that keeps nothing between builds has no use for a cache, and little disk.
    *(["--no-cache"] if os.environ.get("READTHEDOCS") else []),
]
#: What pip's own settings are called by uv, which does not read them; constraints are not among them,
#: since here all is pinned.
PIP_SETTINGS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
}
#: How uv and pip say that a file has none of the hashes of its pin.
OTHER_FILE = re.compile(
    r"Hash mismatch for `([^`]+)`|DO NOT MATCH THE HASHES(?:.*\n)+? +(\S+) from"
)
#: Never imported by a build, and a third of the bytes.
NOT_COMPILED = (
    r"site-packages/(.*/tests?/|torch/testing/_internal/|executorch/examples/"
    r"|(coremltools|huggingface_hub|kagglesdk|mypyc?|pip|transformers|xdsl)/)"
)


#: What a build needs to import; the frameworks themselves may be missing.
NEEDED = [
    "sphinx",
    "myst_parser",
    "sphinx_gallery",
    "sphinx_design",
    "pydata_sphinx_theme",
    "psutil",
    "rich",
    "filelock",
    "msgspec",
    "matplotlib",
    "requests",
    "PIL",
    "sklearn",
]


def stop(line: str) -> NoReturn:
    """End with one line for the person at the terminal."""
    sys.exit("make: " + line)


def require_new_python() -> None:
    if sys.version_info < OLDEST:
        stop(
            "Python %d.%d or newer is needed, this is %d.%d (%s); name another with "
            "`make PYTHON=python3.12`" % (*OLDEST, *sys.version_info[:2], sys.executable)
        )


def main(folder: str, groups: "list[str]") -> None:
    require_new_python()
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        stop("this Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        say("making %s" % folder)
        try:
            venv.create(folder, with_pip=True, symlinks=True)
        except (OSError, subprocess.CalledProcessError) as error:
            stop("could not make %s: %s" % (folder, error))
    name_own_packages(python)
    pins = pins_in(os.path.join(ROOT, "constraints.txt"))
    # A venv brings a setuptools of its own, which frameworks import where they find it.
    first = [pin for pin in pins if pin.startswith(("pip==", "setuptools==", "uv=="))]
    pip(python, "-r", written(folder, "first.txt", first))
    if "pytorch" in groups and not os.environ.get("GPU"):
        pins = [
            install_cpu_torch(python, folder, pin) if pin.startswith("torch==") else pin
            for pin in pins
        ]
    say("installing %s, as pinned in constraints.txt" % ", ".join(groups))
    os.chdir(ROOT)  # where uv finds the groups
    # What builds a package that comes as source is pinned like the rest.
    pinned = written(folder, "pinned.txt", pins)
    uv(
        python,
        "-c",
        pinned,
        "--build-constraints",
        pinned,
        *("--group=" + group for group in groups),
    )
    compile_all(python)


def pins_in(constraints: str) -> "list[str]":
    """The pins, each a line, with its hashes."""
    with open(constraints) as file:
        return file.read().replace("\\\n", " ").splitlines()


def written(folder: str, name: str, lines: "list[str]") -> str:
    """A file of such lines, as installers want them."""
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def name_own_packages(python: str) -> None:
    """Have the environment find site_ext, publisher and commands, as an editable install would."""
    with open(os.path.join(packages_of(python), "frameworks-compared.pth"), "w") as file:
        file.write(os.path.join(ROOT, "conf") + "\n")


def packages_of(python: str) -> str:
    """The folder that an environment's packages are in."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = subprocess.run([python, "-c", where], stdout=subprocess.PIPE, text=True, check=True)
    return folder.stdout.strip()


def compile_all(python: str) -> None:
    """Compile what was installed, on all cores: no example shall pay for it.

    Some packages carry files for other Pythons, which can't be compiled and don't count.
    """
    command = [python, "-m", "compileall", "-qq", "-j0", "-x", NOT_COMPILED, packages_of(python)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check_active() -> None:
    """Say in one line what the interpreter that runs this lacks for a build."""
    require_new_python()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        stop(
            "VENV= uses the active environment, and %s has no %s; install with "
            "`pip install --group docs -c constraints.txt`" % (sys.executable, ", ".join(missing))
        )


def install_cpu_torch(python: str, folder: str, pin: str) -> str:
    """Take torch, and torch alone, from its own index, if that can be reached; or else its CPU
    build from where everything else is, if there is one. The pin of what is there then."""
    # uv knows a build's hashes by its whole name only; macOS has but one build.
    name, _, rest = pin.partition(" ")
    build = (name if sys.platform == "darwin" else name + "+cpu") + " " + rest
    wanted = ["--no-deps", "-r", written(folder, "torch.txt", [build])]
    index = os.environ.get("TORCH_INDEX", TORCH_INDEX)
    try:
        if index:
            urllib.request.urlopen(index.rstrip("/") + "/torch/", timeout=PROBE_SECONDS).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if os.environ.get("STRICT") or os.environ.get("READTHEDOCS"):
            stop(
                "torch's index %s is out of reach (%s), and the usual one may bring gigabytes of "
                "CUDA; try again, name another with TORCH_INDEX=, or take the usual one with an "
                "empty TORCH_INDEX=" % (index, reason)
            )
        say("torch's index %s is out of reach (%s); taking the usual one" % (index, reason))
        index = ""
    if index:
        say("installing torch's CPU build")
        uv(python, "--default-index", index, *wanted)
        return build
    return build if uv(python, *wanted, unless="No solution found") else pin


def pip(python: str, *arguments: str) -> None:
    """Install with pip, which every new environment has."""
    install([python, "-m", "pip", "install", *PIP_OPTIONS, *arguments])


def uv(python: str, *arguments: str, unless: str = "") -> bool:
    """Install with uv, from where pip would; False where it says ``unless``."""
    settings = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "60", **os.environ}
    options = [*UV_OPTIONS, "--python=" + python]
    # What is asked for by name comes from there alone.
    asked = "--default-index" in arguments
    for name, value in settings_of_pip(python):
        if name == "cert":
            settings.setdefault("SSL_CERT_FILE", value)
        elif name in PIP_SETTINGS and not (asked and name in ("index-url", "extra-index-url")):
            options += [word for one in value.split() for word in (PIP_SETTINGS[name], one)]
    return install([python, "-m", "uv", "pip", "install", *options, *arguments], settings, unless)


def settings_of_pip(python: str) -> "list[tuple[str, str]]":
    """Pip's settings by their names, from its files and from PIP_ variables, which win."""
    command = [python, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        place, _, name = name.rpartition(".")
        if place in ("global", "install", ":env:"):
            found[name] = ast.literal_eval(value)
    return sorted(found.items())


def install(
    command: "list[str]", settings: "dict[str, str] | None" = None, unless: str = ""
) -> bool:
    """Run an installer; what goes wrong ends in one line that says what to do."""
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=settings)
    if done.returncode and not (unless and unless in done.stderr):
        sys.stderr.write(done.stderr)
        unreachable = ("onnection", "timed out", "resolve host", "dns error", "Max retries")
        other = OTHER_FILE.search(done.stderr)
        if other:
            stop(
                "%s is not the file that constraints.txt pins: it has another hash, above. Somebody "
                "changed one of the two; look at which, and take no other hash before you know"
                % (other.group(1) or other.group(2))
            )
        if any(word in done.stderr for word in unreachable):
            stop("the package index is out of reach; check the network or set PIP_INDEX_URL")
        stop("could not install what constraints.txt pins; the installer's last lines are above")
    return not done.returncode


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check_active()
    elif len(sys.argv) < 3:
        stop("usage: python -m commands.environment FOLDER GROUP ...")
    else:
        main(sys.argv[1], sys.argv[2:])
