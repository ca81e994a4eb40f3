/** The generator of what `peft` draws from a fixed seed. */
export * from "../../engine/mersenne_twister.ts";
