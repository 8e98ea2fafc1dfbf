"""PostgreSQL's socket with a switch in it: a proxy that can be shut, or can swallow what passes.

    with PgProxy("host=/tmp/x user=postgres dbname=postgres", directory) as proxy:
        ... connect to proxy.conninfo ...
        proxy.shut()    # refuses and cuts, as a server that has been stopped
        proxy.hang()    # keeps all connections and passes nothing on
    proxy.asked.wait() # until somebody has sent something since
        proxy.open()
"""
import contextlib
import re
import selectors
import socket
import threading
from pathlib import Path


class PgProxy:
    def __init__(self, conninfo, directory):
        self.server = Path(re.search(r"host=(\S+)", conninfo)[1]) / ".s.PGSQL.5432"
        self.conninfo = re.sub(r"host=\S+", f"host={directory}", conninfo)
        self.path = Path(directory) / ".s.PGSQL.5432"
        self.lock = threading.Lock()
        self.passing = threading.Event()
        self.asked = threading.Event()
        self.pairs = []
        self.listener = None

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.shut()

    def open(self):
        self.passing.set()
        if self.listener is None:
            self.path.unlink(missing_ok=True)
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(self.path))
            self.path.chmod(0o777)
            self.listener.listen(128)
            threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def hang(self):
        self.asked.clear()
        self.passing.clear()

    def shut(self):
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
            self.path.unlink(missing_ok=True)
        with self.lock:
            for pair in self.pairs:
                for end in pair:
                    with contextlib.suppress(OSError): # closed by its own thread just now
                        end.shutdown(socket.SHUT_RDWR)
            self.pairs.clear()
        self.passing.set()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server))
            except OSError:
                return
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self.carry, args=(client, server), daemon=True).start()

    def carry(self, client, server):
        other = {client: server, server: client}
        with selectors.DefaultSelector() as selector:
            for end in other:
                selector.register(end, selectors.EVENT_READ)
            try:
                while all(self.pass_on(key.fileobj, other[key.fileobj])
                          for key, _ in selector.select()):
                    pass
            except OSError:
                pass
        client.close()
        server.close()

    def pass_on(self, source, target):
        data = source.recv(65536)
        if not self.passing.is_set():
            self.asked.set()
        self.passing.wait()
        target.sendall(data)
        return bool(data)
