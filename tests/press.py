"""press.py DIR FILE WORD...: runs words on a terminal of their own, in DIR, presses Ctrl-C once FILE has something in it, and prints the exit
code; what the terminal shows goes to stderr."""
import os, pty, select, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.chdir(sys.argv[1])
    os.execvp(sys.argv[3], sys.argv[3:])
pressed, end = False, time.time() + 300
while time.time() < end:
    if not pressed and os.path.exists(sys.argv[2]) and os.path.getsize(sys.argv[2]):
        os.write(fd, b"\x03")
        pressed = True
    if select.select([fd], [], [], 0.1)[0]:
        try:
            text = os.read(fd, 65536)
        except OSError:
            break
        os.write(2, text)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
