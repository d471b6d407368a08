"""Measuring on a Ray cluster: named actors hold a model each, shared by every worker and run of the cluster.

An actor is found by the name of what it holds (checkpoint, settings, version of the code), so a second run, or another
worker of the same run, asks the one that has the model in memory.  What is asked travels in batches of cells; a batch whose
node is lost is asked again of the actor that Ray starts in its place.  An actor stays until another model needs the room
that it takes: cards, or memory where there are none.  Actors write to the store as they measure, so name
one that all nodes see.

Ray is known here, and in how functions are sent to an actor (`holder`); torch is loaded in the actors alone.
"""

import hashlib
import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.engine.holder import Holder, Margins, Rows, declarations
from causal_claims.engine.settings import Progress, Settings
from causal_claims.engine.store import VERSION
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.measurements import Measurement
from causal_claims.models import ModelSpec, Registry
from causal_claims.shares import gigabytes
from causal_claims.sites import Head

NAMESPACE = "causal-claims"
BATCH = 48  # cells asked for at once
TRIES = 4  # how often a batch is asked for whose node is lost
LOOK = 2.0  # seconds without an answer, after which it is looked whether all actors have a place
PATIENCE = 10.0  # seconds that an actor is without a place, and that nobody asked the one which makes room for it
ASIDE = "aside"  # questions that an actor answers while it measures
CARD_GB = 75.0  # of a card, where a model's cards are counted by its size

Found = dict[Cell, Measurement | ClaimsError]


@dataclass(frozen=True)
class Question:
    """What is asked of an actor, and asked anew, of whichever holds the model then."""

    what: str  # in a sentence that says it was lost
    ask: Callable[[], Any]


@dataclass
class Asked:
    """An actor that was asked for; it has a place once it answers."""

    first: Any  # its first answer
    since: float


@dataclass
class Sentences:
    """What the actors say of their stores, in the place of a store of our own."""

    sentences: list[str] = field(default_factory=list)
    trouble: str | None = None

    def add(self, said: Sequence[str], trouble: str | None) -> None:
        self.sentences += [one for one in said if one not in self.sentences]
        self.trouble = self.trouble or trouble


