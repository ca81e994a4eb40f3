/** Downloads in a process of its own: repository, file, address of the hub and cache. */
import { downloadFile } from "../../../engine/hub/download.ts";

const [repository, name, endpoint, cache] = Deno.args;
await downloadFile(repository, [name], { endpoint: new URL(endpoint), cache });
