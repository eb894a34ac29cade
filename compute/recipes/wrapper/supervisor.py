"""The wrapper's own life: prepare, train, deliver, and say how it ended.

The main thread only watches, five times a second; whatever may wait for the network runs beside it.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import signal
import time
from collections.abc import Callable
from typing import Any

from compute.recipes.wrapper import outcome, processes, tracker
from compute.recipes.wrapper.checkpoints import CheckpointPoster
from compute.recipes.wrapper.environment import command_line, training_environment
from compute.recipes.wrapper.errand import Errand
from compute.recipes.wrapper.folder import RunFolder, new_ulid, utc_now, write_json
from compute.recipes.wrapper.inputs import EXIT_INPUT, InputMissing, fetch_inputs
from compute.recipes.wrapper.lease import LeaseKeeper
from compute.recipes.wrapper.limits import Limits
from compute.recipes.wrapper.output import OutputUnusable, deliver
from compute.recipes.wrapper.patience import GivenUp
from compute.recipes.wrapper.plan import Plan
from compute.recipes.wrapper.platform_api import LeaseLost, Platform, Rejected
from compute.recipes.wrapper.training import LINGER_S, CappedLog, SpawnFailed, Training
from compute.recipes.wrapper.watch import Watch

START_PATIENCE_S = 900.0
LAST_POSTS_S = 10.0
SYNC_LIMIT_S = 60.0
EXIT_BROKEN = 70
EXIT_NOT_STARTED = 127
log = logging.getLogger("wrapper")


class Supervisor:
    """Runs one attempt in one folder. The caller holds the folder's lock; `run` writes `exit.json` last."""

    def __init__(self, folder: RunFolder, plan: Plan) -> None:
        holder = new_ulid()
        self._folder = folder
        self._plan = plan
        self._platform = Platform(plan.platform_url, plan.attempt_id, plan.token)
        self._lease = LeaseKeeper(self._platform, folder, holder)
        self._training = Training(folder.log)
        self._log = CappedLog(folder.log, plan.log_limit_bytes)
        self._watch = Watch(folder, self._training, self._lease, self._log, plan.grace_s)
        self._kernel_kills = processes.kernel_kills()
        self._environment: dict[str, str] = {}
        self._has_output = False
        self._record: dict[str, Any] = {
            "uid": plan.uid,
            "holder": holder,
            "pid": os.getpid(),
            "pid_start": processes.start_ticks(os.getpid()),
            "node": plan.node,
            "scheduled_at": utc_now().isoformat(),
            "state": "starting",
            "fence": None,
            "train_pid": None,
            "started_at": None,
            "ended_at": None,
        }

    def begin(self) -> None:
        """Make this process findable, and the parent of all that follows."""
        processes.adopt_orphans()
        self._watch.listen()
        self._folder.beat()
        self._save_record()

    def run(self) -> None:
        try:
            code = self._prepare()
            if code is None:
                code = self._train()
            if code == outcome.EXIT_DONE:
                code = self._deliver()
        except Exception as error:
            log.exception("the wrapper failed")
            self._note(outcome.WRAPPER_FAILED, f"The wrapper failed: {error!r}")
            self._training.ask_to_end()
            self._training.end_descendants(linger_s=self._plan.grace_s)
            code = EXIT_BROKEN
        self._close(code)

    # -- prepare ---------------------------------------------------------------------------------

    def _prepare(self) -> int | None:
        """Lease, inputs, tracker. None: go on; else the exit code of an attempt that never trained."""
        deadline = time.monotonic() + START_PATIENCE_S
        is_over: Callable[[], bool] = lambda: self._lease.lost.is_set() or time.monotonic() > deadline  # noqa: E731
        errand = Errand(functools.partial(self._get_ready, is_over), self._watch.wake)
        self._watch.until(lambda: errand.is_done() or self._watch.cancelled.is_set())
        match errand.error:
            case None if not self._watch.causes:
                return None
            case None | LeaseLost():
                pass
            case GivenUp():
                if not self._watch.causes:
                    self._watch.causes.add(outcome.PLATFORM_AWAY)
            case InputMissing() as error:
                self._append_to_log(str(error))
                return EXIT_INPUT
            case Rejected() as error:
                self._note(outcome.PLATFORM_REFUSED, f"The platform refused: {error}")
            case error:
                raise error
        return outcome.EXIT_AGAIN

    def _get_ready(self, is_over: Callable[[], bool]) -> None:
        cancelled = self._watch.cancelled
        lease = self._lease.acquire(cancelled=cancelled, is_over=is_over)
        fetch_inputs(self._plan, self._folder, self._platform, cancelled=cancelled, is_over=is_over)
        for path in (self._folder.work, self._folder.output, self._plan.checkpoints, self._plan.cache):
            path.mkdir(parents=True, exist_ok=True)
        environment = training_environment(self._plan, self._folder, lease)
        self._environment = {**environment, **tracker.tracker_mode(environment)}

    # -- train -----------------------------------------------------------------------------------

    def _train(self) -> int:
        command = command_line(self._plan)
        if shutil.which(command[0], path=self._environment.get("PATH")) is None:
            return self._cannot_start(f"{command[0]} is not installed here")
        # The start is on disk before it happens: killed in between, the stretch is a moment too long, not unknown.
        self._save_record(started_at=utc_now().isoformat(), fence=self._lease.fence)
        try:
            self._training.start(command, self._environment, memory_bytes=self._plan.memory_bytes)
        except SpawnFailed as error:
            self._save_record(started_at=None)
            return self._cannot_start(str(error))
        self._save_record(state="running", train_pid=self._training.pid)
        self._lease.say("running")
        poster = CheckpointPoster(self._platform, self._lease, self._plan.checkpoints)
        poster.start()
        limits = Limits(self._plan, self._folder, self._lease.fence)
        self._watch.until(lambda: self._training.ended is not None, limits=limits)
        self._after_training(poster)
        assert self._training.ended is not None
        return self._training.ended.code

    def _after_training(self, poster: CheckpointPoster) -> None:
        """Nothing of training is left alive, and its checkpoints are with the platform if that answers."""
        self._save_record(state="ending", ended_at=utc_now().isoformat())
        self._lease.say("ending")
        self._watch.renew_grace()
        assert self._training.ended is not None
        linger_s = 0.5 if self._training.ended.is_killed else LINGER_S
        linger = Errand(functools.partial(self._training.end_descendants, linger_s=linger_s), self._watch.wake)
        self._watch.until(linger.is_done, reap=False)
        linger.check()
        poster.finish()
        deadline = time.monotonic() + LAST_POSTS_S
        self._watch.until(lambda: poster.is_finished() or bool(self._watch.causes and time.monotonic() > deadline))
        poster.give_up()
        self._save_record(last_step=poster.last_step)

    # -- deliver ---------------------------------------------------------------------------------

    def _deliver(self) -> int:
        """Exit code 0 holds only once the platform has the output."""
        if self._lease.lost.is_set():
            return outcome.EXIT_AGAIN
        cancelled = self._watch.cancelled
        send = functools.partial(deliver, self._folder.output, self._platform, self._lease, cancelled=cancelled)
        errand = Errand(send, self._watch.wake)
        self._watch.until(lambda: errand.is_done() or cancelled.is_set())
        if not errand.is_done():
            return outcome.EXIT_AGAIN
        match errand.error:
            case None:
                self._has_output = bool(errand.result)
                return outcome.EXIT_DONE
            case LeaseLost():
                return outcome.EXIT_AGAIN
            case GivenUp():
                self._watch.causes.add(outcome.LEASE_LOST if not self._watch.causes else outcome.TERMINATED)
                return outcome.EXIT_AGAIN
            case Rejected() as error:
                self._note(outcome.PLATFORM_REFUSED, f"The platform refused: {error}")
                return outcome.EXIT_AGAIN
            case OutputUnusable() as error:
                self._append_to_log(str(error))
                return 1
            case error:
                raise error

    # -- the end ---------------------------------------------------------------------------------

    def _close(self, code: int) -> None:
        self._watch.hear()
        if self._training.pid:
            self._sync_tracker()
        self._training.end_descendants(linger_s=0)
        self._lease.close()
        text = outcome.closing_text(self._log.tail(), code)
        self._log.close()
        cause = outcome.strongest(frozenset(self._watch.causes))
        if cause == outcome.MEMORY_LIMIT and code != outcome.EXIT_DONE:
            code = 128 + signal.SIGKILL
        ended = self._training.ended
        is_kernel = ended is not None and ended.is_killed and processes.kernel_kills() > self._kernel_kills
        verdict = outcome.classify(code, cause=cause, text=text, kernel_out_of_memory=is_kernel)
        is_empty = code == outcome.EXIT_DONE and not self._has_output
        closed_at = utc_now().isoformat()
        ending = {
            "state": "ended",
            "code": code,
            "failure_class": verdict.failure_class,
            "reason": outcome.NO_OUTPUT if is_empty else verdict.reason,
            "text": text,
            "ended_at": self._record["ended_at"] or closed_at,
            "closed_at": closed_at,
            "peak_memory_bytes": self._training.peak_bytes,
            "cpu_seconds": ended.cpu_seconds if ended is not None else 0.0,
        }
        self._folder.secrets.unlink(missing_ok=True)  # nobody needs them any more
        write_json(self._folder.exit, {**self._record, **ending})

    def _sync_tracker(self) -> None:
        """Send a run that was recorded on disk; what cannot be sent stays there."""
        if self._environment.get("WANDB_MODE") != "offline" or not self._environment.get("WANDB_BASE_URL"):
            return
        runs = tracker.offline_runs(self._environment)
        if not runs or not tracker.answers(self._environment["WANDB_BASE_URL"]):
            return
        environment = {name: value for name, value in self._environment.items() if name != "WANDB_MODE"}
        try:
            pid = self._training.run_beside(tracker.sync_command(self._plan.interpreter, runs), environment)
        except SpawnFailed as error:
            log.warning("the offline run is not sent: %s", error)
            return
        deadline = time.monotonic() + SYNC_LIMIT_S
        self._watch.until(lambda: pid in self._training.reaped or time.monotonic() > deadline)

    def _cannot_start(self, text: str) -> int:
        self._note(outcome.SPAWN_FAILED, text)
        return EXIT_NOT_STARTED

    def _note(self, cause: str, text: str) -> None:
        log.error("%s", text)
        self._watch.causes.add(cause)
        self._append_to_log(text)

    def _append_to_log(self, text: str) -> None:
        with self._folder.log.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def _save_record(self, **changes: Any) -> None:
        self._record.update(changes)
        write_json(self._folder.run, self._record)
