"""An independent program: transformers and plain forward hooks, one prompt at a time; it shares no code with the package.

A condition is a list of (kind, layer, index) and is said in the words of a user of transformers: what is written into
v_proj's output, o_proj's input or a block's output.
"""

import torch


class Plain:
    """One checkpoint, read the ordinary way."""

    def __init__(self, folder, tokenizer):
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
        self.tok = AutoTokenizer.from_pretrained(tokenizer)
        c = self.model.config
        self.heads = c.num_attention_heads
        self.kv = getattr(c, "num_key_value_heads", None) or self.heads
        self.d = getattr(c, "head_dim", None) or c.hidden_size // self.heads
        kind = c.model_type
        if kind == "gpt2":
            self.blocks = self.model.transformer.h
            self.attn = [b.attn for b in self.blocks]
            self.out = [a.c_proj for a in self.attn]
        elif kind == "gpt_neox":
            self.blocks = self.model.gpt_neox.layers
            self.attn = [b.attention for b in self.blocks]
            self.out = [a.dense for a in self.attn]
        else:
            self.blocks = self.model.model.layers
            self.attn = [b.self_attn for b in self.blocks]
            self.out = [a.o_proj for a in self.attn]
        self.kind = kind

    def ids(self, text):
        return self.tok(text, return_tensors="pt")["input_ids"]

    def word(self, text):
        (one,) = self.tok(text, add_special_tokens=False)["input_ids"]
        return one

    def logits(self, text, edits=()):
        """positions x vocabulary; edits are (module, "pre" or "post", function)"""
        handles = []
        for module, when, function in edits:
            if when == "pre":
                handles.append(
                    module.register_forward_pre_hook(lambda m, args, f=function: (f(args[0].clone()), *args[1:]))
                )
            else:
                handles.append(module.register_forward_hook(lambda m, args, out, f=function: f(out)))
        try:
            with torch.no_grad():
                return self.model(self.ids(text)).logits[0].double()
        finally:
            for handle in handles:
                handle.remove()

    def keep(self, text, module, when, edits=()):
        """What goes into a module, or comes out of it, after the edits."""
        kept = []

        def note(tensor):
            kept.append((tensor[0] if isinstance(tensor, tuple) else tensor).clone())
            return tensor

        self.logits(text, [*edits, (module, when, note)])
        return kept[0]

    def z(self, text, layer):
        return self.keep(text, self.out[layer], "pre")  # 1 x positions x heads * d

    def columns(self, head):
        return slice(head * self.d, (head + 1) * self.d)

    # what is done

    def zero_head(self, layer, head):
        def zero(z):
            z[..., self.columns(head)] = 0
            return z

        return [(self.out[layer], "pre", zero)]

    def put_head(self, layer, head, value):
        def put(z):
            z[..., self.columns(head)] = value
            return z

        return [(self.out[layer], "pre", put)]

    def zero_kv(self, layer, index):
        """The values of one key/value head, where each family computes them."""
        if self.kind == "gpt2":
            start = 2 * self.heads * self.d + index * self.d
            return [(self.attn[layer].c_attn, "post", lambda out: _zeroed(out, slice(start, start + self.d)))]
        if self.kind == "gpt_neox":
            start = index * 3 * self.d + 2 * self.d
            return [(self.attn[layer].query_key_value, "post", lambda out: _zeroed(out, slice(start, start + self.d)))]
        return [(self.attn[layer].v_proj, "post", lambda out: _zeroed(out, self.columns(index)))]

    def put_stream(self, layer, value):
        """What a block gives to the next one."""
        return [(self.blocks[layer], "post", lambda out: (value, *out[1:]) if isinstance(out, tuple) else value)]

    def values(self, text, layer, edits=()):
        """positions x KV heads x d"""
        if self.kind == "gpt2":
            return self.keep(text, self.attn[layer].c_attn, "post", edits)[0, :, 2 * self.heads * self.d :].view(
                -1, self.kv, self.d
            )
        if self.kind == "gpt_neox":
            joined = self.keep(text, self.attn[layer].query_key_value, "post", edits)[0]
            return joined.view(len(joined), self.heads, 3, self.d)[:, :, 2]
        return self.keep(text, self.attn[layer].v_proj, "post", edits)[0].view(-1, self.kv, self.d)


def _zeroed(out, where):
    out = out.clone()
    out[..., where] = 0
    return out


# what is read, from positions x vocabulary


def logit_diff(logits, target, foil):
    return float(logits[-1, target] - logits[-1, foil])


def p_target(logits, target):
    return float(logits[-1].softmax(-1)[target])


def entropy(logits):
    p = logits[-1].softmax(-1)
    return float(-(p * p.log()).sum())


def kl(logits, clean):
    return float((clean[-1].softmax(-1) * (clean[-1].log_softmax(-1) - logits[-1].log_softmax(-1))).sum())


def loss(logits, ids):
    log_p = logits.log_softmax(-1)[:-1]
    return float(-log_p[torch.arange(len(log_p)), ids[0, 1:]].mean())


def participation(values):
    """The study's R: squared sum of squared singular values over the sum of their squares."""
    s = torch.linalg.svdvals(values.double().flatten(1)) ** 2
    return float(s.sum() ** 2 / (s**2).sum())
