"""Clause P4: questions that make a model name itself, in the languages that most prompts are written in."""

import re
from typing import Final

from apps.prompts.domain.findings import MOST_SHOWN, Finding, FindingKind
from apps.prompts.domain.normalisation import canonical

_CLAUSE: Final = "P4"

_MODEL = r"(?:(?:language |a\.?i\.? )*model|llm|a\.?i\.?|chat ?bot|assistant)"
_MAKERS = r"(?:created|made|built|trained|developed|programmed)"
_MODELO = r"(?:modelo|ia|llm|assistente|vers[aã]o)"
_CREO = r"(?:cre[oó]|hizo|entren[oó]|desarroll[oó]|program[oó])"
_CREE = r"(?:cr[eé][eé]e?|fait|entra[iî]n[eé]e?|d[eé]velopp[eé]e?|programm[eé]e?)"
_PRODUCTS = r"(?:chat ?gpt|gpt[- ]?\d|gemini|claude|llama|mistral|deepseek|qwen|grok|copilot)"

# Written in the caseless form in which texts are compared.
_PATTERNS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        rf"\b(?:what|which|whose) {_MODEL} (?:are|r) (?:you|u)\b",
        rf"\b(?:what|which) (?:version|kind|type|sort) of {_MODEL} (?:are|r) (?:you|u)\b",
        rf"\b(?:are|r) (?:you|u) (?:really )?(?:an? |the )?{_PRODUCTS}\b",
        rf"\bwho (?:has |have )?{_MAKERS} (?:you|u)\b",
        r"\bwho(?:'s| is| are) your (?:creators?|makers?|developers?)\b",
        r"(?:^|[.!?] )who are you\b",
        rf"\bwhich (?:company|lab|organi[sz]ation|firm) (?:has )?{_MAKERS} (?:you|u)\b",
        r"\bwhat(?:'s| is) your (?:model )?name\b",
        r"\b(?:tell me|reveal|state|say|give me) your (?:model(?:'s)? )?name\b",
        r"\b(?:tell me|reveal|state|say) (?:(?:what|which) model you are|who (?:made|trained|created|built) you)\b",
        r"\b(?:start|begin|sign|end) (?:your (?:answer|reply|response) )?(?:with|by stating) (?:your|the) "
        rf"(?:{_MODEL}(?:'s)? )?(?:name|maker|company)\b",
        r"\b(?:repeat|reveal|print|show|output)(?: me)? (?:all of )?your (?:system|initial|hidden) "
        r"(?:prompt|instructions?|message)\b",
    ),
    "pt": (
        rf"\b(?:que|qual|quais) {_MODELO}(?: de (?:linguagem|ia))? (?:é|e|és|es) (?:voc[eê]|vc|tu)\b",
        rf"\b(?:que|qual|quais) {_MODELO}(?: de (?:linguagem|ia))? (?:voc[eê]|vc|tu) (?:é|e|és|es)\b",
        r"\bquem (?:te|lhe) (?:criou|fez|treinou|desenvolveu|programou)\b",
        r"\bquem (?:criou|fez|treinou|desenvolveu|programou) (?:voc[eê]|vc|tu)\b",
        r"\bqual (?:é|e) (?:o )?(?:seu|teu) nome\b",
        rf"\b(?:voc[eê]|vc|tu) (?:é|e|és|es) (?:o |a )?{_PRODUCTS}\b",
    ),
    "es": (
        r"\b(?:qu[eé]|cu[aá]l) (?:modelo|ia|llm|asistente|versi[oó]n)(?: de (?:lenguaje|ia))? (?:eres|es usted|sos)\b",
        rf"\bqui[eé]n te {_CREO}\b",
        r"\b(?:c[oó]mo te llamas|cu[aá]l es tu nombre)\b",
        rf"\beres (?:el |la )?{_PRODUCTS}\b",
    ),
    "fr": (
        r"\bquel(?:le)? (?:mod[eè]le|ia|llm|assistant|version)(?: de langage| d.ia)? (?:es[- ]tu|[eê]tes[- ]vous)\b",
        rf"\bqui (?:t.a|vous a) {_CREE}\b",
        r"\b(?:comment t.appelles[- ]tu|comment vous appelez[- ]vous|quel est (?:ton|votre) nom)\b",
        rf"\b(?:es[- ]tu|[eê]tes[- ]vous) {_PRODUCTS}\b",
    ),
    "de": (
        r"\b(?:welches|was f[uü]r ein) (?:sprach|ki-?)?(?:modell|llm|ki) (?:bist du|sind sie)\b",
        r"\b(?:welche ki|welcher assistent) (?:bist du|sind sie)\b",
        r"\bwer hat (?:dich|sie) (?:erschaffen|gemacht|gebaut|trainiert|entwickelt|programmiert)\b",
        r"\b(?:wie hei(?:ß|ss)t du|wie hei(?:ß|ss)en sie|was ist dein name)\b",
        rf"\bbist du {_PRODUCTS}\b",
    ),
    "it": (
        r"\b(?:che|quale) (?:modello|ia|llm|assistente)(?: linguistico| di linguaggio)? sei\b",
        r"\bchi ti ha (?:creato|fatto|addestrato|sviluppato|programmato)\b",
        r"\bcome ti chiami\b",
    ),
    "ru": (
        r"\b(?:какая|что за) (?:ты|вы) (?:языковая )?(?:модель|нейросеть|ии)\b",
        r"\bкакой (?:моделью|нейросетью) (?:ты|вы) явля",
        r"\bкто (?:тебя|вас) (?:создал|сделал|обучил|разработал)",
        r"\bкак (?:тебя|вас) зовут\b",
    ),
    "hi": (
        r"(?:तुम|आप|तू) (?:कौन ?(?:सा|से|सी)|क्या) (?:मॉडल|एआई|ai) (?:हो|हैं|है)",
        r"(?:तुम्हें|आपको|तुझे) किसने (?:बनाया|प्रशिक्षित|विकसित)",
        r"(?:तुम्हारा|आपका|तेरा) नाम क्या है",
    ),
    "ar": (
        r"(?:ما|أي|اي) (?:هو )?(?:نموذج|موديل|ذكاء اصطناعي) (?:لغوي )?(?:أنت|انت)",
        r"من (?:الذي )?(?:صنعك|طورك|دربك|أنشأك|انشأك|برمجك)",
        r"(?:ما اسمك|ما هو اسمك)",
    ),
    "ja": (
        r"(?:あなた|きみ|君|お前)は(?:どの|何の|なんの|どんな)(?:言語)?(?:モデル|ai|人工知能)",
        r"(?:誰|だれ|どの会社|どこの会社)(?:が|に)(?:あなたを|作られ|開発され|作った|作りました|開発し|訓練)",
        r"(?:あなた|きみ|君)の名前は(?:何|なに|なん)",
    ),
    "zh": (
        r"你是(?:什么|什麼|哪个|哪個|哪一个|哪一個|哪种|哪種)(?:语言|語言|大)?(?:模型|ai|人工智能)",
        r"(?:谁|誰|哪家公司|哪个公司)(?:创造|創造|开发|開發|训练|訓練|制造|製造)(?:了|的)?你",
        r"你(?:的名字是什么|的名字是什麼|叫什么|叫什麼)",
        rf"你是(?:不是)?{_PRODUCTS}",
    ),
    "ko": (
        r"(?:너는|넌|당신은) (?:어떤|무슨) (?:언어 )?(?:모델|ai|인공지능)",
        r"누가 (?:너를|널|당신을) (?:만들|개발|훈련)",
    ),
    "tr": (
        r"\b(?:hangi|ne) (?:dil )?(?:modeli?|yapay zekas[ıi]?n?)(?:s[iı]n|s[iı]n[iı]z)\b",
        r"\bseni kim (?:yapt[ıi]|yaratt[ıi]|geli[sş]tirdi|e[gğ]itti)\b",
        r"\bad[ıi]n ne\b",
    ),
    "id": (
        r"\b(?:kamu|anda) (?:adalah )?(?:model|ai)(?: bahasa)? (?:apa|yang mana)\b",
        r"\bsiapa (?:yang )?(?:menciptakan|membuat|melatih|mengembangkan)(?: ?mu| kamu| anda)\b",
        r"\bsiapa nama(?:mu| kamu| anda)\b",
    ),
}
_COMPILED: Final = {
    language: tuple(re.compile(pattern) for pattern in patterns) for language, patterns in _PATTERNS.items()
}


def find_identity_questions(text: str) -> Finding | None:
    """Return which languages' patterns ask a model who it is; None when none does.

    The caseless form is read, so full-width letters and invisible characters hide nothing; ``found`` therefore gives
    places in that form, as parts of the whole between 0 and 1.
    """
    read = canonical(text)
    found = [
        {"language": language, "at": round(match.start() / max(len(read), 1), 3)}
        for language, patterns in _COMPILED.items()
        for pattern in patterns
        for match in pattern.finditer(read)
    ]
    if not found:
        return None
    return Finding(
        kind=FindingKind.IDENTITY_QUESTION,
        clause=_CLAUSE,
        needs_review=True,
        evidence={"count": len(found), "found": found[:MOST_SHOWN]},
    )
