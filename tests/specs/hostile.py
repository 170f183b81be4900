"""Documents made to hurt: by hand, and by a seeded generator; the same seed gives the same documents."""

from __future__ import annotations

import random
from collections.abc import Iterator

# What makes a search slow that begins anew at every place.
SLOW = {
    "blanks in a binding": "${{ inputs." + " " * 60_000,
    "many open bindings": "${{" * 20_000,
    "many open parts": "$[[" * 20_000,
    "many parts in parts": "$[[ ${{inputs.a}} " * 4_000,
    "many dots": "${{parent.jobs." + "a." * 30_000 + "}}",
    "many colons": "azureml:" + ":" * 60_000,
    "many beginnings of keys": "-----BEGIN " * 6_000,
    "many beginnings of tokens": "eyJ" + "a." * 30_000,
    "many passwords": "password=" * 7_000,
    "many addresses": "https://a:" * 6_000,
}
_STEP = "type: pipeline\nsettings: {default_compute: azureml:c}\njobs:\n  a:\n    type: %s\n    %s: "
PLACES = {
    "command": ("component", "distribution", "resources", "limits", "queue_settings", "identity", "services", "inputs"),
    "sweep": ("trial", "search_space", "sampling_algorithm", "early_termination", "objective", "limits", "outputs"),
    "parallel": ("task", "retry_settings", "input_data", "mini_batch_size", "resources"),
    "spark": ("entry", "conf", "resources", "py_files"),
    "automl": ("task", "training_data", "limits", "featurization", "training"),
    "data_transfer": ("task", "source", "sink"),
    "do_while": ("body", "condition", "mapping", "limits"),
    "parallel_for": ("body", "items"),
    "if_else": ("condition", "true_block", "false_block"),
}
"""The settings of a step that its checks look into, by its type."""
_WRONG = {
    "a list": "[1, [2], {a: 1}]",
    "nothing": "",
    "a number": "1.5",
    "true": "true",
    "a long number": "'" + "9" * 5000 + "'",
    "a binding": "'${{parents.x}}'",
    "mappings": "{type: {type: {}}, a: [{}], b: {c: {d: [[]]}}}",
    "lists as words": "{type: [], goal: {}, algorithm: [], max_total_trials: [], primary_metric: {}, x: {type: {}}}",
    "many keys": "{" + ", ".join(f"setting_{n}: {n}" for n in range(10_000)) + "}",
    "many blocks": "{" + ", ".join(f"b{n}: {{type: bandit, x: 1}}" for n in range(3000)) + "}",
    "one deep block": "{type: " * 60 + "1" + "}" * 60,
    "aliases": "{a: &a {type: choice, values: [1, 2]}, " + ", ".join(f"b{n}: *a" for n in range(500)) + "}",
}
"""What may stand where a setting is due, by its name."""


def settings(kind: str) -> Iterator[str]:
    """Yield a document for each setting of a type of step and each wrong thing in it."""
    for place in PLACES[kind]:
        for wrong in _WRONG.values():
            yield f"{_STEP % (kind, place)}{wrong}\n"


