"""One HTTP request that can be given up at any time, whatever the other side does."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from practicum import __version__

if TYPE_CHECKING:
    import httpx

WAITING_PIECES = 64  # received and not written yet; a piece has 64 kB at most
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)  # statuses after which it may be worth asking again
LONGEST_WAIT = 15.0  # seconds that a server may ask for before it is asked again


@dataclass(frozen=True)
class Limits:
    """How long to wait for what, in seconds.

    An address that stops sending, or sends too little, is left after twice the window at the latest: 30 s.
    """

    connect: float = 10.0  # until one of the host's machines answers
    silence: float = 12.0  # between two pieces
    answer: float = 15.0  # until it begins
    window: float = 15.0  # over which the rate is measured
    slowest: int = 5_000  # bytes a second: CIFAR-10 would take nine hours
    drops: int = 5  # how often a connection that broke off is taken up again at one address
    rounds: int = 2  # how often addresses with a temporary fault are tried
    pause: float = 3.0  # between two rounds
    redirects: int = 5


class Failure(Exception):  # noqa: N818 (one address failing is no error yet)
    """Why an address did not give the file.

    temporary: it is worth another round, after so many seconds.
    """

    def __init__(self, why: str, *, temporary: bool = False, wait: float = 0.0) -> None:
        super().__init__(why)
        self.temporary, self.wait = temporary, wait


class CutOff(Failure):
    """The connection broke off; what has come is good, as far as one can know."""

    def __init__(self, why: str) -> None:
        super().__init__(why, temporary=True)


class _GivenUp(Exception):  # noqa: N818
    """Nobody waits for the answer any more."""


@contextlib.contextmanager
def get(address: str, headers: dict[str, str], limits: Limits) -> Iterator[tuple["httpx.Response", Iterator[bytes]]]:
    """The answer's status and headers, and what follows them, piece by piece, as it came over the wire.

    Raises:
        Failure: no answer, or one that is cut off or too slow, now or while the pieces are read.
    """
    import httpx  # noqa: F401 (not within the time that the server is given)

    thread = _Asking(address, headers, limits)
    thread.start()
    try:
        response = thread.next(limits.answer)
        if response is None:
            raise Failure(f"no answer within {limits.answer:g} s{through_proxy(address)}")
        yield response, _pieces(thread, limits)
    finally:
        thread.given_up.set()


class _Asking(threading.Thread):
    """Asks in a thread of its own, so that whoever waits can stop waiting.

    Looking up a host's name, trying all its machines, or headers that come letter by letter may take minutes, whatever
    timeouts the sockets have.
    """

    def __init__(self, address: str, headers: dict[str, str], limits: Limits) -> None:
        super().__init__(daemon=True, name=f"fetching {address}")
        self.address, self.headers, self.limits = address, headers, limits
        self.items: queue.Queue = queue.Queue(WAITING_PIECES)
        self.given_up = threading.Event()

    def run(self) -> None:
        with contextlib.suppress(_GivenUp):
            try:
                self._ask()
                self._put(b"")
            except _GivenUp:
                raise
            except Exception as error:  # whatever it is, the one who waits is told
                self._put(error)

    def _ask(self) -> None:
        import httpx

        with (
            httpx.Client(
                timeout=httpx.Timeout(self.limits.silence, connect=self.limits.connect),
                follow_redirects=True,
                max_redirects=self.limits.redirects,
                event_hooks={"request": [self._see_where_it_leads]},
                headers={"User-Agent": f"practicum/{__version__}", "Accept-Encoding": "identity", **self.headers},
            ) as client,
            client.stream("GET", self.address) as response,
        ):
            self._put(response)
            for piece in response.iter_raw():  # as it was sent: the hash is of the file, not of what is packed in it
                if piece:
                    self._put(piece)

    def _see_where_it_leads(self, request: "httpx.Request") -> None:
        scheme = request.url.scheme
        if scheme not in ("http", "https") or (scheme == "http" and self.address.startswith("https:")):
            raise Failure(
                f"is redirected to {request.url}, where only http and https are followed, and from https only https"
            )

    def _put(self, item: object) -> None:
        while not self.given_up.is_set():
            with contextlib.suppress(queue.Full):
                return self.items.put(item, timeout=0.5)
        raise _GivenUp

    def next(self, timeout: float) -> Any:
        """What comes next, the response first; b"" at the end, None where nothing comes in time.

        Raises:
            Failure: it ended otherwise.
        """
        try:
            item = self.items.get(timeout=max(timeout, 0.001))
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise _in_words(item, self.address, self.limits) from None
        return item


def _pieces(thread: _Asking, limits: Limits) -> Iterator[bytes]:
    """The pieces, as long as they come fast enough. Only waiting counts: a slow disk is not the server's fault."""
    waited, received = 0.0, 0
    while True:
        start = time.monotonic()
        piece = thread.next(limits.window - waited)
        waited += time.monotonic() - start
        if piece == b"":
            return
        if piece:
            received += len(piece)
            yield piece
        if waited >= limits.window:
            if received < limits.slowest * limits.window:
                raise _too_slow(received, limits)
            waited, received = 0.0, 0


def _too_slow(received: int, limits: Limits) -> Failure:
    return Failure(
        f"is too slow: {received:,} bytes in {limits.window:g} s, where {limits.slowest * limits.window:,.0f} are the "
        "least"
    )


def refusal(response: "httpx.Response") -> Failure:
    """The failure that a status other than 200 and 206 is."""
    wait = response.headers.get("retry-after", "")
    seconds = min(float(wait), LONGEST_WAIT) if wait.isdecimal() else 0.0
    status = response.status_code
    return Failure(f"HTTP {status} {response.reason_phrase}".strip(), temporary=status in TEMPORARY, wait=seconds)


def _in_words(error: Exception, address: str, limits: Limits) -> Failure:
    """What an exception of the thread says to a person, and whether to try again."""
    import httpx

    words = " ".join(str(error).split())[:200] or type(error).__name__
    match error:
        case Failure():
            return error
        case httpx.ConnectTimeout():
            return Failure(f"no connection within {limits.connect:g} s{through_proxy(address)}")
        case httpx.ReadTimeout() | httpx.WriteTimeout():
            return Failure(f"sent nothing for {limits.silence:g} s", temporary=True)
        case httpx.ProxyError() | httpx.ConnectError():
            return Failure(f"no connection{through_proxy(address)} ({words})")
        case httpx.TooManyRedirects():
            return Failure(f"is redirected more than {limits.redirects} times")
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return CutOff(f"the connection broke off ({words})")
    return Failure(f"could not be asked{through_proxy(address)} ({type(error).__name__}: {words})")


def through_proxy(address: str) -> str:
    """ " through the proxy HOST" where the environment names one for this address, else nothing; never its password."""
    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return ""
    host = proxy.rsplit("@", 1)[-1].split("://")[-1]
    return f" through the proxy {host} (set in the environment as {parts.scheme}_proxy or all_proxy)"
