"""The asker's pages: own conversations with the form for another, one conversation, the link in our mails."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from autodoctor.accounts.access import anyone, ask_to_sign_in
from autodoctor.accounts.models import Role, User
from autodoctor.conversations import asking, links, record, thread_files
from autodoctor.conversations.forms import QuestionForm, VisitorForm, shown_now
from autodoctor.conversations.messages import LONGEST
from autodoctor.conversations.models import Conversation, State
from autodoctor.conversations.topics import Topic
from autodoctor.core import kept_words
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.links import support_board
from autodoctor.core.parsing import parse_uuid
from autodoctor.files.listing import files_of
from autodoctor.files.views import redirect_to
from autodoctor.rates import counting
from autodoctor.rates.limits import HELP, QUESTIONS
from autodoctor.rates.web import limited

MOST = 100  # conversations on the page, the latest
SENT_TO = "help_sent_to"  # in the browser's session: the address that a link was mailed to


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@limited(QUESTIONS, "POST")
@never_cache
def help_page(request: HttpRequest) -> HttpResponse:
    """Show own conversations and the form; a POST asks. Support answers on its desk."""
    person = _person(request)
    if person and person.role == Role.SUPPORT:
        return redirect(support_board())
    if request.method != "POST":
        sent_to = request.session.pop(SENT_TO, "") if "sent" in request.GET else ""
        return _show(request, _empty_form(request, person), sent_to=sent_to)
    if person is None and kept_words.MARK in request.POST:
        return ask_to_sign_in(request)  # the form of an account, which asks for no address
    return _ask(request, person) if person else _ask_as_visitor(request)


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@limited(HELP, "POST")
@never_cache
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show one conversation; a POST (`text`, `client_id`) writes more. A refused form shows its text again."""
    found = links.visible_to(request).filter(pk=conversation_id).first()
    if found is None:
        return _sign_in_first(request)
    if request.method != "POST":
        return _unchanged(request, found) or _page(request, found)
    if found.state == State.UNCONFIRMED:
        kept_words.keep(request, page=request.path)
        return SeeOther(request.path)
    try:
        _write(request, found)
    except Conversation.DoesNotExist:  # its time is over
        raise Http404 from None
    except Refused as refused:
        typed = {name: request.POST[name] for name in ("text", "client_id") if request.POST.get(name)}
        facts = _facts(found) | {"refused": refused} | typed
        return render(request, "conversations/conversation.html", facts, status=refused.status)
    return SeeOther(request.path)


def _page(request: HttpRequest, found: Conversation) -> HttpResponse:
    asking.read(found)
    shown = render(request, "conversations/conversation.html", _facts(found))
    shown.headers["ETag"] = _tag(found)
    return shown


def _unchanged(request: HttpRequest, found: Conversation) -> HttpResponse | None:
    """Return the answer to a page that has all of it: it asks again and again, and costs no rendering."""
    return HttpResponse(status=304) if request.headers.get("If-None-Match") == _tag(found) else None


def _tag(found: Conversation) -> str:
    return f'"{found.seq}-{found.state}"'


@anyone
@require_safe
@never_cache
def conversation_file(
    request: HttpRequest, conversation_id: UUID, file_id: UUID, *, thumbnail: bool = False
) -> HttpResponse:
    """Redirect to a file that the asker sent: for the asker and support. 404 for everybody else."""
    found = links.readable_by(request).filter(pk=conversation_id).first()
    if found is None:
        return _sign_in_first(request)
    return redirect_to(get_object_or_404(files_of(found.pk), pk=file_id), request, thumbnail=thumbnail)


@anyone
@require_safe
@never_cache
def open_link(request: HttpRequest) -> HttpResponse:
    """Open a visitor's conversation in this browser. It confirms nothing: mail programs follow links, too."""
    found = links.conversation_of(request.GET.get(links.QUERY, ""))
    if found is None:
        raise Http404
    links.remember(request, found)
    return redirect("conversation", found.pk)


