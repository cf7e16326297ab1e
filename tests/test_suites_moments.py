"""Suites at odd moments: notebooks that leave, Ctrl-C, a full disk, an edited file, two terminals: one line, and the next call goes on."""
import os
import re
import resource
import signal
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from test_suites import PATIENCE, PROCESSES, until

from textclf_nb.use.cli import main

LEAVES = {   # what a notebook does before it has written its result, and what is said of its run
    "leaves": ("sys.exit()", "it left no run.json in "),
    "exits": ("os._exit(3)", "its process died"),
    "dies": ("os.kill(os.getpid(), signal.SIGKILL)", "its process died"),
    "breaks": ("raise KeyboardInterrupt", "KeyboardInterrupt:"),
    "plain": ("pass", None)}


def toys(here, doing):
    "A suite of a run for each name, each of which does what stands beside it unless there is a file `well`."
    body = "\n".join(f"if name == {name!r} and not Path('well').exists(): {what}" for name, what in doing.items())
    cells = ['kind = "toys"\nname = ""\nroot = ""\nchanged = 0',
             "import json, os, signal, sys, time\nfrom pathlib import Path",
             "def wait():\n    while not Path('well').exists(): time.sleep(.02)",
             "run = Path(root, kind, name)\nrun.mkdir(parents=True, exist_ok=True)\nwith (run/'begun').open('a') as f: f.write('x')", body,
             "_ = (run/'run.json').write_text(json.dumps({'status': 'finished'}))"]
    nb = new_notebook(cells=[new_code_cell(cells[0], metadata={"tags": ["parameters"]}), *map(new_code_cell, cells[1:])])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "python3", "language": "python"}
    nbformat.write(nb, here/"toy.ipynb")
    (here/"toys.yaml").write_text(f"name: toys\naxes: {{run: [{', '.join(doing)}]}}\n"
                                  'stages: {play: {notebook: toy, name: "{run}"}}\n')


def apart(log, cwd, arguments, largest):
    "In the new process, which leads a group as a terminal's does: the command itself; all that is printed goes to a file."
    os.setpgrp()
    for stream in (1, 2): os.dup2(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND), stream)
    os.chdir(cwd)
    if largest:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    sys.argv = ["textclf", "suite", *arguments]
    main()


def started(here, *arguments, largest=0):
    log = here/f"{time.monotonic_ns()}.log"
    process = PROCESSES.Process(target=apart, args=(str(log), str(here), arguments, largest))
    process.start()
    return process, log


def ended(process, log):
    process.join(PATIENCE)
    # an interrupt that falls into a destructor is told by Python itself, and nobody can catch it
    said = re.sub(r"Exception ignored in: .*?\nKeyboardInterrupt: ?\n\s*", "", log.read_text(), flags=re.DOTALL)
    # a kernel whose notebook leaves may flush its output once more when its socket is closed already, and tells that itself
    said = re.sub(r"ERROR:tornado\.general:Uncaught exception in ZMQStream.*?\nzmq\.error\.ZMQError: [^\n]*\n", "", said, flags=re.DOTALL)
    assert "Traceback" not in said, said
    return process.exitcode, said.splitlines()


def called(here, *arguments, **more): return ended(*started(here, *arguments, **more))


def begun(here): return {p.parent.name: len(p.read_text()) for p in (here/"experiments/toys").glob("*/begun")}


def nothing_left(here): assert not list((here/"experiments").rglob(".*")), "left lying about"


def test_a_notebook_that_leaves_has_failed_and_is_tried_again_when_asked(tmp_path):
    toys(tmp_path, {name: what for name, (what, _) in LEAVES.items()})
    code, said = called(tmp_path, "run", "toys.yaml")
    told = [line for line in said if line.startswith("[")]
    assert code == 1 and "1 of 5 runs finished" in said and len(told) == 5, said
    for line, (name, (_, cause)) in zip(told, LEAVES.items(), strict=True):
        assert f"{name}: {f'failed: {cause}' if cause else 'finished'}" in line
    assert not [line for line in said if "Kernel died" in line], "told once"
    nothing_left(tmp_path)
    (tmp_path/"well").touch()
    code, said = called(tmp_path, "run", "toys.yaml")
    assert code == 1 and sum("failed before: " in line for line in said if line.startswith("[")) == 4, "nobody asked for it"
    assert called(tmp_path, "retry", "toys.yaml", "--jobs", "2")[0] == 0
    assert begun(tmp_path) == dict.fromkeys(LEAVES, 2) | {"plain": 1}
    nothing_left(tmp_path)


