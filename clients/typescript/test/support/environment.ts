/** Surroundings under the test's control: virtual time, sockets that the test answers, seeded random numbers. */
import type { Environment, PageEvent, SocketEvents } from "../../src/environment.js";
import { sfc32 } from "../../src/ids.js";

/** A socket as the peer sees it. */
export interface Wire {
  readonly url: string;
  readonly protocol: string;
  readonly on: SocketEvents;
  /** What the client sent, oldest first. */
  readonly sent: (string | Uint8Array)[];
  /** Hears each message as it is sent. */
  onSend: (data: string | Uint8Array) => void;
  /** Whether the client has closed it. */
  closed: boolean;
}

export interface TestEnvironment extends Environment {
  readonly wires: Wire[];
  readonly reports: { readonly message: string; readonly detail: unknown }[];
  /** Lets `ms` pass; timers fire at their time, in order. */
  pass(ms: number): Promise<void>;
  /** How many timers are set. */
  timers(): number;
  /** Hears of each new socket. */
  onSocket: (wire: Wire) => void;
  page(event: PageEvent): void;
  /** Overrides the random numbers. */
  draw: () => number;
}

/** Lets every promise that is ready run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function testEnvironment(seed = 1): TestEnvironment {
  let now = 1_700_000_000_000;
  let timers: { at: number; run: () => void }[] = [];
  const kept = new Map<string, string>();
  const watchers = new Set<(event: PageEvent) => void>();
  const random = sfc32([seed, 2, 3, 4], 0);
  const env: TestEnvironment = {
    href: "http://localhost:3000/page",
    wires: [],
    reports: [],
    onSocket: () => undefined,
    draw: random,
    random: () => env.draw(),
    now: () => now,
    recall: (key) => kept.get(key),
    store: (key, text) => void (text === undefined ? kept.delete(key) : kept.set(key, text)),
    report: (message, detail) => void env.reports.push({ message, detail }),
    page: (event) => watchers.forEach((watcher) => watcher(event)),
    watch(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    timer(run, ms) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => (timers = timers.filter((t) => t !== timer));
    },
    socket(url, protocol, on) {
      const wire: Wire = { url, protocol, on, sent: [], closed: false, onSend: () => undefined };
      env.wires.push(wire);
      env.onSocket(wire);
      return {
        send(data) {
          wire.sent.push(data);
          wire.onSend(data);
        },
        close: () => void (wire.closed = true),
      };
    },
    timers: () => timers.length,
    async pass(ms) {
      const until = now + ms;
      await turn();
      for (;;) {
        const due = timers.filter((t) => t.at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((t) => t !== due);
        now = Math.max(now, due.at);
        due.run();
        await turn();
      }
      now = until;
    },
  };
  return env;
}
