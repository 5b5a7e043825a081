"""Just enough C++ to measure functions: strings and comments blanked, braces matched."""

import re

SCOPE, VALUE = -1, -2
TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'""",
    re.S)
DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", re.M)
ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")
NOT_FUNCTIONS = re.compile(r"^\s*(?:namespace|extern|class|struct|union|enum)\b|^\s*export\b")


def blanked(text):
    """The same text with comments and literals as blanks; line breaks stay."""
    def blank(found):
        return re.sub(r"[^\n]", " ", found.group(0))
    # A digit separator is no character literal.
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "_", text)
    return TOKENS.sub(blank, text)


def functions(text):
    """(head, first line, lines) of each outermost function body; lambdas belong to theirs."""
    text = DIRECTIVE.sub(lambda found: re.sub(r"[^\n]", " ", found.group(0)), blanked(text))
    text = ACCESS.sub(lambda found: " " * len(found.group(0)), text)
    stack = []  # for each open brace: FUNCTION's first character, SCOPE or VALUE
    head_start = 0
    for position, character in enumerate(text):
        if character == "{":
            stack.append(_opened(text, head_start, position, stack))
        elif character == "}" and stack:
            start = stack.pop()
            if start == VALUE:
                continue
            if start != SCOPE:
                first = text.count("\n", 0, start) + 1
                yield (" ".join(text[start:].split("{")[0].split()), first,
                       text.count("\n", 0, position) + 2 - first)
        if character in "{};" and all(entry == SCOPE for entry in stack):
            head_start = position + 1


def _opened(text, head_start, position, stack):
    """What the brace at `position` opens."""
    if any(entry not in (SCOPE, VALUE) for entry in stack):
        return VALUE
    # `member_{1}`, `= {}` and `T{}` are values; a body's brace stands after a blank.
    if re.search(r"[\w>(,{=]$|=\s*$", text[head_start:position]):
        return VALUE
    head = text[head_start:position]
    if _is_function_head(head):
        return head_start + len(head) - len(head.lstrip())
    return SCOPE


def _is_function_head(head):
    head = re.sub(r"template\s*<[^{}]*?>\s*(?=\w)", "", head)
    return ")" in head and not NOT_FUNCTIONS.search(head)
