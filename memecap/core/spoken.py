"""What a language model says once its thinking is cut off, and whether that is an excuse.

In: the text of an answer. Thinking that a server does not part from the answer stands in tags; a draft is no answer.
"""

from __future__ import annotations

import re

# Tags of reasoning in use: DeepSeek, Qwen, GLM (<think>), Seed (<seed:think>), Mistral ([THINK]), Kimi (◁think▷).
_THOUGHT = r"(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think)"
_BEGIN = re.compile(rf"<{_THOUGHT}>|\[THINK\]|◁think▷", re.IGNORECASE)
_END = re.compile(rf"</{_THOUGHT}>|\[/THINK\]|◁/think▷|<\|channel\|>final[^<]*<\|message\|>", re.IGNORECASE)
_VERBS = "помочь|перевести|выполнить|обработать|описать|описывать|прокомментировать|комментировать|предоставить"
_REFUSAL = re.compile(
    r"(?:i['’]?m sorry|i am sorry|sorry,|i can(?:['’]t|not)|i(?:['’]m| am) (?:unable|not able)|as an ai\b"
    rf"|извините, (?:но )?я|к сожалению, я|простите, (?:но )?я|я не могу (?:{_VERBS})"
    r"|как (?:ии\b|искусственный интеллект|языковая модель))",
    re.IGNORECASE,
)


def without_thinking(answer: str) -> str:
    """What a model says after it has thought; nothing where the thought never ends."""
    *_, spoken = _END.split(answer)
    begin = _BEGIN.search(spoken)
    return spoken[: begin.start()] if begin else spoken


def is_refusal(text: str) -> bool:
    """Whether it begins as models begin that do not want to."""
    return bool(_REFUSAL.match(text))
