"""The proof that a condition was delivered: how often its bodies were called, and how much they changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock

from torch import Tensor, promote_types, stack

from causal_claims.engine.edits import Edit
from causal_claims.engine.site_run import SiteRun
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.measurements import Receipt
from causal_claims.sites import Site

_BODY = RLock()  # batches run beside one another, and a body may draw from torch's one generator


@dataclass(eq=False)
class Delivery:
    """What one condition's delivery amounts to so far."""

    condition: Intervention
    expected: int = 0
    fired: int = 0
    _changes: list[Tensor] = field(default_factory=list)
    changed: float = 0.0

    def apply(self, edit: Edit, value: Tensor, run: SiteRun) -> Tensor:
        """Call the body, and count.  It works on a copy: one that writes in place must not reach the clean run's tensors."""
        with _BODY:
            new = edit.operation.apply(value.clone(), run, **edit.options)
        if not isinstance(new, Tensor):
            raise ClaimsError(
                f"{edit.operation.name}: its body returned {type(new).__name__}; it must return a tensor."
            )
        if promote_types(new.dtype, value.dtype) != new.dtype:
            raise ClaimsError(
                f"{edit.operation.name}: its body returned {_name(new)} for {_name(value)}, which loses digits everywhere "
                "beside what it does; return the dtype that it was given."
            )
        try:
            new = new.to(value.dtype).expand_as(value)
        except RuntimeError:
            raise ClaimsError(
                f"{edit.operation.name}: its body returned a tensor of shape {tuple(new.shape)} for one of {tuple(value.shape)}."
            ) from None
        self.fired += len(run.rows) if run.open is None else int(run.open.sum())
        self._changes.append(_largest(new - value, run))
        if run.extra is not None:
            self._changes.append(_largest(run.extra, run))
        if len(self._changes) > 256:
            self._settle()
        return new

    def _settle(self) -> None:
        if self._changes:
            self.changed = max(self.changed, float(stack([c.float().cpu() for c in self._changes]).max()))
            self._changes.clear()

    def receipt(self, resolved: Callable[[Site], str], removed: bool) -> Receipt:
        self._settle()
        return Receipt(
            tuple(resolved(s) for s in self.condition.sites), self.fired, self.expected, self.changed, removed
        )

    def add(self, other: "Delivery") -> None:
        other._settle()
        self._settle()
        self.fired, self.expected = self.fired + other.fired, self.expected + other.expected
        self.changed = max(self.changed, other.changed)


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _largest(change: Tensor, run: SiteRun) -> Tensor:
    """Over the prompts' own tokens, and texts that have not ended."""
    mask = run.batch.mask
    if run.open is not None:
        change = change.masked_fill(~run.open.view(-1, *[1] * (change.dim() - 1)), 0)
    elif run.phase == "prefill":
        change = change.masked_fill(~mask.view(*mask.shape, *[1] * (change.dim() - 2)), 0)
    return change.abs().amax()
