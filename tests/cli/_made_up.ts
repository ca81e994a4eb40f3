/** Adds the made-up dataset and encoder to the default registry, for commands that are killed. @module */
import { registry } from "../../registry/registry.ts";
import { madeUp } from "../_extraction.ts";

for (const plugin of madeUp) registry.add(plugin);
