"""One question without a session on the support desk, and what can be done about it."""

from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.conversations import answering, record
from autodoctor.conversations.messages import LONGEST, Answer
from autodoctor.conversations.models import Conversation, State
from autodoctor.core.errors import Refused, SeeOther, own_path
from autodoctor.core.links import support_board
from autodoctor.core.parsing import parse_count, parse_uuid, wants_json
from autodoctor.support import question_lines
from autodoctor.support.people import conversations_like

TYPED = ("text", "note", "token")


class Act(StrEnum):
    TAKE = "take"
    TAKE_OVER = "take_over"
    HAND_BACK = "hand_back"
    ANSWER = "answer"
    ANSWER_AND_CLOSE = "answer_and_close"
    CLOSE = "close"

    @property
    def is_work(self) -> bool:
        """Return whether this is a press on the board, and not a form with words."""
        return self in {Act.TAKE, Act.TAKE_OVER, Act.HAND_BACK}


@support_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def conversation(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    """Show one question; a POST acts (`Act`). A script that takes or hands back gets JSON and stays on its page."""
    found = _confirmed(conversation_id)
    if request.method != "POST":
        return _show(request, found)
    try:
        act = _act_of(request)
        said = _do(act, request, found.pk)
    except Conversation.DoesNotExist:  # its time is over
        raise Http404 from None
    except Refused as refused:
        return _refuse(request, found, refused)
    if wants_json(request):
        return JsonResponse({"text": said, "level": "success"})
    messages.success(request, said)
    return SeeOther(_way_back(request, act))


def _confirmed(conversation_id: UUID) -> Conversation:
    people = Conversation.objects.select_related("person", "taken_by").exclude(state=State.UNCONFIRMED)
    found = people.filter(pk=conversation_id).first()
    if found is None:
        raise Http404
    return found


def _act_of(request: SignedInRequest) -> Act:
    try:
        return Act(request.POST.get("act", ""))
    except ValueError:
        raise Refused("invalid", _("This action does not exist for questions."), 422) from None


def _do(act: Act, request: SignedInRequest, conversation_id: UUID) -> str:
    """Do the action and return its result in words. Raises `Refused`."""
    which: dict[str, Any] = {"conversation_id": conversation_id, "by": request.user, "now": timezone.now()}
    match act:
        case Act.TAKE:
            answering.take(**which)
            return _("You have taken this question.")
        case Act.TAKE_OVER:
            answering.take(**which, instead_of=parse_uuid(request.GET.get("holder")))
            return _("You have taken this question.")
        case Act.HAND_BACK:
            answering.hand_back(**which)
            return _("You have handed back this question. Anybody can take it.")
        case Act.ANSWER | Act.ANSWER_AND_CLOSE:
            answering.answer(**which, answer=_answer(request), closes=act is Act.ANSWER_AND_CLOSE)
            return _("Sent. The answer is on its way by email, too.")
        case Act.CLOSE:
            note, seen = request.POST.get("note", ""), parse_count(request.POST.get("seen"))
            answering.close(**which, note=note, seen=seen)
            return _("Closed.")
        case _:
            assert_never(act)


def _answer(request: SignedInRequest) -> Answer:
    token = parse_uuid(request.POST.get("token", ""))
    return Answer(text=request.POST.get("text", ""), token=token, seen=parse_count(request.POST.get("seen")))


def _refuse(request: SignedInRequest, found: Conversation, refused: Refused) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"text": refused.detail, "level": "warning"})
    typed = {name: request.POST[name] for name in TYPED if request.POST.get(name)}
    facts = typed | {"refused": refused, "refused_act": request.POST.get("act", "")}
    return _show(request, _confirmed(found.pk), status=refused.status, **facts)


def _way_back(request: SignedInRequest, act: Act) -> str:
    """Return where to go on: a press on the board leads back to it, a form stays on its page."""
    back = own_path(request.POST.get("back", ""))
    return back or (support_board() if act.is_work else request.path)


def _show(request: SignedInRequest, found: Conversation, *, status: int = 200, **more: Any) -> HttpResponse:
    now = timezone.now()
    facts = {
        "conversation": found,
        "now": now,
        "line": question_lines.line_of(found, now) if found.state == State.OPEN else None,
        "words": record.spoken(found),
        "log": found.entries.order_by("seq"),
        "others": conversations_like(found, page=request.GET.get("questions")),
        "mail_fails": found.person.mail_fails if found.person else found.mail_fails,
        "longest": LONGEST,
        "token": uuid4(),
    }
    return render(request, "support/conversation.html", facts | more, status=status)
