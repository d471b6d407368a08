"""What one query token a row mixes, without the keys and values of the others: both projections go through the query.

q (W_K x_j) is (q W_K) x_j, and the sum of p_j (W_V x_j) is W_V times the sum of p_j x_j.  Where nothing but the last token
of the last layer is read, this leaves out two of its three large products.  A bias of the keys adds the same to all
scores of a query, so a softmax does not see it.
"""

import torch
from torch import Tensor


def last_query(x: Tensor, last: Tensor, seen: Tensor, weight: Tensor, bias: Tensor, heads: int, scale: float) -> Tensor:
    """normed rows x positions x d_model, each row's query, what it may see (rows x positions) -> rows x 1 x heads x d_head

    `weight` is d_model x (queries, keys, values).
    """
    w_q, w_k, w_v = weight.view(len(weight), 3, heads, -1).unbind(1)
    b_q, _, b_v = bias.view(3, heads, -1).unbind(0)
    asked = torch.einsum("rm,mhd->rhd", x[torch.arange(len(x), device=x.device), last], w_q) + b_q
    scores = torch.einsum("rhd,mhd->rhm", asked, w_k) @ x.mT * scale
    pattern = scores.masked_fill(~seen[:, None], -torch.inf).softmax(-1)
    return (torch.einsum("rhm,mhd->rhd", pattern @ x, w_v) + b_v)[:, None]
