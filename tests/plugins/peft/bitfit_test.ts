import { bitfit } from "../../../plugins/peft/bitfit.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(bitfit);
