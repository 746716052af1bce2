"""A stand-in of the hub: the routes that `datasets` and `huggingface_hub` ask for data sets, on the loopback interface."""

import hashlib
import io
import json
import re
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlparse

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

CODE = b"raise SystemExit('code of the data set was run')\n"
_SET = r"([^/]+/[^/]+)"


def parquet(rows):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def card(*configs):
    """A README that names the files of (configuration, split, path)."""
    said = [{"config_name": name, "data_files": [{"split": split, "path": path}]} for name, split, path in configs]
    return f"---\n{yaml.safe_dump({'configs': said})}---\n".encode()


class Hub:
    """Data sets by name: by revision a commit and files. `faults` says how (set, file) fails."""

    def __init__(self):
        self.sets, self.faults, self.gated, self.asked = {}, {}, set(), []

    def add(self, name, files, revision="main"):
        commit = hashlib.sha1(f"{name}{revision}".encode()).hexdigest()
        self.sets.setdefault(name, {})[revision] = (commit, files)

    def config(self, name, config, split, rows):
        path = f"{config}/{split}.parquet"
        self.add(name, {"README.md": card((config, split, path)), path: parquet(rows)})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def _send(self, code, body=b"", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _fail(self, code, name, said=""):
        self._send(code, {"error": said or name}, X_Error_Code=name, X_Error_Message=said or name)

    def _answer(self):
        hub, address = self.server.hub, urlparse(self.path)
        path = unquote(address.path)
        hub.asked.append((self.command, path))
        for pattern, answer in (
            (rf"/api/datasets/{_SET}(?:/(revision|tree|paths-info)/(.+))?", self._api),
            (rf"/datasets/{_SET}/resolve/(.+)", self._resolve),
        ):
            if found := re.fullmatch(pattern, path):
                if found[1] not in hub.sets:
                    self._fail(401, "RepoNotFound")
                else:
                    answer(hub, parse_qs(address.query), *found.groups())
                return
        self._fail(404, "no route")

    def _at(self, hub, name, rest):
        """Commit, files and what follows the revision, which may hold slashes."""
        for revision, (commit, files) in hub.sets[name].items():
            for said in (revision, commit):
                if rest == said or rest.startswith(said + "/"):
                    return commit, files, rest[len(said) + 1 :]
        return None

    def _api(self, hub, query, name, what, rest):
        found = self._at(hub, name, rest or "main")
        if found is None:
            self._fail(404, "RevisionNotFound")
            return
        commit, files, inside = found
        folders = sorted({"/".join(each.split("/")[:n]) for each in files for n in range(1, each.count("/") + 1)})
        rows = {each: {"type": "directory", "oid": "0" * 40, "size": 0, "path": each} for each in folders}
        rows |= {
            each: {"type": "file", "oid": hashlib.sha1(data).hexdigest(), "size": len(data), "path": each}
            for each, data in files.items()
        }
        if what == "tree":
            start = f"{inside}/" if inside else ""
            deep = query.get("recursive", ["false"])[0] == "true"
            listed = [row for path, row in rows.items() if path.startswith(start) and (deep or "/" not in path[len(start) :])]
            if inside and not listed:
                self._fail(404, "EntryNotFound")
            else:
                self._send(200, listed)
        elif what == "paths-info":
            self._send(200, [rows[each] for each in json.loads(self.body)["paths"] if each in rows])
        else:
            gated = "auto" if name in hub.gated else False
            about = {"id": name, "sha": commit, "private": False, "gated": gated, "disabled": False, "tags": []}
            self._send(200, {**about, "downloads": 0, "likes": 0, "siblings": [{"rfilename": each} for each in files]})

    def _resolve(self, hub, query, name, rest):
        found = self._at(hub, name, rest)
        if name in hub.gated:
            self._fail(403, "GatedRepo", f"Access to dataset {name} is restricted and you are not in the authorized list.")
        elif found is None:
            self._fail(404, "RevisionNotFound")
        elif found[2] not in found[1]:
            self._fail(404, "EntryNotFound")
        else:
            self._file(hub.faults.get((name, found[2])), query, found[1][found[2]], found[0])

    def _file(self, fault, query, data, commit):
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X_Repo_Commit": commit, "Accept_Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if fault == "broken" and self.command == "GET":
            self._fail(500, "Internal Server Error")
        elif fault == "moved" and not query:
            self._send(302, Location=f"{urlparse(self.path).path}?moved=1", X_Linked_Size=str(len(data)), **headers)
        elif asked:
            first, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
            part = data[first : last + 1]
            self._send(206, part, Content_Range=f"bytes {first}-{last}/{len(data)}", **headers)
        else:
            self._send(200, data, **headers)
