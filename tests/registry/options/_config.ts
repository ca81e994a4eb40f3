/** Reads options as a config file gives them, with the messages that a user sees. */
import { ConfigError } from "../../../registry/errors.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { type Option, options } from "../../../registry/options/mod.ts";
import { fake, fakeRegistry, minimalFile } from "../_fakes.ts";

/**
 * What a config says of the option `x`, or what is wrong with it.
 * @param option The option.
 * @param given Its value, if any.
 */
export function read(option: Option<unknown>, ...given: readonly unknown[]): unknown {
  const registry = fakeRegistry();
  registry.add(fake("peft", "tried", options({ x: option })));
  const [x] = given;
  const peft = given.length > 0 ? { method: "tried", x } : { method: "tried" };
  try {
    return resolveConfig({ file: { ...minimalFile(), peft } }, registry).config.peft.x;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}
