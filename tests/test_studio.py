"""What `seqgen studio` serves and to whom, and what `--export` writes."""

from __future__ import annotations

import base64
import http.client
import json
import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_requests import serving

from seqgen.errors import UnknownName, UsageError
from seqgen.shell.cli import main
from seqgen.shell.studio import kernel, server
from seqgen.shell.studio.lean import lean
from seqgen.shell.studio.one_file import bundle, one_file
from seqgen.shell.studio.server import Studio
from seqgen.shell.studio.site import MODELS, PAGE, ROOMS, export, site

Answer = tuple[int, dict[str, str], bytes]


WORD = re.compile(r'^  "?([\w -]+)"?: \["(.*)",\s+"(.*)"\],$', re.MULTILINE)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with serving(Studio(site(["shakespeare"]))) as served:
        yield served


def ask(studio: Studio, name: str = "", *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """What the server says to a request with the token; headers replace those of a browser, "-" stands as "_"."""
    return ask_path(studio, f"/{studio.token}/{name}", method=method, body=body, **headers)


def ask_path(studio: Studio, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", studio.server_port, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for key, value in headers.items():
        connection.putheader(key.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_the_page_and_the_models_are_served_with_headers_that_keep_it_shut(studio: Studio) -> None:
    status, headers, page = ask(studio)
    assert status == 200 and page == (PAGE / "index.html").read_bytes()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';")
    assert headers["Content-Security-Policy"].count("unsafe") == 1
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert ask(studio, "main.js")[1]["Content-Type"] == "text/javascript; charset=utf-8"
    (entry,) = json.loads(ask(studio, "models.json")[2])
    assert entry.keys() == {"name", "domain", "codec", "folder", "bytes"}
    assert len(ask(studio, f"{entry['folder']}/model.safetensors")[2]) == entry["bytes"]
    assert ask(studio, "main.js", method="HEAD")[2] == b""


def test_a_server_on_another_machine_can_do_without_these_headers() -> None:
    meta = re.search(r'Content-Security-Policy" content="([^"]+)"', (PAGE / "index.html").read_text(encoding="utf-8"))
    assert meta is not None and f"{meta[1]}; frame-ancestors 'none'" == server.POLICY  # which a page cannot say itself
    assert not re.search(r"<script(?![^>]*src=)|<style|\bon\w+=|style=", (PAGE / "index.html").read_text("utf-8"))


def test_it_listens_on_this_machine_only(studio: Studio) -> None:
    assert studio.server_address[0] == "127.0.0.1"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", studio.address)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", ""])
def test_another_name_that_leads_here_is_refused(studio: Studio, host: str) -> None:
    assert ask(studio, Host=host.format(port=studio.server_port))[0] == 403
    assert ask(studio, Host=f"localhost:{studio.server_port}")[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
def test_a_page_from_elsewhere_is_refused(studio: Studio, origin: str) -> None:
    assert ask(studio, Origin=origin.format(port=studio.server_port))[0] == 403
    assert ask(studio, Origin=f"http://127.0.0.1:{studio.server_port}")[0] == 200
    assert ask(studio, Sec_Fetch_Site="cross-site")[0] == 403


def test_without_the_token_nothing_is_to_be_had(studio: Studio) -> None:
    for path in ("/", "/index.html", "/models.json", f"/{studio.token[:-1]}/", f"/{studio.token}x/main.js", "//", "x"):
        assert ask_path(studio, path)[0] == 403


@pytest.mark.parametrize(
    "name",
    ["..", "../", "../server.py", "%2e%2e/server.py", "..%2fserver.py", "./main.js", "rooms", "rooms/", "models/0",
     "models/0/../0/config.json", "models/0/SHA256SUMS", "package.json", "/etc/passwd", "main.js?x", "main.js\x00"],
)  # fmt: skip
def test_nothing_else_is_served_and_no_folder_is_listed(studio: Studio, name: str) -> None:
    assert ask(studio, name.replace("\x00", "%00"))[0] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH"])
def test_nothing_is_taken(studio: Studio, method: str) -> None:
    assert ask(studio, method=method, Content_Length="2", body=b"{}")[0] == 501
    assert ask(studio, "run/stop", method="POST", Content_Length="2", body=b"{}")[0] == 403  # see test_studio_run.py


def test_a_huge_body_is_not_read(studio: Studio) -> None:
    for method, answer in (("GET", b"400"), ("POST", b"403")):
        with socket.create_connection(("127.0.0.1", studio.server_port), timeout=30) as line:
            host = f"127.0.0.1:{studio.server_port}"
            line.sendall(
                f"{method} /{studio.token}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: {10**15}\r\n\r\n".encode()
            )
            assert line.recv(100).split()[1] == answer  # at once, and not once it has come
    assert ask(studio)[0] == 200


def test_who_says_nothing_is_left_alone_after_a_while(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server._Request, "timeout", 0.2)
    with socket.create_connection(("127.0.0.1", studio.server_port), timeout=30) as line:
        line.sendall(b"GET / HT")
        assert line.recv(1) == b""
    assert ask(studio)[0] == 200


def test_nonsense_harms_nothing(studio: Studio) -> None:
    draw = random.Random(0)
    for _ in range(1000):
        with socket.create_connection(("127.0.0.1", studio.server_port), timeout=30) as line:
            line.sendall(draw.choice([b"", b"GET ", b"POST /"]) + draw.randbytes(draw.randrange(200)) + b"\r\n\r\n")
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(20)
            assert not answer.startswith(b"HTTP/1.1 200")
    assert ask(studio)[0] == 200


def test_the_exported_folder_is_the_page_with_its_models(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    assert main(["studio", "two-hands", "--export", str(folder)]) == 0
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    wanted = {
        name: data if isinstance(data, bytes) else data.read_bytes() for name, data in site(["two-hands"]).items()
    }
    assert written == wanted
    assert export(folder, ["two-hands"]) == folder  # again, in the same place


def test_an_export_replaces_nothing_of_anybody_elses(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds letter\.txt, which is no part of the studio; name a new folder"):
        export(tmp_path, ["two-hands"])
    with pytest.raises(UnknownName, match="did you mean 'shakespeare'"):
        site(["shakespear"])


def test_what_the_page_runs_is_what_is_offered_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    rooms = re.findall(r'of\("([\w-]+)", "([\w-]+)"\)', (PAGE / "main.js").read_text(encoding="utf-8"))
    assert set(rooms) == ROOMS
    named = json.loads(read(site(["english-french", "hands"])[MODELS]))
    assert [(entry["name"], entry["folder"]) for entry in named] == [("hands", "models/0")]
    assert "english-french is for the command line only" in capsys.readouterr().err
    every = [entry["name"] for entry in json.loads(read(site()[MODELS])) if entry["domain"] in ("text", "music")]
    assert set(every) >= {"shakespeare", "chorales", "bach"} and not capsys.readouterr().err
    assert every.index("shakespeare") == min(map(every.index, {"shakespeare", "python", "speeches"} & {*every}))


def read(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def test_the_exported_file_is_the_page_in_one(tmp_path: Path) -> None:
    path = tmp_path / "studio.html"
    assert main(["studio", "hands", "--export", str(path)]) == 0
    assert path.read_bytes() == one_file(site(["hands"]))
    with pytest.raises(UsageError, match="name another place"):
        export(tmp_path / "none" / "studio.html", ["hands"])


def test_a_module_of_another_form_is_no_part_of_one_file() -> None:
    with pytest.raises(ValueError, match=r"x\.js says 'export default 2;', which is no form"):
        bundle({"main.js": 'import { two } from "./x.js";\n', "x.js": "export default 2;\n"})


def test_the_page_asks_for_nothing_from_outside_and_is_small() -> None:
    files = [path for path in PAGE.rglob("*") if path.is_file()]
    loaded = {
        name: read(content)
        for name, content in site(["two-hands"]).items()
        if not name.startswith("models/") and name != MODELS
    }
    assert sum(map(len, loaded.values())) <= 150_000 and set(loaded) > {"main.js", "studio.css", "runtime/model.js"}
    assert not any(
        re.search(rb"/\*\*|\n\s|`[^`]*\$\{[^}`]*`", data) for name, data in loaded.items() if name.endswith(".js")
    )
    assert loaded["runtime/model.js"].count(b"}draw(") == 1
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, path.name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path.name
        assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", text), path.name


def test_all_that_a_module_imports_is_exported_there() -> None:
    """Also in one file, which finds but the first name of an export."""
    exported = re.compile(r"^export (?:async )?(?:function|class|const|let)[ *]+(\w+)", re.MULTILINE)
    for path in PAGE.rglob("*.js"):
        for names, other in re.findall(
            r'^import \{([^}]*)\} from "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            found = exported.findall((path.parent / other).read_text(encoding="utf-8"))
            assert {name.strip() for name in names.split(",")} <= set(found), (path.name, other)


def test_only_a_modules_own_variables_have_short_names() -> None:
    said = """import { total } from "./x.js";
const of = ["name", ' two  names'], { name: title, size = 2, ...rest } = total(`a ${(word => `${word}}`)("name")}`);
export class Sheet extends Base {
  #ink = /[/"]+/g;
  size = of.length;
  get name() { return { title, name: this.#ink, size() { return size / 2 / 3; } }; }
}
for (let first = 0, other = 1; first < other; first++) rest[first] = first + +other;
export const add = async ([first, second], { size: third } = {}) => first ? second : third;
try { performance.now(); } catch (error) { alert(error.name, location); }
"""
    wanted = (
        'import{total}from"./x.js";const of=["name",\' two  names\'],{name:c,size:d=2,...e}=total(`a ${(f=>`${f}}`)("name")}`);\n'
        'export class Sheet extends Base{#g=/[/"]+/g;size=of.length;get name(){return{title:c,name:this.#g,size(){return d/2/3;}};}}for(let a=0,b=1;a<b;a++)e[a]=a+ +b;\n'
        "export const add=async([a,h],{size:i}={})=>a?h:i;try{performance.now();}catch(j){alert(j.name,location);}"
    )
    assert lean(said) == wanted


def test_the_page_has_the_module_that_the_script_makes() -> None:
    products = (PAGE / "runtime" / "products.js").read_text(encoding="utf-8")
    assert f'compiled("{base64.b64encode(kernel.module()).decode()}")' in products
    assert f"const COLUMNS = {kernel.COLUMNS};" in products


def test_all_that_the_page_says_is_there_in_each_language() -> None:
    words = (PAGE / "words.js").read_text(encoding="utf-8")
    table = words[words.index("const WORDS = {") : words.index("\n};\n")]
    found = {key: (english, chinese) for key, english, chinese in WORD.findall(table)}
    assert len(found) == len(re.findall(r"^  \S+.*?: \[", table, re.MULTILINE)) > 150
    for english, chinese in found.values():
        assert english.count("{}") == chinese.count("{}") and not re.search("[\u3000-\u9fff]", english)
        assert re.search("[\u4e00-\u9fff]", chinese) or not re.search("[a-z]{2}", chinese)
    modules = [path.read_text(encoding="utf-8") for path in PAGE.rglob("*.js") if path.name != "words.js"]
    asked = {key for text in modules for key in re.findall(r'\b(?:t|say)\((?:[^()"]*\? )?"([\w -]+)"', text)}
    asked |= {key for text in modules for key in re.findall(r'\b(?:t|say)\([^()"]*\? "\w+" : "(\w+)"', text)}
    assert len(asked) > 130 and not asked - found.keys()
    quoted = {word for text in modules for word in re.findall(r'[\w]+|"[\w -]+"', text)}
    said_elsewhere = {"C sharp", "E flat", "F sharp", "A flat", "B flat"}
    rest = {key for key in found if key not in quoted and f'"{key}"' not in quoted} - said_elsewhere
    assert {key.split()[0] for key in rest} == {"unit", "domain", "size"}
    spoken = r'(new Error\(|textContent = |button\(|(title|label|"aria-label"|placeholder): )["`][^"`]*[a-z]{3}'
    assert not any(re.search(spoken, text) for text in modules)