@anyone
@require_POST
def confirm(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Send a visitor's question to support, from the browser that opened the link."""
    found = links.visible_to(request).filter(pk=conversation_id, person=None).first()
    if found is None:
        raise Http404
    try:
        asking.confirm(conversation_id=found.pk, now=timezone.now())
    except Conversation.DoesNotExist:  # its time is over
        raise Http404 from None
    messages.success(request, _("Thank you. Our team reads your question now."))
    return SeeOther(reverse("conversation", args=[found.pk]))


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """Ask a signed-out person to sign in. 404 for everybody else."""
    if request.user.is_authenticated:
        raise Http404
    return ask_to_sign_in(request)


def _write(request: HttpRequest, found: Conversation) -> None:
    now, client_id = timezone.now(), parse_uuid(request.POST.get("client_id", ""))
    text = request.POST.get("text", "")
    with thread_files.received(thread_files.of_form(request), thread=asking.thread_of(found), now=now) as enclosed:
        asking.write(conversation_id=found.pk, text=text, client_id=client_id, now=now, enclosed=enclosed)


def _ask(request: HttpRequest, person: User) -> HttpResponse:
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    question, now = asking.Question(**_of_question(form)), timezone.now()
    thread = thread_files.Thread(None, counting.person(person.pk))
    try:
        with thread_files.received(thread_files.of_form(request), thread=thread, now=now) as enclosed:
            asked = asking.ask(question, by=person, now=now, enclosed=enclosed)
    except Refused as refused:
        return _refuse(request, form, refused)
    return SeeOther(reverse("conversation", args=[asked.pk]))


def _ask_as_visitor(request: HttpRequest) -> HttpResponse:
    """Mail the link. The answer is the same whether the address belongs to an account, and to a program."""
    form = VisitorForm(request.POST)
    if form.is_from_program:
        return SeeOther(f"{reverse('help_page')}?sent")
    if not form.is_valid():
        return _show(request, form, status=422)
    given = form.cleaned_data
    if request.FILES:
        return _refuse(request, form, thread_files.unconfirmed())
    try:
        question = asking.Question(**_of_question(form))
        asking.ask_as_visitor(question, name=given["name"], email=given["email"], now=timezone.now())
    except Refused as refused:
        return _refuse(request, form, refused)
    request.session[SENT_TO] = given["email"]
    return SeeOther(f"{reverse('help_page')}?sent")


def _of_question(form: QuestionForm) -> dict[str, Any]:
    given = form.cleaned_data
    return {"topic": given["topic"], "text": given["text"], "client_id": parse_uuid(given["client_id"])}


def _refuse(request: HttpRequest, form: QuestionForm, refused: Refused) -> HttpResponse:
    form.add_error(None, refused.detail)
    return _show(request, form, status=refused.status)


def _show(request: HttpRequest, form: QuestionForm, *, status: int = 200, sent_to: str = "") -> HttpResponse:
    found = list(links.visible_to(request)[: MOST + 1])
    facts = {
        "form": form,
        "conversations": found[:MOST],
        "left_out_beyond": MOST if len(found) > MOST else 0,
        "sent_to": sent_to,
        "is_sent": "sent" in request.GET and request.method != "POST",
    }
    return render(request, "conversations/help.html", facts, status=status)


def _empty_form(request: HttpRequest, person: User | None) -> QuestionForm:
    topic = request.GET.get("topic", "")
    initial = {"client_id": uuid4(), "topic": topic if topic in Topic.values else ""}
    return QuestionForm(initial=initial) if person else VisitorForm(initial=initial | {"shown": shown_now()})


def _facts(found: Conversation) -> dict[str, Any]:
    return {
        "conversation": found,
        "words": record.spoken(found),
        "longest": LONGEST,
        "client_id": uuid4(),
    }


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
