/**
 * The harness's own test subject: a page with one number, kept in a file, sent over a WebSocket.
 *
 * It has nothing of Realtime in it, so that a fault of the harness is not taken for one of the product.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { WebSocketServer } from "ws";

const PAGE = `<!doctype html><title>counter</title><output>-</output> <i>connecting</i> <button>add</button><script>
const [out, state] = [document.querySelector("output"), document.querySelector("i")];
let socket;
const dial = () => {
  socket = new WebSocket(location.href.replace("http", "ws"));
  socket.onopen = () => { state.textContent = "live"; };
  socket.onmessage = (event) => { out.textContent = JSON.parse(event.data)[1]; };
  socket.onclose = () => { state.textContent = "waiting"; setTimeout(dial, 50); };
};
dial();
document.querySelector("button").onclick = () => socket.send('["add"]');
</script>`;

const file = join(process.env.COUNTER_FOLDER, "count");
let count = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;

const http = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(PAGE));
const sockets = new WebSocketServer({ server: http });
sockets.on("connection", (socket) => {
  socket.send(JSON.stringify(["count", count]));
  socket.on("message", () => {
    count += 1;
    writeFileSync(file, String(count));
    for (const other of sockets.clients) other.send(JSON.stringify(["count", count]));
  });
});

const [host, port] = process.env.COUNTER_LISTEN.split(":");
http.listen(Number(port), host, () => console.error(`counter at http://${host}:${port}`));
