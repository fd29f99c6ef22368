"""Small faults for a module: each of its mutants differs from it in one place, as a slip of the hand would."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
WORDS = {"_", "getLogger"}  # calls whose strings are for people
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Place:
    """Where a node hangs: in a field of its parent, at an index if that is a list. `lines`: of its statement."""

    parent: ast.AST
    name: str
    index: int | None
    in_function: bool
    lines: range

    @property
    def node(self) -> ast.AST:
        found = getattr(self.parent, self.name)
        return cast("ast.AST", found if self.index is None else found[self.index])

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """A fault. `place.in_function`: the fault acts in a function, so the module need not be imported again."""

    number: int
    line: int
    was: str
    now: str
    place: Place
    node: ast.AST

    def __str__(self) -> str:
        return f"{self.number:4} line {self.line}: {self.was}  ->  {self.now}"


class Mutants:
    """The mutants of a module, numbered in the order of the source."""

    def __init__(self, source: str, filename: str) -> None:
        self.filename, self.tree = filename, ast.parse(source)
        self.all = [
            Mutant(number, getattr(place.node, "lineno", 0), _shown(place.node), _shown(node), place, node)
            for number, (place, node) in enumerate(_changes(self.tree), start=1)
        ]

    def compiled(self, mutant: Mutant | None = None) -> Any:
        """The module's code with this one fault in it."""
        if mutant is None:
            return compile(self.tree, self.filename, "exec")
        was = mutant.place.node
        mutant.place.put(ast.copy_location(mutant.node, was))
        try:
            return compile(ast.fix_missing_locations(self.tree), self.filename, "exec")
        finally:
            mutant.place.put(was)


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 120 else f"{text[:117]}..."


def _changes(tree: ast.AST) -> Iterator[tuple[Place, ast.AST]]:
    for place in _places(tree, in_function=False, lines=range(0)):
        for changed in _changed(place):
            yield place, changed


def _places(parent: ast.AST, *, in_function: bool, lines: range) -> Iterator[Place]:
    for name, value in ast.iter_fields(parent):
        if name in ("annotation", "returns", "decorator_list", "type_params") or _is_for_people(parent, name):
            continue
        inside = in_function or (isinstance(parent, FUNCTIONS) and name == "body")
        nodes = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, node in nodes:
            if isinstance(node, ast.AST) and not _is_docstring(node):
                of_node = _lines(node) or lines
                yield Place(parent, name, index, inside, of_node)
                yield from _places(node, in_function=inside, lines=of_node)


def _lines(node: ast.AST) -> range | None:
    """Return the lines of a statement (of a compound one its head), or None for a part of a statement."""
    if not isinstance(node, ast.stmt | ast.pattern):
        return None
    body = getattr(node, "body", None)
    end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return range(node.lineno, max(end, node.lineno) + 1)


def _is_words(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORDS


def _is_for_people(parent: ast.AST, name: str) -> bool:
    """Words on a page, in a log or of an exception: no test should hold each of them."""
    if isinstance(parent, ast.Call) and name in ("args", "keywords"):
        return _is_words(parent)
    return isinstance(parent, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changed(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if place.name in ("elts", "keys") and isinstance(node, ast.Constant):
        return  # it is left out anyway
    if place.name in ("test", "ifs") and not isinstance(node, ast.Compare):
        yield ast.UnaryOp(ast.Not(), cast("ast.expr", copy.deepcopy(node)))
    for kind, change in _CHANGES.items():
        if isinstance(node, kind):
            yield from change(node)


def _with(node: ast.AST, name: str, value: object) -> ast.AST:
    changed = copy.deepcopy(node)
    setattr(changed, name, value)
    return changed


def _one_less(node: ast.AST, *names: str) -> Iterator[ast.AST]:
    """Yield the node without one of its parts; `names`: the fields with parallel lists."""
    for index, part in enumerate(getattr(node, names[0])):
        if _is_words(part):
            continue
        changed = copy.deepcopy(node)
        for name in names:
            del getattr(changed, name)[index]
        yield changed


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        changed = copy.deepcopy(node)
        changed.ops[index] = COMPARED[type(operator)]()
        yield changed
    if any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops):
        yield ast.UnaryOp(ast.Not(), copy.deepcopy(node))


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for index in range(len(node.values)):
        rest = [*node.values[:index], *node.values[index + 1 :]]
        yield copy.deepcopy(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))


def _arithmetic(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    if type(node.op) in COMPUTED:
        yield _with(node, "op", COMPUTED[type(node.op)]())


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int():
            yield ast.Constant(node.value + 1)
        case str():
            yield ast.Constant("" if node.value else "mutated")


def _call(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
        yield _with(node, "func", ast.Name(SWAPPED[node.func.id], ast.Load()))
    if not _is_words(node):
        yield from _one_less(node, "keywords")


def _no_value(node: ast.Return) -> Iterator[ast.AST]:
    if node.value and not (isinstance(node.value, ast.Constant) and not node.value.value):
        yield ast.Return(ast.Constant(None))


def _nothing(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Pass()


def _assignment(node: ast.Assign) -> Iterator[ast.AST]:
    """Remove an assignment, unless it binds a name, whose absence would always be noticed."""
    if not any(isinstance(target, ast.Name) for target in node.targets):
        yield ast.Pass()


def _elements(node: ast.Set | ast.List | ast.Tuple) -> Iterator[ast.AST]:
    if isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load):
        yield from _one_less(node, "elts")


_CHANGES: dict[Any, Any] = {
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.BinOp | ast.AugAssign: _arithmetic,
    ast.Constant: _constant,
    ast.Call: _call,
    ast.Return: _no_value,
    ast.Expr | ast.Raise | ast.AugAssign | ast.Delete: _nothing,
    ast.Assign: _assignment,
    ast.Set | ast.List | ast.Tuple: _elements,
    ast.Dict: lambda node: _one_less(node, "keys", "values"),
}
