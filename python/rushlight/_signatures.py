"""inspect.Signature from the text of a stub: `(input: Tensor, dim: int = -1) -> Tensor`."""

import inspect


class _Annotation(str):
    """Shown without quotes."""

    def __repr__(self):
        return str(self)


def parse(text):
    names = {}
    exec(f"from __future__ import annotations\ndef form{text.replace('builtins.', '')}: ...", names)
    signature = inspect.signature(names["form"])
    parameters = [p.replace(annotation=_Annotation(p.annotation)) if p.annotation is not p.empty else p for p in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=_Annotation(signature.return_annotation))
