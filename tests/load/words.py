# SPDX-License-Identifier: MIT
"""How the bench says its figures: one line each, all of one shape."""

DISTURBED = 0.15  # of one CPU, used by others during a run


def place(cpu):
    return "unpinned" if cpu is None else f"cpu {cpu}"


def goal_text(reached, goal):
    return f"; goal {goal}: {'reached' if reached else 'NOT REACHED'}"


def disturbed_text(runs):
    return "; DISTURBED by other work" if any(run.get("others_cpu", 0) > DISTURBED for run in runs) else ""


def line(row, what, cpu, figures, rest=""):
    print(f"{row}  {what:52}{place(cpu):10}{figures}{rest}", flush=True)


def show(result):
    ours, beside = result["names"]
    unit, each = result["unit"], " ".join(f"{ratio:.2f}" for ratio in result["ratios"])
    goal = goal_text(result["ratio"] >= result["goal"], f"at least {result['goal']}") if result["goal"] else ""
    disturbed = disturbed_text(run for pair in result["runs"] for run in pair)
    figures = f"{result[ours]:9.0f} {unit}, {beside} {result[beside]:.0f}: {result['ratio']:.2f} ({each})"
    line(result["row"], result["what"], result["server_cpu"], figures, goal + disturbed)
