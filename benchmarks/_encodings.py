"""Texts in the encodings that people's files are in, and what becomes of each when nobody says which it is."""

# ruff: noqa: RUF001 (the characters of other scripts are meant)

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from seqgen.domains.text import read_text
from seqgen.errors import DataError

UNICODE = ("utf-8", "utf-8-sig", "utf-16")
TEXTS = {
    "“It’s late,” she said — and then, after a while: “Shall we go?” The rooms cost £20 a night… or so he’d heard.\n": (
        "cp1252", "mac_roman", *UNICODE,
    ),
    "Où êtes-vous allés cet été ? Le garçon a mangé des pâtes à la crème, près de la forêt où naît la rivière.\n": (
        "cp1252", "latin-1", "mac_roman", "cp437", *UNICODE,
    ),
    "Die Bäume blühen früh; größere Vögel ziehen über die Höfe, und müde Füße gehen süße Äpfel suchen.\n": (
        "cp1252", "latin-1", "mac_roman", "cp437", *UNICODE,
    ),
    "Mañana el niño comerá un melón pequeño. ¿Quién lo diría? ¡Qué corazón más grande, señor García!\n": (
        "cp1252", "latin-1", *UNICODE,
    ),
    "Zażółć gęślą jaźń, mówił stary człowiek, idąc przez śnieg ku rzece, której imienia już nikt nie pamiętał.\n": (
        "cp1250", "iso8859-2", "utf-8", "utf-16",
    ),
    "Příliš žluťoučký kůň úpěl ďábelské ódy, řekla babička a zavřela okno, neboť venku už začínala zima.\n": (
        "cp1250", "iso8859-2", "utf-8",
    ),
    "Вечером пошёл снег, и старик долго смотрел в окно на пустую дорогу, по которой никто не ехал.\n": (
        "cp1251", "koi8-r", "cp866", "utf-8", "utf-16",
    ),
    "Το βράδυ έπεσε χιόνι και ο γέρος κοίταζε για ώρα από το παράθυρο τον άδειο δρόμο προς το χωριό.\n": ("cp1253", "utf-8"),
    "夜になると雪が降り、老人は長いあいだ窓から誰も通らない道を見ていた。「もう春だろうか」と彼は言った。\n": (
        "shift_jis", "euc_jp", "utf-8", "utf-16",
    ),
    "晚上下起了雪，老人在窗前坐了很久，看着那条没有人走的路。他说：“春天大概就要来了。”我们都不说话。\n": (
        "gb18030", "utf-8", "utf-16",
    ),
    "晚上下起了雪，老人在窗前坐了很久，看著那條沒有人走的路。他說：「春天大概就要來了。」我們都不說話。\n": ("big5", "utf-8"),
    "저녁에 눈이 내렸고 노인은 오랫동안 창가에 앉아 아무도 지나가지 않는 길을 바라보고 있었다.\n": ("euc_kr", "utf-8"),
}  # fmt: skip


def outcomes(repeated: int = 20) -> list[tuple[str, str]]:
    """Of each file its encoding, and "right", "refused" with its name, "refused" without, or "wrong"."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for text, encodings in TEXTS.items():
            for encoding in encodings:
                path = Path(folder, "text.txt")
                path.write_bytes((text * repeated).encode(encoding))
                found.append((encoding, _outcome(path, text * repeated)))
    return found


def _outcome(path: Path, text: str) -> str:
    try:
        return "right" if read_text(path) == text else "wrong"
    except DataError as error:
        named = re.search(r"--encoding ([\w-]+)", str(error))
    try:  # another name for it does as well, if it reads the text
        return "named" if named and read_text(path, named[1]) == text else "refused"
    except DataError:
        return "refused"
