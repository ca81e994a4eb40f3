import { lnTuning } from "../../../plugins/peft/ln_tuning.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(lnTuning);
