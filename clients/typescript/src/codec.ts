/** Frames to messages and back. JSON is built in; MessagePack is an entry of its own. */

/** How frames are written. */
export interface Codec {
  /** The WebSocket subprotocol that names it. */
  readonly protocol: string;
  /** Encodes a frame. */
  encode(frame: unknown): string | Uint8Array<ArrayBuffer>;
  /** Decodes a message; throws where it is none of this codec. */
  decode(data: string | Uint8Array): unknown;
}

/** JSON arrays in text messages: readable in the browser's tools. */
export const json: Codec = {
  protocol: "realtime.v1.json",
  encode: (frame) => JSON.stringify(frame),
  decode: (data) => JSON.parse(String(data)),
};
