import { ia3 } from "../../../plugins/peft/ia3.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(ia3);