MOMENTS = [(1, "begun", 1), (1, "run.json", 2), (2, "begun", 2), (2, "run.json", 1)]

@pytest.mark.long
@pytest.mark.parametrize("jobs, moment, times", MOMENTS)
def test_ctrl_c_is_one_line_and_the_same_command_goes_on(tmp_path, jobs, moment, times):
    waits = "wait()" if moment == "begun" else "pass"
    toys(tmp_path, {"a": waits, "b": waits})
    command = ["run", "toys.yaml", "--jobs", str(jobs)]
    process, log = started(tmp_path, *command)
    until(lambda: list(tmp_path.glob(f"experiments/toys/*/{moment}")))
    for _ in range(times): os.killpg(process.pid, signal.SIGINT); time.sleep(.02)
    code, said = ended(process, log)
    assert code == 130 and said[-1] == "interrupted: the same command goes on where it was stopped", said
    nothing_left(tmp_path)
    (tmp_path/"well").touch()
    code, said = called(tmp_path, *command)
    assert code == 0 and "2 of 2 runs finished" in said and max(begun(tmp_path).values()) <= 2, said
    assert called(tmp_path, *command)[1][:2] == ["[1/2] a: finished before", "[2/2] b: finished before"]
    nothing_left(tmp_path)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_disk_that_fills_while_a_copy_is_written_fails_its_run_only(tmp_path, jobs):
    toys(tmp_path, {"a": "display({'text/html': 'x'*50000, 'text/plain': 'much'}, raw=True)", "b": "pass"})
    command = ["run", "toys.yaml", "--jobs", str(jobs)]
    code, said = called(tmp_path, *command, largest=20000)
    failed = "a: failed: experiments/toys/.a.running.ipynb: File too large (EFBIG)"
    assert code == 1 and "1 of 2 runs finished" in said and sum(failed in line for line in said) == 2, "when it happens, and at the end"
    nothing_left(tmp_path)
    code, said = called(tmp_path, *command)
    assert code == 0 and "[1/2] b: finished before" in said or "[2/2] b: finished before" in said
    assert begun(tmp_path) == {"a": 2, "b": 1}


def test_a_suite_goes_on_as_it_was_read_and_the_next_call_takes_what_was_edited(tmp_path):
    toys(tmp_path, {"a": "wait()", "b": "pass"})
    process, log = started(tmp_path, "run", "toys.yaml")
    until((tmp_path/"experiments/toys/a/begun").exists)
    file = tmp_path/"toys.yaml"
    more = "notebook: toy, parameters: {changed: 1}"
    file.write_text(file.read_text().replace("[a, b]", "[a, b, c]").replace("notebook: toy", more))
    (tmp_path/"well").touch()
    code, said = ended(process, log)
    assert code == 0 and "2 of 2 runs finished" in said
    code, said = called(tmp_path, "retry", "toys.yaml")
    assert code == 0 and "3 of 3 runs finished" in said
    assert begun(tmp_path) == {"a": 2, "b": 2, "c": 1}, "a toy that was made of something else is made again"


@pytest.mark.long   # test_suites has two suites under one root
def test_of_two_terminals_at_once_one_does_the_work(tmp_path):
    toys(tmp_path, dict.fromkeys("ab", "wait()"))
    both = [started(tmp_path, "run", "toys.yaml", "--jobs", "2") for _ in range(2)]
    until(lambda: any(process.exitcode is not None for process, _ in both))
    (tmp_path/"well").touch()
    (first, refused), (second, did) = sorted((ended(*one) for one in both), reverse=True)
    assert (first, second) == (2, 0) and len(refused) == 1 and "experiments is in use by process" in refused[0]
    assert "2 of 2 runs finished" in did and begun(tmp_path) == {"a": 1, "b": 1}
    assert called(tmp_path, "retry", "toys.yaml")[0] == 0 and begun(tmp_path) == {"a": 1, "b": 1}
    nothing_left(tmp_path)
