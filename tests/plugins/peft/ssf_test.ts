import { ssf } from "../../../plugins/peft/ssf.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(ssf);