MADE: dict[str, str | bytes] = {
    "deep lists": "[" * 5000,
    "deep mappings": "".join(f"{'  ' * depth}a:\n" for depth in range(400)),
    "deep flow": "a: " + "{a: " * 3000 + "1" + "}" * 3000,
    "wide list": "a:\n" + "- 1\n" * 60_000,
    "wide mapping": "".join(f"k{number}: 1\n" for number in range(60_000)),
    "many steps": "type: pipeline\njobs:\n" + "".join(f"  s{n}: {{component: 'azureml:c:1'}}\n" for n in range(6000)),
    "one chain of steps": "type: pipeline\njobs:\n"
    + "".join(
        f"  s{n}: {{component: 'azureml:c:1', inputs: {{x: '${{{{parent.jobs.s{n - 1}.outputs.y}}}}'}}}}\n"
        for n in range(3000)
    ),
    "many mistyped inputs": "type: pipeline\ninputs:\n"
    + "".join(f"  input_number_{n}: {{type: string}}\n" for n in range(2000))
    + "jobs:\n"
    + "".join(
        f"  s{n}: {{component: 'azureml:c:1', inputs: {{x: '${{{{parent.inputs.inptu_number_{n}}}}}'}}}}\n"
        for n in range(2000)
    ),
    "many mistyped steps": "type: pipeline\njobs:\n"
    + "".join(
        f"  step_{n}: {{component: 'azureml:c:1', inputs: {{x: '${{{{parent.jobs.stpe_{n}.outputs.y}}}}'}}}}\n"
        for n in range(3000)
    ),
    "keys like tokens": "type: command\n" + "".join(f"ghp_{n:036}: 1\n" for n in range(16_000)),
    "values like tokens": "type: command\ntags:\n" + "".join(f"  t{n}: ghp_{n:036}\n" for n in range(16_000)),
    "comments like tokens": "type: command\n" + "".join(f"# password: ghp_{n:036}\n" for n in range(16_000)),
    **{
        f"{name} in a command": f"type: command\nnmae: c\nenvironment: azureml:e:1\ncommand: '{text}'\n"
        for name, text in SLOW.items()
    },
    **{
        f"{name} in a step": f"type: pipeline\njobs:\n  a: {{component: 'azureml:c:1', inputs: {{x: '{text}'}}}}\n"
        for name, text in SLOW.items()
    },
    "billion laughs": "a: &a [x, x]\n"
    + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True)),
    "alias of itself": "a: &a [*a]\n",
    "alias of nothing": "a: *b\n",
    "many aliases": "a: &a 1\nb: [" + "*a, " * 20_000 + "]\n",
    "python tag": "a: !!python/object/apply:os.system ['echo']\n",
    "own tag": "a: !x 1\n",
    "binary tag": "a: !!binary aGVsbG8=\n",
    "set tag": "a: !!set {x, y}\n",
    "merge key": "a: &a {x: 1}\nb: {<<: *a}\n",
    "5,000-digit number": "version: " + "9" * 5000 + "\n",
    "5,000-digit float": "a: 1." + "9" * 5000 + "\n",
    "5,000-digit text": "name: '" + "9" * 5000 + "'\ntype: command\n",
    "5,000 digits as a default": "type: command\ninputs: {n: {type: integer, default: '" + "9" * 5000 + "'}}\n",
    "5,000 digits as an interval": "name: s\ntrigger: {type: recurrence, frequency: day, interval: '"
    + "9" * 5000
    + "'}\n",
    "huge exponent": "a: 1.0e+999999\n",
    "hexadecimal": "a: 0x" + "f" * 5000 + "\n",
    "surrogate": "a: \ud800\n",
    "surrogate by escape": 'a: "\\ud800"\n',
    "surrogate bytes": b"a: \xed\xa0\x80\n",
    "not UTF-8": b"a: \xff\xfe\n",
    "UTF-16": "type: command\n".encode("utf-16"),
    "NUL": "a: x\0y\n",
    "control character": "a: x\x07y\n",
    "control by escape": 'a: "x\\ay"\n',
    "escape sequence": "a: \x1b[31m\n",
    "turned text": "name: train\u202eliam\ntype: command\n",
    "invisible key": "na\u200bme: x\n",
    "invisible characters": "a: " + "\u200b" * 60_000 + "\n",
    "byte order mark": "\ufefftype: command\n",
    "tags of language": "a: \U000e0041\U000e0042\n",
    "only a comment": "# nothing\n",
    "nothing": "",
    "a list": "- 1\n",
    "a word": "word\n",
    "several documents": "a: 1\n---\nb: 2\n",
    "directive": "%YAML:1.0\na: 1\n",
    "template": "name: {{name}}\n",
    "duplicate keys": "a: 1\na: 2\n" * 500,
    "key is a list": "? [a]\n: 1\n",
    "key is a mapping": "? {a: 1}\n: 1\n",
    "long key": "k" * 70_000 + ": 1\n",
    "long value": "a: " + "v" * 70_000 + "\n",
    "two megabytes": "a: 1\n" * 400_000,
    "tabs": "a:\n\t- 1\n",
    "unclosed": "a: 'x\n",
    "many bindings": "type: command\nname: c\nenvironment: azureml:e:1\ncommand: " + "${{inputs.x}} " * 4000 + "\n",
    "unclosed bindings": "type: command\nname: c\ncommand: " + "${{" * 15_000 + "\n",
    "unclosed optional parts": "type: command\nname: c\ncommand: " + "$[[" * 15_000 + "\n",
    "many secrets": "type: command\nname: c\ncommand: " + "-eyJ" * 15_000 + "\n",
    "similar keys": "type: pipeline\n" + "".join(f"setting{number}: 1\n" for number in range(3000)),
    "path to a device": "type: pipeline\njobs: {a: {component: /dev/zero}}\n",
    "path upwards": "type: pipeline\njobs: {a: {component: " + "../" * 5000 + "etc/passwd}}\n",
    "component of itself": "type: pipeline\njobs: {a: {component: ./a.yml}}\n",
    "loop of items": "type: pipeline\njobs: {a: {type: parallel_for, items: '" + "[" * 20_000 + "'}}\n",
    "many bindings to nothing": "type: pipeline\njobs:\n"
    + "".join(
        f"  s{n}: {{component: 'azureml:c:1', inputs: {{x: '${{{{s{n - 1}.output.y}}}}'}}}}\n" for n in range(2000)
    ),
    "many dates": "type: command\ntags:\n" + "".join(f"  t{n}: 2024-01-31\n" for n in range(16_000)),
    "many blanks in a date": "type: command\ntags: {a: 2024-01-31" + " " * 60_000 + "10:00:00}\n",
    "many inputs that nothing uses": "type: command\ncommand: x\nenvironment: azureml:e:1\ninputs:\n"
    + "".join(f"  i{n}: {{type: string}}\n" for n in range(10_000)),
    "many members that nothing uses": "type: command\ncommand: x\nenvironment: azureml:e:1\ninputs:\n"
    + "".join(f"  i{n}{'.a' * 300}: {{type: string}}\n" for n in range(300)),
    "a loop of itself": "type: pipeline\njobs:\n  a: {type: do_while, body: '${{parent.jobs.a}}', condition: x}\n",
    "wrong everywhere": "type: []\nname: {}\nversion: []\njobs: 3\ninputs: []\noutputs: x\ncommand: {}\ntags: 1\n",
    "wrong schedule": "trigger: {type: cron, expression: '" + "*/1," * 10_000 + "'}\ncreate_job: []\n",
}
"""By a name that says what hurts."""