class ClusterEngine:
    """In the place of an Engine: the same cells, measured by actors."""

    def __init__(self, registry: Registry, settings: Settings, address: str | None, actors: int = 1) -> None:
        self.registry = registry
        self.settings = settings
        self.store = Sentences()
        self._actors = actors
        self._ray = connect(address)
        self._asked: dict[str, Asked] = {}  # actors by name

    def measure(
        self,
        model: str,
        cells: Sequence[Cell],
        progress: Progress | None = None,
        rows: Rows | None = None,
        margins: Margins = (),
    ) -> Found:
        """Distinct cells; a model that cannot be loaded fails all of them, as on one machine."""
        distinct = list(dict.fromkeys(cells))
        if progress is not None:
            progress.start(model, len(distinct))
        try:
            return self._gather(model, distinct, progress, rows, tuple(margins))
        finally:
            if progress is not None:
                progress.stop()

    def has_room(self, model: str) -> bool:
        """Models lie on the cluster's cards, not here."""
        return True

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about, found where the model lies."""
        found: Heads = self._answer(
            model, "the heads of a screening", lambda holder, known: holder.heads.remote(known, model, pick), pick.over
        )
        return found

    def attention(self, model: str, head: Head, over: str) -> Any:
        """A picture that cannot be had costs no verdict."""
        with suppress(ClaimsError):
            return self._answer(
                model, "a picture", lambda holder, known: holder.attention.remote(known, model, head, over), over
            )

    def release(self, model: str) -> None:
        """The actor stays for whoever asks next, until another model needs its room."""
        for which in range(self._actors):
            with suppress(ValueError, self._ray.exceptions.RayError):  # it was never asked, or it is gone already
                actor = self._ray.get_actor(self._name(self.registry[model], which), namespace=NAMESPACE)
                actor.release.options(concurrency_group=ASIDE).remote()

    def _answer(self, model: str, what: str, ask: Callable[[Any, Any], Any], over: str) -> Any:
        """Of the first actor of a model."""
        declared = self._ray.put(declarations([over]))
        (answer,) = self._answers(model, [Question(what, lambda: ask(self._actor(model, 0), declared))])
        return answer

    def _gather(
        self, model: str, cells: list[Cell], progress: Progress | None, rows: Rows | None, margins: Margins
    ) -> Found:
        declared = self._ray.put(declarations(cell.metric.over for cell in cells if cell.metric.over is not None))

        def question(which: int, batch: Sequence[Cell]) -> Question:
            return Question(
                f"{len(batch)} cells",
                lambda: self._actor(model, which).measure.remote(declared, model, batch, rows, margins),
            )

        batches = [cells[i : i + BATCH] for i in range(0, len(cells), BATCH)]
        found: Found = {}
        for part, said, trouble in self._answers(
            model, [question(i % self._actors, batch) for i, batch in enumerate(batches)]
        ):
            found.update(part)
            self.store.add(said, trouble)
            if progress is not None:
                progress.advance(len(part))
        return found

    def _answers(self, model: str, questions: Sequence[Question]) -> Iterator[Any]:
        """As they come; what a lost node was asked is asked again of the actor that takes its place."""
        waiting = {one.ask(): (one, 1) for one in questions}
        while waiting:
            first, _ = self._ray.wait(list(waiting), num_returns=1, timeout=LOOK)
            if not first:
                self._make_room()
                continue
            (done,) = first
            question, tries = waiting.pop(done)
            try:
                answer = self._ray.get(done)
            except (self._ray.exceptions.RayError, OSError) as error:
                if (fault := self._fault(model, error)) is not None:
                    raise fault from None
                if tries == TRIES:
                    raise ClaimsError(
                        f"{model}: {question.what} could not be had: {TRIES} nodes were lost one after the other "
                        f"({_first(error)}); what was measured before is in the store."
                    ) from None
                self._asked.clear()
                waiting[question.ask()] = (question, tries + 1)
            else:
                yield answer

    def _fault(self, model: str, error: Exception) -> ClaimsError | None:
        """What the work itself failed with; None where it was the node that was lost."""
        if not isinstance(error, self._ray.exceptions.RayTaskError):
            return None
        known = error.cause if isinstance(error.cause, ClaimsError) else None
        return known or ClaimsError(f"{model}: measuring failed on the cluster: {_first(error)}")

    def _actor(self, model: str, which: int) -> Any:
        spec = self.registry[model]
        gpus = self._cards(spec)
        settings = (
            replace(self.settings, device="cuda" if gpus else "cpu")
            if self.settings.device == "auto"
            else self.settings
        )
        name = self._name(spec, which)
        actor = (
            self._ray.remote(concurrency_groups={ASIDE: 1})(Holder)
            .options(
                name=name, namespace=NAMESPACE, get_if_exists=True, lifetime="detached", num_gpus=gpus, num_cpus=0,
                memory=0 if gpus else min(int(gigabytes(spec) * 2**30), int(self._largest("memory"))),
                max_restarts=-1, max_task_retries=TRIES, scheduling_strategy="SPREAD",
            )
            .remote(spec, settings)
        )  # fmt: skip
        if name not in self._asked:
            self._asked[name] = Asked(actor.idle.options(concurrency_group=ASIDE).remote(), time.monotonic())
        return actor

    def _make_room(self) -> None:
        """Where an actor of ours has no place yet, the one that nobody has asked for longest leaves; a run that still
        needs it asks again, as where a node is lost."""
        now = time.monotonic()
        late = [one for one in self._asked.values() if now - one.since >= PATIENCE]
        late = [one for one in late if self._ray.wait([one.first], timeout=0)[1]]
        if not late:
            return
        idle: dict[Any, Any] = {}  # what they say -> who they are
        for one in self._ray.util.list_named_actors(all_namespaces=True):
            if one["namespace"] == NAMESPACE and one["name"] not in self._asked:
                with suppress(ValueError, self._ray.exceptions.RayError):  # gone meanwhile
                    actor = self._ray.get_actor(one["name"], namespace=NAMESPACE)
                    idle[actor.idle.options(concurrency_group=ASIDE).remote()] = actor
        said, _ = self._ray.wait(list(idle), num_returns=len(idle), timeout=2) if idle else ([], [])
        waited: dict[Any, float] = {}
        for one in said:
            with suppress(self._ray.exceptions.RayError):
                waited[idle[one]] = self._ray.get(one)
        if waited and max(waited.values()) >= PATIENCE:
            self._ray.kill(max(waited, key=lambda actor: waited[actor]))
            for one in late:
                one.since = now

    def _name(self, spec: ModelSpec, which: int) -> str:
        held = hashlib.sha256(repr((spec, self.settings, VERSION)).encode()).hexdigest()[:16]
        return f"{spec.key}-{held}-{which}"

    def _cards(self, spec: ModelSpec) -> int:
        most = int(self._largest("GPU"))
        if self.settings.device not in ("auto", "cuda") or not most:
            return 0
        cards = max(1, math.ceil(gigabytes(spec) / CARD_GB))
        if cards > most:
            raise NotRunError(
                f"{spec.key} needs {cards} cards of one node ({gigabytes(spec):g} GB at {CARD_GB:g} GB a card, by its "
                f"min_memory_gb), and the largest node of the cluster has {most}."
            )
        return cards

    def _largest(self, resource: str) -> float:
        """What the node with most of it has."""
        return max((node["Resources"].get(resource, 0.0) for node in self._ray.nodes() if node["Alive"]), default=0.0)


def connect(address: str | None) -> Any:
    """Ray, connected: to a cluster by its address, to the one this machine is part of, or to one of our own."""
    try:
        import ray
    except ModuleNotFoundError:
        raise NotRunError(
            "--claims-executor=ray: ray is not installed: pip install 'pytest-causal-claims[ray]', here and on every node."
        ) from None
    if ray.is_initialized():
        return ray
    quiet: dict[str, Any] = {
        "namespace": NAMESPACE,
        "log_to_driver": False,
        "logging_level": "error",
        "configure_logging": False,
    }
    try:
        if address is not None:
            _knock(address)
            ray.init(address=address, **quiet)
        else:
            try:
                ray.init(address="auto", **quiet)
            except ConnectionError:
                ray.init(include_dashboard=False, **quiet)
                os.environ["RAY_ADDRESS"] = ray.get_runtime_context().gcs_address  # for the workers of this run
    except (OSError, RuntimeError, ValueError) as error:
        raise NotRunError(
            f"--claims-executor=ray://{address}: no Ray cluster answers there ({_first(error)}); give the address that "
            "`ray start --head` prints."
        ) from None
    return ray


def _knock(address: str) -> None:
    """Ray itself waits for minutes where nobody answers."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("write HOST:PORT")
    socket.create_connection((host, int(port)), timeout=10).close()


def _first(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
