/** A link between one page and a server that a test can cut and mend, while other pages stay connected. */
import { once } from "node:events";
import { type AddressInfo, type Server as Listener, type Socket, connect, createServer } from "node:net";

import { freePort } from "./server.ts";

export class Link {
  readonly url: string;
  readonly #listener: Listener;
  readonly #sockets = new Set<Socket>();
  #cut = false;
  #deaf = false;

  private constructor(listener: Listener, target: number) {
    this.#listener = listener;
    this.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    listener.on("connection", (near) => this.#join(near, target));
  }

  /** Opens a link to `port` of this machine. */
  static async to(port: number): Promise<Link> {
    const listener = createServer();
    listener.listen(await freePort(), "127.0.0.1");
    await once(listener, "listening");
    return new Link(listener, port);
  }

  /** Resets every connection, and each new one until `mend`. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#cut = false;
    this.#deaf = false;
  }

  /** Loses what the server says, while it goes on hearing the page: until `mend`. */
  deafen(): void {
    this.#deaf = true;
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.#listener, "close");
    this.#listener.close();
    await closed;
  }

  #join(near: Socket, target: number): void {
    if (this.#cut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.on("data", (bytes) => {
        if (!(this.#deaf && socket === far)) other.write(bytes);
      });
      socket.on("end", () => other.end());
    }
  }
}
