/** The one client of this page: same origin, and inert until a topic is opened. */
import { createClient, type Realtime } from "./realtime";

export const rt: Realtime = createClient();
