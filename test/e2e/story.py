"""Stories: steps that may raise, whatever goes wrong; each is one line of TAP."""
import traceback

import tap


class Story:
    def ok(self, condition, title):
        return tap.check(title, bool(condition))

    def same(self, want, have, title):
        return tap.equal(title, want, have)

    def skip(self, title, reason):
        tap.count += 1
        print(f"ok {tap.count} - {title} # SKIP {reason}", flush=True)

    def note(self, text):
        print(f"# {text}", flush=True)

    def story(self, title, run, *args):
        try:
            run(*args)
            self.ok(True, title)
        except Exception:  # whatever it is, it is printed and it fails the run
            self.ok(False, title)
            self.note(traceback.format_exc().replace("\n", "\n# "))

    def end(self):
        tap.finish()