_WORDS = (
    *("type", "name", "version", "jobs", "inputs", "outputs", "command", "component", "trigger", "create_job", "tags"),
    *("pipeline", "cron", "recurrence", "azureml:a:1", "azureml:a@latest", "./a.yml", "../x", "/etc/passwd", "~", "<<"),
    *("${{parent.jobs.a.outputs.b}}", "${{jobs.a}}", "${{", "}}", "$[[", "yes", "1", "1.10", "9" * 400, "0x_", "1:30"),
    *(
        "\u202e",
        "\u200b",
        "\ufeff",
        "\x07",
        "é",
        "🙂",
        "*a",
        "&a",
        "!!x",
        "!",
        "@",
        "`",
        "%",
        "'",
        '"',
        "|",
        ">",
        "?",
        "",
    ),
)
_GLUE = ("\n", "\n  ", "\n    ", ": ", ":", "- ", ", ", "[", "]", "{", "}", " ", "\t", "#", "---\n", "\r\n", "\\")
_SEEDS = (
    "type: command\nname: c\ncommand: x ${{inputs.a}}\nenvironment: azureml:e:1\ninputs: {a: {type: number}}\n",
    "type: pipeline\nname: p\njobs:\n  a: {component: 'azureml:c:1', inputs: {a: 1}}\n  b: {component: ./a.yml}\n",
    "name: s\ntrigger: {type: recurrence, frequency: week, interval: 1}\ncreate_job: azureml:p:1\n",
    "action: run\ntarget: component:p:1\ninputs: {a: 1}\n",
)


def generated(count: int, seed: int = 3) -> Iterator[str]:
    """Yield documents: a third pure noise, a third sound ones with noise put in, a third with pieces taken out."""
    source = random.Random(seed)
    for number in range(count):
        noise = "".join(source.choice(_WORDS) + source.choice(_GLUE) for _ in range(source.randint(1, 40)))
        text = source.choice(_SEEDS)
        place, other = sorted(source.randrange(len(text)) for _ in range(2))
        yield (noise, text[:place] + noise + text[place:], text[:place] + text[other:])[number % 3]
