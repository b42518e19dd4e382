"""Client of the load tool: one line of words to it, one line of JSON back."""

import json
import os
import select
import time

from process import Process

# Commands that start the tool's clock: the seconds of its answers count from the latest of them.
CLOCK_COMMANDS = ("clock", "session", "announce", "withdraw", "close", "probe", "churn", "hosts")


class ToolError(Exception):
    """The load tool refused a command, or did not answer; the message is its own."""


class Loadgen:
    """The load tool as a process, in a namespace and on a core."""

    def __init__(self, program, namespace, core, log, name="loadgen"):
        self.process = Process(name, namespace, core, [program], log, pipes=True)
        self.name, self.clock, self._unread = name, 0.0, b""

    def command(self, *words, timeout=60.0, **options):
        """Sends a command and returns its answer; options are key=value words."""
        self.send(*words, timeout=timeout, **options)
        # The tool has its own time limit and says more than that one has passed.
        answer = self.receive(" ".join(str(word) for word in words), timeout + 30)
        if words[0] in CLOCK_COMMANDS:
            self.clock = time.monotonic()
        return answer

    def send(self, *words, **options):
        """Only sends: for commands that two tools must be at simultaneously."""
        line = [str(word) for word in words]
        line += [f"{key}={value}" for key, value in options.items() if value is not None]
        try:
            self.process.child.stdin.write(" ".join(line).encode() + b"\n")
            self.process.child.stdin.flush()
        except BrokenPipeError as error:
            raise ToolError(f"{self.name} is gone:\n{self.process.tail()}") from error

    def receive(self, what, timeout=30.0):
        """The answer to the oldest command not yet answered."""
        line = self._line(what, timeout)
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise ToolError(f"{self.name}: {what}: no JSON: {line[:200]!r}") from error
        if not answer.get("ok", False):
            raise ToolError(f"{self.name}: {what}: {answer.get('error', answer)}")
        return answer

    def _line(self, what, timeout):
        deadline = time.monotonic() + timeout
        out = self.process.child.stdout.fileno()
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise ToolError(f"{self.name}: {what}: no answer within {timeout:.0f} s")
            piece = os.read(out, 65536)
            if not piece:
                raise ToolError(f"{self.name} ended at: {what}:\n{self.process.tail()}")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def since(self, start, answer):
        """Seconds from a moment of our own clock to what the answer's `seconds` tells of.

        The tool starts its clock right before it answers, so the two agree to a millisecond.
        """
        return self.clock + answer["seconds"] - start

    def stop(self):
        """Ends the tool."""
        self.process.stop()
