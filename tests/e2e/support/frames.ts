/** Every WebSocket frame of one page, in order, as Chromium's network layer saw it. */
import type { Page, WebSocket } from "@playwright/test";

export interface SeenFrame {
  readonly direction: "sent" | "received";
  /** Which of the page's sockets, from 0 in the order of opening. */
  readonly socket: number;
  /** Text as it is; a binary frame as bytes. */
  readonly payload: string | Buffer;
}

/** Longest wait for a frame, in milliseconds. */
const PATIENCE = 15_000;

export class Frames {
  readonly all: SeenFrame[] = [];
  readonly #waiting = new Set<() => void>();
  #sockets = 0;

  /** Records from now on: call it before the page navigates. */
  static of(page: Page): Frames {
    const frames = new Frames();
    page.on("websocket", (socket) => frames.#record(socket));
    return frames;
  }

  /** How many sockets the page has opened. */
  get sockets(): number {
    return this.#sockets;
  }

  get sent(): readonly SeenFrame[] {
    return this.all.filter((frame) => frame.direction === "sent");
  }

  get received(): readonly SeenFrame[] {
    return this.all.filter((frame) => frame.direction === "received");
  }

  /** The first frame from `start` on that `wanted` accepts, now or once it comes. */
  waitFor(wanted: (frame: SeenFrame) => boolean, start = 0): Promise<SeenFrame> {
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const found = this.all.slice(start).find(wanted);
        if (found === undefined) return false;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no such frame within ${PATIENCE} ms; there were\n${this.toString()}`));
      }, PATIENCE);
      if (!look()) this.#waiting.add(look);
    });
  }

  /** One line for each frame, for the message of a failed test. */
  toString(): string {
    return this.all.map(line).join("\n");
  }

  #record(socket: WebSocket): void {
    const number = this.#sockets;
    this.#sockets += 1;
    socket.on("framesent", ({ payload }) => this.#add({ direction: "sent", socket: number, payload }));
    socket.on("framereceived", ({ payload }) => this.#add({ direction: "received", socket: number, payload }));
  }

  #add(frame: SeenFrame): void {
    this.all.push(frame);
    for (const look of [...this.#waiting]) look();
  }
}

/** The frame's JSON; `undefined` where it is binary or is not JSON. */
export function json(frame: SeenFrame): unknown {
  if (typeof frame.payload !== "string") return undefined;
  try {
    return JSON.parse(frame.payload);
  } catch {
    return undefined;
  }
}

function line({ direction, socket, payload }: SeenFrame): string {
  const arrow = direction === "sent" ? ">" : "<";
  return `${socket} ${arrow} ${typeof payload === "string" ? payload : `${payload.length} bytes ${payload.toString("hex")}`}`;
}
