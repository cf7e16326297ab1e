"""Packaging, read from settings.ini so that every fact stands in one place."""
import shutil
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

here = Path(__file__).parent
config = ConfigParser(delimiters=["="])
config.read(here / "settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]


class WithExperiments(build_py):
    "A wheel carries the experiment notebooks and the suites, so that `textclf suite run demo` works in an empty folder."

    def run(self):
        super().run()
        if self.editable_mode: return   # a checkout has them already
        for file in [*here.glob("experiments/*.ipynb"), *here.glob("experiments/suites/*.yaml")]:
            target = Path(self.build_lib) / cfg["lib_path"] / file.relative_to(here)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    license="Apache-2.0",
    url=cfg["git_url"],
    keywords=cfg["keywords"],
    packages=find_packages(include=[cfg["lib_path"], cfg["lib_path"] + ".*"]),
    package_data={cfg["lib_path"]: ["templates/*", "weights/**/*"]},
    cmdclass={"build_py": WithExperiments},
    python_requires=">=" + cfg["min_python"],
    install_requires=cfg["requirements"].split(),
    extras_require={extra: cfg[f"{extra}_requirements"].split() for extra in ("cluster", "dev", "onnx", "peers", "triton", "ui")},
    entry_points={"console_scripts": cfg["console_scripts"].split()},
)
