import { lora } from "../../../plugins/peft/lora.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(lora);
