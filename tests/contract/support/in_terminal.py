"""Runs a program in a terminal of 30 rows and 90 columns, 50 and 120 after SIGUSR1.

What comes to standard input is typed, what the terminal shows goes to standard output. Ends as the
program does, after a line about whether the terminal is as it was.
"""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import threading


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


ours, its = pty.openpty()
resize(ours, 30, 90)
before = termios.tcgetattr(its)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(its, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(its, standard)
    os.closerange(3, 256)
    os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGUSR1, lambda *_: resize(ours, 50, 120))


def type_in():
    while True:
        typed = os.read(0, 4096)
        if not typed:
            return
        os.write(ours, typed)


def show():
    while True:
        try:
            os.write(1, os.read(ours, 4096))
        except OSError:
            return


threading.Thread(target=type_in, daemon=True).start()
threading.Thread(target=show, daemon=True).start()
while True:
    # A signal is handled between the calls.
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    signal.sigtimedwait([], 0.05)
restored = termios.tcgetattr(its)[:4] == before[:4]
os.write(1, b"\nterminal restored: %s\n" % str(restored).encode())
os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
