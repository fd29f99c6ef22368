"""The page of the free question after a session, for its customer and its mechanic."""

from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.accounts.models import Role
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import parse_uuid
from autodoctor.sessions.lifecycle import questions
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.questions import QuestionThread
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import State


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def question(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Show the question and its answer; a POST asks or answers, as the person's part in the session says."""
    people = Session.objects.select_related("customer", "mechanic")
    session = people.filter(pk=session_id, state=State.COMPLETED).first()
    role = event_log.role_in(request.user, session) if session else None
    if session is None or role not in {Role.CUSTOMER, Role.MECHANIC}:
        raise Http404
    return _send(request, session, role) if request.method == "POST" else _show(request, session, role)


def _send(request: SignedInRequest, session: Session, role: str) -> HttpResponse:
    act = questions.ask_question if role == Role.CUSTOMER else questions.answer_question
    text, client_id = request.POST.get("text", ""), parse_uuid(request.POST.get("client_id")) or uuid4()
    try:
        act(session_id=session.id, by=request.user, text=text, client_id=client_id, now=timezone.now())
    except Refused as refused:
        session.refresh_from_db(fields=["question_at", "question_over_at"])
        return _show(request, session, role, refused=refused, text=text)
    return SeeOther(request.path)


def _show(
    request: SignedInRequest, session: Session, role: str, *, refused: Refused | None = None, text: str = ""
) -> HttpResponse:
    """Show the page; with what was typed, where it was refused."""
    thread = QuestionThread(session)
    writes = thread.may_be_asked(timezone.now()) if role == Role.CUSTOMER else thread.waits
    facts = {
        "session": session,
        "role": role,
        "thread": thread,
        "writes": writes,
        "refused": refused,
        "text": text,
        "client_id": uuid4(),
        "longest": questions.LONGEST,
    }
    return render(request, "sessions/question.html", facts, status=refused.status if refused else 200)
