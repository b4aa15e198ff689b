/**
 * One server process: started, killed without warning, started again at the same address.
 *
 * Readiness is what the server says on stderr, never a sleep. Each server has a folder of its own,
 * which outlives a kill and goes with `stop`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** What to run, and how one sees that it serves. */
export interface ServerProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The environment that makes it listen at `address` (host:port) and keep its data in `folder`. */
  readonly env: (address: string, folder: string) => Readonly<Record<string, string>>;
  /** Matches the line of stderr that says it is ready. */
  readonly ready: RegExp;
}

/** Longest time from start to readiness, in milliseconds. */
const PATIENCE = 30_000;

export class Server {
  readonly url: string;
  readonly port: number;
  /** Where it keeps its data. */
  readonly folder: string;
  readonly #program: ServerProgram;
  readonly #said: string[] = [];
  #process: ChildProcess | undefined;

  private constructor(program: ServerProgram, port: number, folder: string) {
    this.#program = program;
    this.port = port;
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts `program` on a free port with an empty folder; resolves once it serves. */
  static async start(program: ServerProgram): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "realtime-e2e-"));
    const server = new Server(program, await freePort(), folder);
    try {
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Everything that it wrote to stderr so far. */
  get log(): string {
    return this.#said.join("\n");
  }

  /** Starts it again at the same address, over the same folder; kills it first where it still runs. */
  async restart(): Promise<void> {
    await this.kill();
    const { command, args, cwd, env } = this.#program;
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env(`127.0.0.1:${this.port}`, this.folder) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    await this.#untilReady(child);
  }

  /** `kill -9`: no goodbye to clients, no flush; resolves once the process is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Kills it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  #untilReady(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const { command, ready } = this.#program;
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new Error(`${command} ${why}; it said:\n${this.log}`));
      };
      const timer = setTimeout(() => fail(`was not ready after ${PATIENCE} ms`), PATIENCE);
      child.once("error", (error) => fail(`did not start: ${error.message}`));
      child.once("exit", (code, signal) => fail(`ended (${signal ?? `exit code ${code}`}) before it was ready`));
      if (child.stderr === null) return fail("has no stderr");
      createInterface({ input: child.stderr }).on("line", (line) => {
        this.#said.push(line);
        if (!ready.test(line)) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/**
 * A port that nobody listens on, below those that the system lends to outgoing connections: while the
 * server is down, no connection (a page's own retry among them) can come to sit on it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await canListen(port)) return port;
  }
  throw new Error("no free port between 20000 and 29999");
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
