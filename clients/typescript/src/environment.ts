/** Everything that the client takes from its surroundings, behind one interface: tests give another (L13). */

/** What happens to the page, as far as a connection cares. */
export type PageEvent = "online" | "offline" | "visible" | "hidden" | "pagehide" | "pageshow";

/** An open or opening socket. */
export interface Socket {
  /** Sends one message. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** Closes it, and lets none of its events through any more. */
  close(): void;
}

/** What a socket tells. */
export interface SocketEvents {
  /** It is open. */
  open(): void;
  /** A message came: text, or bytes. */
  message(data: string | Uint8Array): void;
  /** It has ended, or never opened. */
  ended(code: number): void;
}

/** The surroundings. */
export interface Environment {
  /** Where the page came from; undefined outside of a browser. */
  readonly href: string | undefined;
  /** Opens a socket; may throw. */
  socket(url: string, protocol: string, on: SocketEvents): Socket;
  /** Calls `run` once after `ms`; returns what takes that back. */
  timer(run: () => void, ms: number): () => void;
  /** The time in milliseconds since 1970. */
  now(): number;
  /** 32 random bits that nobody can guess. */
  random(): number;
  /** Reads what `store` kept for `key`. */
  recall(key: string): string | undefined;
  /** Keeps a text for the next page of this origin; undefined removes it. */
  store(key: string, text: string | undefined): void;
  /** Tells the page's events; returns what ends it. */
  watch(listener: (event: PageEvent) => void): () => void;
  /** Tells the developer what nobody else was told. */
  report(message: string, detail?: unknown): void;
}

/** Returns the browser as an environment; what is absent (Node, workers, private mode) is done without. */
export function browser(): Environment {
  const memory = new Map<string, string>();
  return {
    href: globalThis.location?.href,
    socket: openSocket,
    timer(run, ms) {
      const id = setTimeout(run, ms);
      return () => clearTimeout(id);
    },
    now: () => Date.now(),
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    recall: (key) => attempt(() => localStorage.getItem(key)) ?? memory.get(key),
    store(key, text) {
      if (text === undefined) memory.delete(key);
      else memory.set(key, text);
      attempt(() => (text === undefined ? localStorage.removeItem(key) : localStorage.setItem(key, text)));
    },
    watch: watchPage,
    report: (message, detail) => console.warn(message, ...(detail === undefined ? [] : [detail])),
  };
}

function openSocket(url: string, protocol: string, on: SocketEvents): Socket {
  const socket = new WebSocket(url, protocol);
  socket.binaryType = "arraybuffer";
  const close = (): void => {
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  };
  socket.onopen = () => on.open();
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
    on.message(typeof data === "string" ? data : new Uint8Array(data));
  socket.onclose = ({ code }) => {
    close();
    on.ended(code);
  };
  // WebKit tells an error for a blocked port, and never a close.
  socket.onerror = () => {
    if (socket.readyState === 3) {
      close();
      on.ended(1006);
    }
  };
  return { send: (data) => socket.send(data), close };
}

function watchPage(listener: (event: PageEvent) => void): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => undefined;
  const handle = ({ type }: Event): void => {
    if (type === "visibilitychange") listener(document.visibilityState);
    else listener(type === "resume" ? "visible" : (type as PageEvent));
  };
  const each = (act: "addEventListener" | "removeEventListener"): void => {
    for (const name of ["online", "offline", "pagehide", "pageshow"]) window[act](name, handle);
    for (const name of ["resume", "visibilitychange"]) document[act](name, handle);
  };
  each("addEventListener");
  return () => each("removeEventListener");
}

/** Storage may be forbidden: then reading it throws. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
