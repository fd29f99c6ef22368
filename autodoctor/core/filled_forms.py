"""Writes what was typed into a form into the page that holds it, whatever made the page."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import urlsplit

Attributes = dict[str, str | None]
Typed = list[tuple[str, str]]  # names and values, in the order of the form; a name may come again

# Inputs that hold nothing that was typed. What was agreed to by a check mark is agreed to anew.
_NOT_TYPED = {"hidden", "password", "file", "checkbox", "submit", "button", "image", "reset"}
# A hidden input that says which saved state of these very fields they were typed over: it belongs to the words.
_TYPED_OVER = "version"


@dataclass
class _Element:
    tag: str
    attributes: Attributes
    begin: int
    end: int  # of the start tag
    folds: "tuple[_Element, ...]" = ()  # the <details> around it
    closed_at: int = 0  # where the end tag of a <textarea> begins

    def value_of(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def written(self, changed: Attributes, *, without: str = "") -> str:
        """Return the start tag with these attributes, and without one. None: an attribute that has no value."""
        said = {name: value for name, value in self.attributes.items() if name != without} | changed
        words = [name if value is None else f'{name}="{escape(value)}"' for name, value in said.items()]
        return f"<{' '.join([self.tag, *words])}>"


@dataclass
class _Form:
    addresses: set[str] = field(default_factory=set)
    marks: set[tuple[str, str]] = field(default_factory=set)  # of hidden inputs and buttons: they tell forms apart
    fields: list[tuple[str, _Element]] = field(default_factory=list)  # by name; choices, too


class Page(HTMLParser):
    """A page at `path` with its forms. `fill` and `put_first` change its `text`."""

    def __init__(self, content: str, path: str) -> None:
        super().__init__()
        self._content, self._path = content, path
        self._lines = [0, *accumulate(len(line) + 1 for line in content.split("\n"))]
        self._forms: defaultdict[str, _Form] = defaultdict(_Form)  # by id, or by where they begin
        self._form = self._select = self._owner = ""
        self._templates = 0
        self._folds: tuple[_Element, ...] = ()
        self._textarea: _Element | None = None
        self._main = -1
        self._edits: dict[tuple[int, int], str] = {}
        self.feed(content)
        self.close()

    @property
    def text(self) -> str:
        content = self._content
        for (begin, end), new in sorted(self._edits.items(), reverse=True):
            content = content[:begin] + new + content[end:]
        return content

    def fill(self, path: str, typed: Typed) -> bool:
        """Fill the form that posts to this address, and open what it is folded into. Return whether there is one.

        Of several the one whose hidden inputs and button were sent is meant.
        """
        names = {name for name, _value in typed}
        found = [each for each in self._forms.values() if path in each.addresses]
        found = [each for each in found if any(name in names for name, _element in each.fields)]
        if not found:
            return False
        meant = max(found, key=lambda form: len(form.marks.intersection(typed)))
        values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in typed:
            values[name].append(value)
        self._write(meant, values)
        return True

    def put_first(self, html: str) -> bool:
        """Put this before everything else of the page's main part. Return whether there is one."""
        if self._main >= 0:
            self._edits[(self._main, self._main)] = html
        return self._main >= 0

    def _write(self, form: _Form, values: dict[str, list[str]]) -> None:
        rows = {name: iter(given) for name, given in values.items()}
        for name, element in form.fields:
            if name not in rows:
                continue
            for fold in element.folds:
                self._edits[(fold.begin, fold.end)] = fold.written({"open": None})
            if element.tag == "option" or element.value_of("type") == "radio":
                mark = "selected" if element.tag == "option" else "checked"
                is_chosen = element.value_of("value") in values[name]
                new = element.written({mark: None}) if is_chosen else element.written({}, without=mark)
                self._edits[(element.begin, element.end)] = new
            elif (value := next(rows[name], None)) is not None:
                self._write_text(element, value)

    def _write_text(self, element: _Element, value: str) -> None:
        if element.tag == "textarea":
            self._edits[(element.end, element.closed_at)] = escape(value)
        else:
            self._edits[(element.begin, element.end)] = element.written({"value": value})

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        begin = self._lines[line - 1] + column
        end = begin + len(self.get_starttag_text() or "")
        self._templates += tag == "template"
        if not self._templates:
            self._see(_Element(tag, dict(attrs), begin, end, self._folds))

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._templates -= 1
        elif tag == "form":
            self._form = ""
        elif tag == "select":
            self._select = self._owner = ""
        elif tag == "details":
            self._folds = self._folds[:-1]
        elif tag == "textarea" and self._textarea:
            line, column = self.getpos()
            self._textarea.closed_at = self._lines[line - 1] + column

    def _see(self, element: _Element) -> None:
        match element.tag:
            case "main":
                self._main = element.end
            case "details":
                self._folds = (*self._folds, element)
            case "form" if element.value_of("method").lower() == "post":
                self._form = element.value_of("id") or f"#{element.begin}"
                self._forms[self._form].addresses.add(self._address(element.value_of("action")))
            case "select":
                self._select, self._owner = element.value_of("name"), element.value_of("form") or self._form
            case "option":
                self._forms[self._owner].fields.append((self._select, element))
            case "input" | "textarea" | "button":
                self._see_field(element, self._forms[element.value_of("form") or self._form])

    def _see_field(self, element: _Element, form: _Form) -> None:
        name = element.value_of("name")
        kind = element.value_of("type").lower() if element.tag == "input" else element.tag
        if element.tag == "textarea":
            self._textarea = element
        if element.attributes.get("formaction"):
            form.addresses.add(self._address(element.value_of("formaction")))
        if kind in {"hidden", "button"}:
            form.marks.add((name, element.value_of("value")))
        if kind not in _NOT_TYPED or name == _TYPED_OVER:
            form.fields.append((name, element))

    def _address(self, action: str) -> str:
        return urlsplit(action).path or self._path
